"""ViewGAN, the default: many views of a row, weighed by a critic that saw other tables."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any, ClassVar

import numpy as np
from torch import Tensor

from ..engine.games import Game
from ..engine.networks import Networks
from ..engine.spec import BaseGAN

if TYPE_CHECKING:
    from ..views import PretrainedCritic, WeighedViews


class ViewGAN(BaseGAN):
    """Many views of a row, one of them by the table's own GAN, weighed by a pre-trained critic.

    No single score is right for every table: the distance to the nearest training row finds what
    lies in a gap, and calls a cluster of anomalies normal; the distance to the bulk does the
    opposite. So a row is looked at in 53 ways, by distances to prototypes, tails and rarities of
    single columns, pairs of columns, regressions of columns on the others, and lengths (see
    :mod:`pyod_gan.views`). How much each of them counts is not chosen by hand. A *pre-trained
    critic*, a small network, has learnt it from the labelled anomalies of hundreds of other tables.
    It sees how each view of the row compares with those of the training rows, so it knows no units
    and no columns.

    The table's own GAN, a generator and a critic that tells rows from generated rows and from broad
    negatives, gives the last view: ``−D(x)``, the mean over members.

    Training rows may hold anomalies. Of two sets of prototypes, one leaves out rows beyond Tukey's
    fence, and the other keeps the core of the table only.

    Parameters
    ----------
    critic : str, default="pretrained"
        "pretrained" is the critic that comes with the package. "equal" weighs all views alike, with
        nothing learnt elsewhere. Anything else is the path of a file of one's own, made by ``python
        -m benchmarks pretrain`` from labelled tables.
    latent_dim : int, default=16
        Size of the latent space.
    game : str or Game, default="non-saturating"
        The adversarial loss.
    n_critic : int, default=1
        Critic steps per generator step.
    broad_negatives : bool, default=True
        Also train the table's critic on broad negatives.
    max_iter, batch_size, lr, hidden_layer_sizes, betas, ema_decay
        How to train, see :class:`BaseGAN`; defaults 200, 64, 5e-3, (64, 32), (0.5, 0.999), 0.99.

    References
    ----------
    Learning from the anomalies of other tables: Zhao, Rossi and Akoglu, "Automatic Unsupervised
    Outlier Model Selection", NeurIPS 2021, who choose a detector by them. The parts of
    :mod:`pyod_gan.views` name theirs.
    """

    n_estimators: ClassVar[int] = 2  # their mean is one view of 53
    needs_wide_generator: ClassVar[bool] = False  # one view of many asks its critic
    _parameter_constraints: ClassVar[dict[str, list[Any]]] = {"critic": [str]}

    max_iter: int = 200
    lr: float = 5e-3
    hidden_layer_sizes: Sequence[int] = (64, 32)
    critic: str = "pretrained"
    latent_dim: int = 16
    game: str | Game = "non-saturating"
    n_critic: int = 1
    broad_negatives: bool = True

    def score(self, net: Networks, x: Tensor) -> Tensor:
        return -net.critic(x).squeeze(-1)

    def judge(self, rows: np.ndarray, anomalies: np.ndarray) -> WeighedViews:
        from ..views import WeighedViews  # and numba, which other GANs do without

        return WeighedViews.fit(rows, self._critic(), anomalies)

    def load_judge(self, arrays: Mapping[str, np.ndarray]) -> WeighedViews:
        from ..views import WeighedViews

        return WeighedViews.from_arrays(arrays)

    def _validate_params(self) -> None:
        super()._validate_params()
        if self.critic not in ("pretrained", "equal") and not Path(self.critic).is_file():
            raise ValueError(
                "The 'critic' parameter of ViewGAN must be 'pretrained', 'equal', or the path of a "
                f"file made by `python -m benchmarks pretrain`. Got {self.critic!r} instead."
            )

    def _critic(self) -> PretrainedCritic:
        """The critic that the parameter names."""
        from ..views import PretrainedCritic

        if self.critic == "equal":
            return PretrainedCritic.silent()
        return PretrainedCritic.load(None if self.critic == "pretrained" else self.critic)
