"""Why a row is flagged: shares of the columns in its score, and what was expected instead."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np
import torch
from numpy.typing import ArrayLike
from sklearn.utils.validation import check_is_fitted
from torch import Tensor

from .ensemble import Units, combine
from .gans import BaseGAN
from .inputs import column_names, outputs
from .nets import Networks
from .parameters import find_device
from .persistence import SavedDetector
from .reasons import Explained, by_column, reasons_frame
from .scoring import chunk_rows, score_views
from .threads import one_thread

if TYPE_CHECKING:
    import pandas as pd

STEPS = 16  # points of the path along which gradients are averaged
HALF_WAY = 0.5  # where the path starts: before, other prototypes are near and slopes are of others
RANGE = (0.1, 0.9)  # quantiles of what the members expect


class ExplainedDetector(SavedDetector):
    """Adds ``explain`` and ``explain_frame`` to a detector with fitted networks."""

    def explain(self, X: ArrayLike) -> np.ndarray:
        """Share of each column in the score of each row.

        Where the GAN's score is a sum over columns, its terms are the shares. Elsewhere they are
        integrated gradients of the score along the line from what the GAN expected to the row
        (Sundararajan et al. 2017, eq. 1), over the half near the row, negative ones left out.
        Either is scaled to the row's excess.

        Parameters
        ----------
        X : array-like of shape (n_samples, n_features)
            Rows to explain; the columns of ``fit`` in the same order.

        Returns
        -------
        shares : ndarray of shape (n_samples, n_features)
            At least 0. A row sums to what its score exceeds the median of the training scores by;
            a row below the median has none.

        Raises
        ------
        NotFittedError
            Before ``fit``.
        ValueError
            For other columns than in ``fit``, missing or infinite values.

        References
        ----------
        Sundararajan, Taly and Yan, "Axiomatic Attribution for Deep Networks", ICML 2017, arXiv
        1703.01365.
        """
        return by_column(self._explained(X).shares, outputs(self))

    def explain_frame(self, X: ArrayLike, *, top: int = 3) -> pd.DataFrame:
        """Reasons in words and numbers: one line per row and reason, the largest share first.

        Parameters
        ----------
        X : array-like of shape (n_samples, n_features)
            Rows to explain.
        top : int, default=3
            Reasons per row; fewer where fewer columns have a share.

        Returns
        -------
        reasons : DataFrame
            ``row`` (its label in a data frame, else its number), ``column``, ``share``,
            ``observed``, ``expected`` (the mean of what the GAN expected instead), ``low`` and
            ``high`` (10 % and 90 % of it), in the units of ``X``, and ``reason``, a sentence. Of a
            category, what was expected is the likeliest; of a text, nothing is.

        Raises
        ------
        ImportError
            Without pandas, which the extra ``tabular`` has.
        """
        if top < 1:
            raise ValueError(f"`top` must be at least 1. Got {top!r} instead.")
        return reasons_frame(self._explained(X), outputs(self), column_names(self), X, top)

    def _explained(self, X: ArrayLike) -> Explained:
        """Shares, expected values and values of the columns that the networks see."""
        check_is_fitted(self)
        observed = self._validated(X, reset=False)
        rows = self.scaler_.transform(observed)
        net = self.networks_.to(find_device(self.device))
        parts = []
        with one_thread(net):
            size = max(1, chunk_rows(self.gan_, net) // 4)  # gradients hold more than scores
            for start in range(0, len(rows), size):
                x = torch.from_numpy(rows[start : start + size]).to(next(net.parameters()))
                parts.append(_explain_chunk(self.gan_, net, self.units_, x))
        shares, expected = (np.concatenate(part, -2) for part in zip(*parts, strict=True))
        scores = combine(self._member_scores(observed), self.units_)
        excess = (scores - np.median(self.decision_scores_)).clip(0)
        total = shares.sum(1, keepdims=True)
        shares *= excess[:, None] / np.where(total > 0, total, 1)
        return Explained(shares, self.scaler_.inverse_transform(expected), observed)

    if TYPE_CHECKING:
        _validated: Any
        _member_scores: Any
        gan_: Any
        networks_: Any
        scaler_: Any
        units_: Any
        device: Any


def _explain_chunk(
    gan: BaseGAN, net: Networks, units: Units, x: Tensor
) -> tuple[np.ndarray, np.ndarray]:
    """(B, D) -> raw shares (B, D), mean and range of the expected values (3, B, D)."""
    members = x.expand(net.n_members, -1, -1)
    with torch.no_grad():
        opinions = gan.expected(net, members)  # (K, B, D)
        terms = gan.by_column(net, members) if _terms_are_of_the_score(type(gan)) else None
    middle = opinions.mean(0)
    if terms is None:
        shares = _integrated_gradients(gan, net, units, x, middle)
    else:
        shares = (terms / torch.from_numpy(units.scale).to(x)).mean(0)
    shares = shares.clamp_min(0)
    none = shares.sum(1, keepdim=True) <= 0  # flat along the line: distances say what they can
    shares = torch.where(none, (x - middle).abs(), shares)
    low, high = opinions.quantile(torch.tensor(RANGE).to(x), dim=0)
    return shares.cpu().numpy(), torch.stack([middle, low, high]).cpu().numpy()


def _terms_are_of_the_score(gan_class: type[BaseGAN]) -> bool:
    """False for a class that replaces ``score`` and inherits ``by_column``."""
    for base in gan_class.__mro__:
        if "by_column" in vars(base):
            return True
        if "score" in vars(base):
            return False
    return False


def _integrated_gradients(
    gan: BaseGAN, net: Networks, units: Units, x: Tensor, start: Tensor
) -> Tensor:
    """Mean gradient of the score on the way from start to x, times their difference, (B, D)."""
    centre, scale = (torch.from_numpy(unit).to(x) for unit in units)
    total = torch.zeros_like(x)
    for step in range(STEPS):
        share = HALF_WAY + (1 - HALF_WAY) * (step + 0.5) / STEPS
        point = torch.lerp(start, x, share).requires_grad_()
        with torch.enable_grad():
            score = ((score_views(gan, net, point) - centre) / scale).mean(0).amax(-1)
            (gradient,) = torch.autograd.grad(score.sum(), point)
        total += gradient
    return (x - start) * total / STEPS
