"""RCGAN: ALAD whose joint critic also rejects a penalty distribution."""

from __future__ import annotations

from torch import Tensor

from ..engine.functional import cat
from ..engine.networks import Networks
from ..engine.spec import Pair
from .alad import ALAD


class RCGAN(ALAD):
    """Regularised cycle-consistent GAN: reconstructions are pulled to the data, whatever the row.

    ALAD's players and critics. Its joint critic ``xz`` also learns to reject (t, E(t)) for rows t
    of a penalty distribution, so that E and G stay on the data's support and map a row off it to a
    row on it. The score is ALAD's, the feature distance of a row and its reconstruction in ``xx``.

    Departures from the paper: those of :class:`ALAD`; the penalty distribution is that of the broad
    negatives where the paper draws wide noise, which in a table never comes near the data; real
    rows face both kinds of fake rows and so count twice for ``xz``; E does not play against the
    penalty.

    Parameters
    ----------
    latent_dim : int, default=16
        Size of the latent space.
    game : str or Game, default="non-saturating"
        The adversarial loss; the paper's.
    n_critic : int, default=1
        Critic steps per player step.
    broad_negatives : bool, default=True
        The penalty distribution; without it this is ALAD.

    References
    ----------
    Yang et al., "Regularized Cycle Consistent Generative Adversarial Network for Anomaly
    Detection", ECAI 2020, arXiv 2001.06591. The loss is as in the code of its successor RCALAD
    (zahraDehghanian97/RCALAD, arXiv 2304.07769); the paper's own equations were not at hand.
    """

    max_iter: int = 500  # half of ALAD's steps at twice its rate
    lr: float = 1e-3
    broad_negatives: bool = True

    def reject(self, net: Networks, x: Tensor, negatives: Tensor) -> tuple[Pair, ...]:
        real, fake = cat(x, net.enc(x)), cat(negatives, net.enc(negatives))
        return (Pair("xz", real, fake, weight=0.0),)
