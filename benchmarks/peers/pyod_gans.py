"""PyOD's GANs with the faults repaired that make their scores meaningless as shipped.

Repaired is what turns a score around or makes it random; networks, losses, lengths and learning
rates stay PyOD's. What is *not* repaired: ALAD's lost cycle terms and its 200 steps in all, the
GAALs' uniform noise, AnoGAN's dropout in training.
"""

from __future__ import annotations

from typing import Any

import numpy as np
import torch
from numpy.typing import ArrayLike, NDArray
from pyod.models.alad import ALAD
from pyod.models.anogan import AnoGAN
from pyod.models.mo_gaal import MO_GAAL
from pyod.models.so_gaal import SO_GAAL
from sklearn.preprocessing import MinMaxScaler
from sklearn.utils import check_array
from torch import Tensor, nn


class RepairedALAD(ALAD):
    """ALAD scored in eval mode: as shipped, dropout makes each call return other scores."""

    def get_outlier_scores(self, X_norm: NDArray[Any]) -> NDArray[np.float64]:
        """Score with dropout off."""
        networks = (self.enc, self.dec, self.disc_xx)
        for network in networks:
            network.eval()
        scores = super().get_outlier_scores(X_norm)
        for network in networks:
            network.train()
        return np.asarray(scores, dtype=np.float64)


class _GAALRepairs:
    """The right sign, and columns on [0, 1] as in the authors' code.

    As shipped the score is D(x), the probability of a *normal* row. The generators can only make
    non-negative values, so standardised columns leave half of the space without negatives.
    """

    def fit(self, X: ArrayLike, y: Any = None) -> Any:
        """Fit on scaled columns and turn the training scores around."""
        self.scaler_ = MinMaxScaler().fit(check_array(X))
        super().fit(self.scaler_.transform(X))  # type: ignore[misc]
        self.decision_scores_ = -np.asarray(self.decision_scores_, dtype=np.float64)  # type: ignore[has-type]
        self._process_decision_scores()  # type: ignore[attr-defined]
        return self

    def decision_function(self, X: ArrayLike) -> NDArray[np.float64]:
        """Return -D(x); the paper's 1 - D(x) up to a constant, without its rounding."""
        scaled = self.scaler_.transform(check_array(X))
        scores = super().decision_function(scaled)  # type: ignore[misc]
        return -np.asarray(scores, dtype=np.float64)


class RepairedSOGAAL(_GAALRepairs, SO_GAAL):
    """SO-GAAL with the right sign."""


class RepairedMOGAAL(_GAALRepairs, MO_GAAL):
    """MO-GAAL with the right sign."""


class RepairedAnoGAN(AnoGAN):
    """AnoGAN with a latent search per row, over z only, in eval mode.

    As shipped, scoring the training rows keeps training both networks, and ``decision_function``
    compares every row with one generated point. Here all rows are searched at once, training rows
    and new rows alike.
    """

    search_steps = 200

    def fit(self, X: ArrayLike, y: Any = None) -> RepairedAnoGAN:
        """Train as shipped, with the harmful query steps made idle, then search."""
        query: tuple[int, float] = self.epochs_query, self.learning_rate_query  # type: ignore[has-type]
        self.epochs_query, self.learning_rate_query = 1, 0.0
        try:
            super().fit(X, y)
        finally:
            self.epochs_query, self.learning_rate_query = query
        self.decision_scores_ = self.decision_function(X)
        self._process_decision_scores()
        return self

    def decision_function(self, X: ArrayLike) -> NDArray[np.float64]:
        """Residual and feature distance to the closest point the generator was found to make."""
        X = check_array(X)
        rows = self.scaler_.transform(X) if self.preprocessing else X
        x = torch.as_tensor(rows, dtype=torch.float32)
        for network in (self.generator, self.discriminator):
            network.eval().requires_grad_(False)
        z = torch.full((len(x), self.latent_dim_G), 0.5, requires_grad=True)  # the prior's mean
        optimizer = torch.optim.Adam([z], lr=self.learning_rate_query)
        for _ in range(self.search_steps):
            optimizer.zero_grad()
            self._residual(x, z).sum().backward()
            optimizer.step()
        with torch.no_grad():
            return np.asarray(self._residual(x, z).numpy(), dtype=np.float64)

    def _residual(self, x: Tensor, z: Tensor) -> Tensor:
        """Mean absolute difference of columns plus that of the critic's features."""
        made: Tensor = self.generator(z)
        features = self._features(x) - self._features(made)
        return (x - made).abs().mean(dim=1) + features.abs().mean(dim=1)

    def _features(self, x: Tensor) -> Tensor:
        """Output of the discriminator's hidden layer ``index_D_layer_for_recon_error``."""
        layers: nn.Sequential = self.discriminator.model
        activations = 3 * (self.index_D_layer_for_recon_error + 1)  # dropout, linear, activation
        features: Tensor = layers[:activations](x)
        return features
