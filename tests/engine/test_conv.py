"""Convolutional networks: what they compute, their shapes, and every GAN on them."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
import torch
from joblib import parallel_config
from sklearn.base import clone
from sklearn.datasets import load_digits
from sklearn.metrics import roc_auc_score
from sklearn.model_selection import GridSearchCV

from pyod_gan import AAE, BiGAN, GANDetector, GANOutlierDetector
from pyod_gan.engine.conv import Conv1d, Conv2d, Convolution, Pyramid
from pyod_gan.engine.mlp import Perceptron
from pyod_gan.engine.row_source import ArrayRows
from pyod_gan.engine.training import build, fit_members
from pyod_gan.gans import BaseGAN, Settings
from pyod_gan.model_selection import member_agreement
from pyod_gan.networks import MLP, NetworkMaker, NetworkSpec
from tests.helpers import QUICK, table

CONVOLUTIONS = [
    Conv1d((2, 6), channels=(4, 8), units=16),
    Conv2d((1, 3, 4), channels=(4,), kernel_size=3, units=16),
]


def streams(*seeds: int) -> list[torch.Generator]:
    return [torch.Generator().manual_seed(seed) for seed in seeds]


@pytest.mark.parametrize("shape", [(2, 9), (2, 8), (3, 5, 6), (1, 7, 4)])
@pytest.mark.parametrize("kernel_size", [2, 3, 4, 5])
def test_grouped_convolutions_equal_torch_layers(shape: tuple[int, ...], kernel_size: int) -> None:
    """Of each member alone, down and up again, whatever is odd about the sizes."""
    pyramid = Pyramid(shape, (5,), kernel_size, "here")
    two = len(shape) == 3
    down = Convolution(shape[0], 5, pyramid, streams(0, 1))
    up = Convolution(5, shape[0], pyramid, streams(0, 1), missing=pyramid.missing(0))
    x = torch.randn(2, 7, *shape, generator=streams(2)[0])
    halves = down(x)
    assert halves.shape == (2, 7, 5, *pyramid.maps[1])
    assert up(halves).shape == x.shape
    for e in range(2):
        given = {"kernel_size": kernel_size, "stride": 2, "padding": pyramid.padding}
        plain = (torch.nn.Conv2d if two else torch.nn.Conv1d)(shape[0], 5, **given)
        plain.weight.data, plain.bias.data = down.weight[e], down.bias[e, 0]
        torch.testing.assert_close(halves[e], plain(x[e]))
        transposed = torch.nn.ConvTranspose2d if two else torch.nn.ConvTranspose1d
        back = transposed(5, shape[0], output_padding=pyramid.missing(0), **given)
        back.weight.data, back.bias.data = up.weight[e], up.bias[e, 0]
        torch.testing.assert_close(up(halves)[e], back(halves[e]))


def test_networks_by_role() -> None:
    make = Conv2d((2, 6, 4), channels=(3, 5), units=7).maker(48, (9,), streams(0, 1))
    rows, codes = torch.randn(2, 10, 48), torch.randn(2, 10, 6)
    assert make.generator(6)(codes).shape == rows.shape
    assert make.encoder(6)(rows).shape == codes.shape
    both = make.critic(rows=2, codes=6)
    seen = torch.cat([rows, rows.flip(1), codes], -1)
    assert both(seen).shape == (2, 10, 1)
    assert both.features(seen).shape == (2, 10, 7)
    assert isinstance(make.critic(rows=0, codes=6), Perceptron)
    for part in (slice(0, 48), slice(48, 96), slice(96, None)):  # it sees all of its input
        changed = seen.clone()
        changed[..., part] += 1
        assert not torch.allclose(both(changed), both(seen))


def test_a_pixel_reaches_only_its_neighbourhood() -> None:
    """The columns of a row are channels, lines and pixels, in this order."""
    critic = Conv2d((2, 16, 16), channels=(3,), kernel_size=4).maker(512, (), streams(0)).critic()
    row = torch.zeros(1, 1, 512)
    touched = row.clone()
    touched[..., 256 + 16 * 9 + 2] = 1.0  # channel 1, line 9, pixel 2
    first = critic.convolutions[0]
    change = first(touched.view(1, 1, 2, 16, 16)) - first(row.view(1, 1, 2, 16, 16))
    lines, pixels = np.nonzero(change.detach().abs().amax((0, 1, 2)).numpy())
    assert set(lines) == {4, 5}
    assert set(pixels) == {0, 1}


@pytest.mark.parametrize("network", CONVOLUTIONS, ids=repr)
def test_members_together_equal_members_alone(
    gan_class: type[BaseGAN], network: NetworkSpec
) -> None:
    gan = gan_class()
    settings = Settings(**vars(gan.settings) | {"max_iter": 20, "network": network})
    source = ArrayRows(torch.from_numpy(table(100, 12)))
    together = fit_members(gan, source, settings, streams(1, 2)).networks.to_arrays()
    for e, seed in enumerate([1, 2]):
        alone = fit_members(gan, source, settings, streams(seed)).networks.to_arrays()
        for name, value in alone.items():
            np.testing.assert_allclose(together[name][e], value[0], rtol=0, atol=1e-8, err_msg=name)


@pytest.mark.parametrize("network", CONVOLUTIONS, ids=repr)
def test_groups_of_members_are_trained_as_all_together(
    gan_class: type[BaseGAN], network: NetworkSpec
) -> None:
    detector = GANDetector(gan_class(), network=network, **QUICK | {"n_estimators": 5})
    together = clone(detector).fit(table(100, 12)).networks_.to_arrays()
    with parallel_config(backend="threading"):
        apart = detector.set_params(n_jobs=2).fit(table(100, 12)).networks_.to_arrays()
    for name, value in together.items():
        np.testing.assert_array_equal(apart[name], value, err_msg=name)


@pytest.mark.parametrize("network", CONVOLUTIONS, ids=repr)
def test_every_gan_on_every_network(
    gan_class: type[BaseGAN], network: NetworkSpec, tmp_path: Path
) -> None:
    X = table(120, 12)
    detector = GANDetector(gan_class(), network=network, **QUICK).fit(X)
    scores = detector.decision_scores_
    assert np.isfinite(scores).all()
    assert len(np.unique(scores)) > 0.9 * len(scores)
    np.testing.assert_array_equal(scores, clone(detector).fit(X).decision_scores_)
    alone = np.concatenate([detector.decision_function(row[None]) for row in X[:10]])
    np.testing.assert_allclose(scores[:10], alone, rtol=0, atol=1e-7)
    assert detector.explain(X[:5]).shape == (5, 12)
    detector.save(tmp_path / "model")
    loaded = GANDetector.load(tmp_path / "model")
    np.testing.assert_array_equal(scores, loaded.decision_function(X))
    assert repr(loaded.settings_) == repr(detector.settings_)
    detector.partial_fit(X[:30])
    assert np.isfinite(detector.decision_function(X)).all()


def test_every_convolution_is_trained() -> None:
    settings = Settings(max_iter=25, network=Conv1d((1, 8), channels=(4, 8)))
    gan, rows = BiGAN(), torch.from_numpy(table(200, 8))
    fresh = build(gan, 8, settings, streams(1)).double()
    trained = fit_members(gan, ArrayRows(rows), settings, streams(1)).networks
    for name, network in fresh.named_children():
        after = trained.get_submodule(name)
        for old, new in zip(network.parameters(), after.parameters(), strict=True):
            assert (new - old).abs().max() > 1e-4, name


@pytest.mark.parametrize("seed", [0, 1, 2])
def test_digits_one_against_the_rest(seed: int) -> None:
    """A convolutional GAN learns what a digit looks like: other digits score higher."""
    X, y = load_digits(return_X_y=True)
    train = np.flatnonzero(y == 0)[:100]
    rest = np.setdiff1d(np.arange(len(y)), train)[::3]
    gan = AAE(max_iter=150, batch_size=32)
    detector = GANDetector(gan, network=Conv2d((1, 8, 8)), n_estimators=2, random_state=seed)
    scores = detector.fit(X[train]).decision_function(X[rest])
    assert roc_auc_score(y[rest] != 0, scores) > 0.97


class Line(NetworkSpec):
    """A user's own kind: linear networks."""

    def __init__(self, gain: float = 1.0) -> None:
        self.gain = gain

    def maker(self, n_columns, hidden_layer_sizes, streams) -> NetworkMaker:
        return MLP().maker(n_columns, [max(1, int(self.gain * n_columns))], streams)


def test_own_kind_of_network(tmp_path: Path) -> None:
    X = table()
    detector = GANDetector("gan", network=Line(2.0), **QUICK).fit(X)
    assert detector.networks_.critic.layers[0].weight.shape[-1] == 10
    detector.save(tmp_path / "model")
    with pytest.raises(ValueError, match=r"load\(path, networks=\[...\]\)"):
        GANDetector.load(tmp_path / "model")
    loaded = GANDetector.load(tmp_path / "model", networks=[Line])
    np.testing.assert_array_equal(detector.decision_scores_, loaded.decision_function(X))
    assert loaded.network.gain == 2.0


def test_search_over_parameters_of_networks() -> None:
    base = GANDetector("gan", network=Conv1d(channels=(4,)), **QUICK | {"max_iter": 5})
    grid = {"network__units": [8], "network__channels": [(4,), (4, 4)]}
    search = GridSearchCV(base, grid, scoring=member_agreement, cv=2).fit(table(60, 8))
    assert search.best_params_.keys() == grid.keys()
    assert base.network.get_params()["units"] == 64
    turned = GANOutlierDetector("gan", network=Conv1d(channels=(4,)), **QUICK)
    assert turned.set_params(network__units=5).fit(table(60, 8)).detector_.network.units == 5


@pytest.mark.parametrize(
    ("network", "error"),
    [
        ("conv3d", "Did you mean 'conv"),
        ("conv2d", r"The 'shape' parameter of Conv2d must say what rows of 5 columns are"),
        (Conv2d((1, 2, 2)), r"Got \(1, 2, 2\), which is 4 columns"),
        (Conv2d((4, 5)), r"must be \(channels, height, width\) of ints"),
        (Conv1d((1, 5), channels=()), "must be a sequence of ints of at least 1"),
        (Conv1d((1, 5), channels=(4, 4, 4)), r"can be halved 2 times, and there are 3 'channels'"),
        (Conv1d(kernel_size=1), "'kernel_size' parameter of Conv1d must be"),
        (3, "'network' parameter of GANDetector"),
    ],
)
def test_errors(network: object, error: str) -> None:
    detector = GANDetector("gan", network=network, **QUICK)
    with pytest.raises(ValueError, match=error):
        detector.fit(table())
    assert not hasattr(detector, "model_")


def test_parameters_of_a_name_are_refused() -> None:
    with pytest.raises(ValueError, match=r"is None, which has no 'network__units'. To set it"):
        GANDetector().set_params(network__units=3)
    with pytest.raises(ValueError, match="is the name 'mlp'"):
        GANDetector(network="mlp").set_params(network__units=3)


def test_other_networks_need_a_new_fit() -> None:
    detector = GANDetector("gan", network=Conv1d(channels=(4,)), **QUICK).fit(table())
    with pytest.raises(ValueError, match="network changed since"):
        detector.set_params(network__units=3).partial_fit(table())
