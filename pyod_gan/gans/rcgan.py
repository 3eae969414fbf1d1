"""RCGAN: ALAD whose joint critic also rejects a penalty distribution."""

from __future__ import annotations

from .alad import ALAD


class RCGAN(ALAD):
    """Regularised cycle-consistent GAN, which pulls the reconstruction of any row to the data.

    Players and critics are those of :class:`ALAD`. The joint critic ``xz`` also learns to reject
    (t, E(t)) for rows t of a penalty distribution. So E and G stay on the support of the data, and
    they map a row outside it to a row on it. The score is ALAD's, the distance between the features
    of ``xx`` for a row and for its reconstruction.

    Departures from the paper:

    - The departures of :class:`ALAD` hold here too, except that the learning rate is 1e-3.
    - The penalty distribution is that of the broad negatives. The paper draws wide noise, which in
      a table never comes near the data.
    - Real rows face both kinds of fake rows, so they count twice for ``xz``.
    - E does not play against the penalty.

    Parameters
    ----------
    latent_dim : int, default=16
        Size of the latent space.
    game : str or Game, default="non-saturating"
        The adversarial loss, by default the paper's.
    n_critic : int, default=1
        Critic steps per player step.
    broad_negatives : bool, default=True
        Whether to use the penalty distribution. Without it this is ALAD.
    max_iter, batch_size, lr, hidden_layer_sizes, betas, ema_decay
        How to train, see :class:`BaseGAN`; defaults 500, 64, 1e-3, (64, 64), (0.5, 0.999), 0.99.

    References
    ----------
    Yang et al., "Regularized Cycle Consistent Generative Adversarial Network for Anomaly
    Detection", ECAI 2020, arXiv 2001.06591. The loss is that in the code of its successor RCALAD
    (zahraDehghanian97/RCALAD, arXiv 2304.07769). The paper's own equations were not at hand.
    """

    max_iter: int = 500  # half of ALAD's steps, at twice its learning rate
    lr: float = 1e-3
    broad_negatives: bool = True
