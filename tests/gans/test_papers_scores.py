"""Every GAN's score, derived again from the paper in NumPy, one member at a time."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
import pytest
import torch
from scipy.stats import trim_mean

from pyod_gan.gans import (
    AAE,
    ALAD,
    ALOCC,
    GAN,
    GANS,
    GSAAL,
    MADGAN,
    MOGAAL,
    OCGAN,
    RCGAN,
    SOGAAL,
    USAD,
    WGAN,
    AnoGAN,
    BaseGAN,
    BiGAN,
    FAnoGAN,
    FenceGAN,
    GANomaly,
    PrototypeGAN,
    TadGAN,
    ViewGAN,
)
from tests.gans.by_hand import (
    Array,
    D,
    E,
    Member,
    each_case,
    mae,
    member,
    mse,
    networks,
    sigmoid,
    usad_errors,
)
from tests.helpers import table


def minus_logit(net: Member, gan: BaseGAN, x: Array) -> Array:
    """1 − D(x) as a logit; the mean where there are several discriminators."""
    return -net["critic"](x).mean(1)


def prototype_views(net: Member, gan: PrototypeGAN, x: Array, bank: Array) -> Array:
    """Schlegl et al. 2017, eq. 3 to 7, minimised over prototypes: bulk and gap, (B, 2)."""

    def pairs(a: Array, p: Array) -> tuple[Array, Array]:
        logits = net["critic"](a), net["critic"](p).T  # (B, 1), (1, M)
        return mae(a[:, None], p[None]), np.abs(logits[0] - logits[1])

    between_rows, between_logits = pairs(bank, bank)
    rows, logits = pairs(x, bank)
    gaps = between_rows.mean() * np.minimum(logits / between_logits.mean(), 3)
    share = gan.discrimination_weight
    residual = (1 - share) * rows + share * gaps
    residual[rows < 1e-5] = np.inf
    groups = residual.reshape(len(x), gan.n_groups, gan.group_size).min(2)
    return np.c_[np.where(np.isinf(groups), 0, groups).mean(1), residual.min(1)]


def prototype_score(net: Member, gan: PrototypeGAN, x: Array) -> Array:
    """Both views in units of the training rows."""
    return prototype_views(net, gan, x, net["bank"]) / net["typical"]


def anogan_score(net: Member, gan: AnoGAN, x: Array) -> Array:
    """Schlegl et al. 2017, eq. 3, 5 to 7: lowest residual on the path of Adam's search for z."""
    return lowest_residual(net, gan, x, gan.feature_weight)


def madgan_score(net: Member, gan: MADGAN, x: Array) -> Array:
    """Li et al. 2019, section 3.3: the DR-score, of the lowest residual and 1 − D(x)."""
    share, doubt = gan.feature_weight, 1 - sigmoid(net["critic"](x)[:, 0])
    return (1 - share) * lowest_residual(net, gan, x, 0.0) + share * doubt


def tadgan_score(net: Member, gan: TadGAN, x: Array) -> Array:
    """Geiger et al. 2020, section V: the product of both z-scores, as in the authors' code."""

    def error(rows: Array) -> Array:
        return mae(rows, net["gen"](net["enc"](rows)))

    of_error = (error(x) - error(ROWS).mean()) / error(ROWS).std()
    values = net["critic"](ROWS)[:, 0]
    of_value = np.abs(net["critic"](x)[:, 0] - trim_mean(values, 0.25)) / values.std()
    return (1 + np.maximum(of_error, 0)) * (1 + of_value)


def lowest_residual(net: Member, gan: AnoGAN, x: Array, share: float) -> Array:
    """Lowest residual on the path of Adam's search, with a share of the discrimination loss."""
    gen, critic = net["gen"], net["critic"]
    z = net["starts"][mae(x[:, None], gen(net["starts"])[None]).argmin(1)]
    mean = square = np.zeros_like(z)
    lowest = np.full(len(x), np.inf)
    for step in range(1, gan.search_steps + 2):
        made = gen(z)
        f, fx = critic.features(made), critic.features(x)
        lowest = np.minimum(lowest, (1 - share) * mae(x, made) + share * mae(fx, f))
        slope = critic.pull_features(made, share * np.sign(f - fx) / f.shape[1])
        slope = gen.pull(z, slope + (1 - share) * np.sign(made - x) / D)
        mean, square = 0.9 * mean + 0.1 * slope, 0.999 * square + 0.001 * slope**2
        unbiased = mean / (1 - 0.9**step), square / (1 - 0.999**step)
        z = z - gan.search_lr * unbiased[0] / (np.sqrt(unbiased[1]) + 1e-8)
    return lowest


def fanogan_score(net: Member, gan: FAnoGAN, x: Array) -> Array:
    """Schlegl et al. 2019: A_R + κ·A_D."""
    made, f = net["gen"](net["enc"](x)), net["critic"].features
    return mse(x, made) + gan.feature_weight * mse(f(x), f(made))


def bigan_score(net: Member, gan: BiGAN, x: Array) -> Array:
    """Zenati et al. 2018a, section 3: α·L_G + (1 − α)·L_D, L_D the feature-matching loss."""
    code, f = net["enc"](x), net["critic"].features
    made = net["gen"](code)
    matching = mae(f(np.hstack([x, code])), f(np.hstack([made, code])))
    return (1 - gan.feature_weight) * mae(x, made) + gan.feature_weight * matching


def alad_score(net: Member, gan: BaseGAN, x: Array) -> Array:
    """Zenati et al. 2018b, algorithm 1: |f_xx(x, x) − f_xx(x, G(E(x)))|."""
    f, made = net["xx"].features, net["gen"](net["enc"](x))
    return mae(f(np.hstack([x, x])), f(np.hstack([x, made])))


def ganomaly_score(net: Member, gan: BaseGAN, x: Array) -> Array:
    """Akcay et al. 2018, eq. 5, squared as in the authors' code."""
    code = net["enc"](x)
    return mse(code, net["enc2"](net["gen"](code)))


def aae_score(net: Member, gan: BaseGAN, x: Array) -> Array:
    """Squared error of the reconstruction."""
    return mse(x, net["gen"](net["enc"](x)))


def alocc_score(net: Member, gan: BaseGAN, x: Array) -> Array:
    """Sabokrou et al. 2018, eq. 4: D(R(x)) is low for anomalies."""
    return -net["critic"](net["gen"](net["enc"](x)))[:, 0]


def usad_score(net: Member, gan: USAD, x: Array) -> Array:
    """Audibert et al. 2020, section 3.3: α‖x − AE₁(x)‖² + β‖x − AE₂(AE₁(x))‖², α + β = 1."""
    first, _, both = usad_errors(net, x)
    return gan.alpha * first + (1 - gan.alpha) * both


def ocgan_score(net: Member, gan: BaseGAN, x: Array) -> Array:
    """Perera et al. 2019: squared error of the reconstruction from a bounded code."""
    return mse(x, net["gen"](np.tanh(net["enc"](x))))


PAPERS: dict[type[BaseGAN], Callable[..., Array]] = {
    PrototypeGAN: prototype_score,
    ViewGAN: minus_logit,
    GAN: minus_logit,
    WGAN: minus_logit,
    SOGAAL: minus_logit,
    MOGAAL: minus_logit,
    GSAAL: minus_logit,
    AnoGAN: anogan_score,
    MADGAN: madgan_score,
    TadGAN: tadgan_score,
    FAnoGAN: fanogan_score,
    BiGAN: bigan_score,
    ALAD: alad_score,
    RCGAN: alad_score,
    GANomaly: ganomaly_score,
    AAE: aae_score,
    ALOCC: alocc_score,
    FenceGAN: minus_logit,
    USAD: usad_score,
    OCGAN: ocgan_score,
}
DEFAULTS: dict[type[BaseGAN], dict[str, float]] = {
    AnoGAN: {"feature_weight": 0.1},
    MADGAN: {"feature_weight": 0.2},
    TadGAN: {"reconstruction_weight": 10},
    FAnoGAN: {"feature_weight": 1, "n_critic": 5},
    BiGAN: {"feature_weight": 0.1},
    GANomaly: {"adversarial_weight": 1, "context_weight": 50, "encoder_weight": 1},
    ALOCC: {"reconstruction_weight": 0.4},
    FenceGAN: {"level": 0.5, "dispersion_weight": 10, "generated_weight": 0.5},
    MOGAAL: {"n_generators": 10},
    USAD: {"alpha": 0.5},
    OCGAN: {"reconstruction_weight": 10},
}

ROWS = np.r_[table(37, D), 30 + table(4, D, seed=1)]  # an odd number, the last four far off


def generators() -> list[torch.Generator]:
    return [torch.Generator().manual_seed(10 + e) for e in range(E)]


def test_every_gan_has_a_derivation() -> None:
    missing = [gan.__name__ for gan in GANS.values() if gan not in PAPERS]
    assert not missing, f"Derive the score of {missing} from the paper, in PAPERS."


@each_case
def test_scores_are_the_papers(gan: BaseGAN) -> None:
    net, _ = networks(gan)
    rows = torch.from_numpy(ROWS)
    x = torch.stack([rows[20:30] + 0.1, rows[25:35]])  # the second member's are training rows
    with torch.no_grad():
        gan.prepare(net, rows, generators())
        scores = gan.score(net, x).numpy()
    expected = [PAPERS[type(gan)](member(net, e), gan, x[e].numpy()) for e in range(E)]
    np.testing.assert_allclose(scores, expected, 1e-8, 1e-8)


def test_prototypes_lie_within_the_fence() -> None:
    """Those of a second draw are among rows whose bulk view is at most Q3 + 3 (Q3 − Q1)."""
    gan = PrototypeGAN(latent_dim=3, group_size=8, n_groups=6)
    net, _ = networks(gan)
    with torch.no_grad():
        gan.prepare(net, torch.from_numpy(ROWS), generators())
    for e, g in enumerate(generators()):
        parts, pool = member(net, e), ROWS[torch.randperm(len(ROWS), generator=g).numpy()]
        bulk = prototype_views(parts, gan, pool, np.resize(pool, (48, D)))[:, 0]
        low, high = np.quantile(bulk, [0.25, 0.75])
        kept = pool[bulk <= high + 3 * (high - low)]
        assert 30 < len(kept) < len(pool) and kept.max() < 20
        np.testing.assert_array_equal(parts["bank"], np.resize(kept, (48, D)))
        views = prototype_views(parts, gan, ROWS, parts["bank"])
        np.testing.assert_allclose(parts["typical"], np.median(views, 0, keepdims=True), 1e-8)


@pytest.mark.parametrize("gan_class", DEFAULTS, ids=lambda gan: gan.__name__)
def test_defaults_are_the_papers(gan_class: type[BaseGAN]) -> None:
    assert gan_class().get_params() | DEFAULTS[gan_class] == gan_class().get_params()
