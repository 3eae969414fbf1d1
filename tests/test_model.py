"""What ``fit`` leaves behind: one way to a score, arrays and back, split and joined by members."""

from __future__ import annotations

import copy
import pickle
from collections.abc import Iterator
from dataclasses import replace

import numpy as np
import pandas as pd
import pytest
import torch
from torch import Tensor

from pyod_gan import ALAD, GAN, GANDetector
from pyod_gan.engine.row_source import ArrayRows
from pyod_gan.engine.scoring import member_scores
from pyod_gan.engine.training import fit_members, member_streams
from pyod_gan.front_ends.front_end import Rows
from pyod_gan.front_ends.table import TableFrontEnd
from pyod_gan.gans import BaseGAN
from pyod_gan.model import FittedModel, fit_model
from tests.conftest import Fit
from tests.helpers import QUICK, table

CPU = torch.device("cpu")


def test_it_scores_without_the_estimator(gan_class: type[BaseGAN], quick: Fit) -> None:
    detector, X = quick(gan_class), table()
    model = detector.model_
    np.testing.assert_array_equal(model.scores(X), detector.decision_scores_)
    assert model.rows(X).dtype == np.float32
    by_member = model.member_scores(model.rows(X))
    assert by_member.shape == (2, len(X), detector.gan_.n_views)


def test_arrays_and_back(gan_class: type[BaseGAN], quick: Fit) -> None:
    model, X = quick(gan_class).model_, table()
    arrays = model.to_arrays()
    assert {type(array) for array in arrays.values()} == {np.ndarray}
    front_end = TableFrontEnd.from_arrays(arrays, list("abcde"), [], "auto")
    again = FittedModel.from_arrays(arrays, model.gan, model.settings, front_end)
    np.testing.assert_array_equal(again.scores(X), model.scores(X))
    for twin in (pickle.loads(pickle.dumps(model)), copy.deepcopy(model)):
        np.testing.assert_array_equal(twin.scores(X), model.scores(X))


def test_joined_halves_score_like_the_whole(gan_class: type[BaseGAN]) -> None:
    X = table(50, 6)
    whole = GANDetector(gan_class(), n_estimators=4, max_iter=20, random_state=0).fit(X).model_
    first, second = whole.split([0, 1]), whole.split([2, 3])
    assert (first.n_members, second.n_members, whole.n_members) == (2, 2, 4)
    joined = first.join(second)
    np.testing.assert_array_equal(joined.scores(X), whole.scores(X))
    rows = whole.rows(X)
    halves = [half.member_scores(rows) for half in (first, second)]
    np.testing.assert_allclose(np.concatenate(halves), whole.member_scores(rows), atol=1e-9)


def test_members_trained_apart_are_the_whole_when_joined() -> None:
    gan, X = GAN(), table()
    front_end = TableFrontEnd()
    read = front_end.fit_read(X)
    rows = Rows(front_end.scale(read.values))
    settings = replace(gan.settings, max_iter=5)

    def fit(which: slice) -> FittedModel:
        streams = member_streams(0, 4)[which]
        return fit_model(gan, settings, front_end, rows, streams, [], CPU).model

    joined = fit(slice(2)).join(fit(slice(2, 4)))
    np.testing.assert_allclose(joined.scores(X), fit(slice(4)).scores(X), atol=1e-4)


def test_what_cannot_be_split_or_joined_is_named() -> None:
    X = table()
    model = GANDetector(**QUICK).fit(X).model_
    for members in ([], [2], [-1]):
        with pytest.raises(ValueError, match="numbers from 0 to 1"):
            model.split(members)
    others = [
        GANDetector(ALAD(), **QUICK).fit(X).model_,
        GANDetector(**QUICK, lr=1e-4).fit(X).model_,
        GANDetector(**QUICK).fit(2 * X).model_,
    ]
    for other in others:
        with pytest.raises(ValueError, match="the same GAN, settings and front end"):
            model.join(other)
    paired = GANDetector(**QUICK, pairing="all").fit(X).model_
    with pytest.raises(ValueError, match="pairing='all'"):
        paired.split([0])


def test_joined_models_of_a_mixed_table() -> None:
    frame = pd.DataFrame(table(), columns=list("abcde")).assign(kind=["x", "y"] * 100)
    model = GANDetector(**QUICK).fit(frame).model_
    joined = model.split([0]).join(model.split([1]))
    np.testing.assert_array_equal(joined.scores(frame), model.scores(frame))


class Parts:
    """Rows that lie in several arrays, such as the files of a folder."""

    negatives = ()

    def __init__(self, parts: list[np.ndarray]) -> None:
        self.parts = [torch.from_numpy(part) for part in parts]
        self.n_columns = parts[0].shape[1]

    def __len__(self) -> int:
        return sum(map(len, self.parts))

    def take(self, indices: Tensor) -> Tensor:
        ends = np.cumsum([len(part) for part in self.parts])
        which = np.searchsorted(ends, indices.numpy(), side="right")
        firsts = np.r_[0, ends[:-1]]
        flat = zip(which.ravel(), (indices.numpy() - firsts[which]).ravel(), strict=True)
        return torch.stack([self.parts[p][i] for p, i in flat]).view(*indices.shape, -1)

    def chunks(self, size: int) -> Iterator[Tensor]:
        for part in self.parts:
            yield from part.split(size)

    def sample(self) -> Tensor:
        return torch.cat(self.parts)


def test_rows_need_not_lie_in_one_array() -> None:
    gan = GAN(max_iter=5)
    rows = TableFrontEnd().fit(table()).rows(table()).values
    together, apart = ArrayRows(torch.from_numpy(rows)), Parts(np.split(rows, [30, 170]))
    nets = []
    for source in (together, apart):
        trained = fit_members(gan, source, gan.settings, member_streams(0, 2))
        nets.append(trained.networks)
    scores = [member_scores(gan, nets[0], source) for source in (together, apart)]
    np.testing.assert_allclose(*scores, atol=1e-9)
    for name, array in nets[0].to_arrays().items():
        np.testing.assert_array_equal(array, nets[1].to_arrays()[name])


class Halves(TableFrontEnd):
    """A sample of 2 D numbers is two rows of D; its score is the larger of theirs."""

    def fit_read(self, X: np.ndarray) -> Rows:
        return Rows(super().fit_read(np.reshape(X, (2 * len(X), -1))).values, self.owner(X))

    def read(self, X: np.ndarray) -> Rows:
        return Rows(super().read(np.reshape(X, (2 * len(X), -1))).values, self.owner(X))

    def owner(self, X: np.ndarray) -> np.ndarray:
        return np.repeat(np.arange(len(X)), 2)

    def pool(self, scores: np.ndarray, owner: np.ndarray | None) -> np.ndarray:
        pooled = np.full(owner.max() + 1, -np.inf)
        np.maximum.at(pooled, owner, scores)
        return pooled


def test_a_front_end_may_make_several_rows_of_a_sample() -> None:
    gan, X = GAN(max_iter=20), table(100, 6)
    front_end = Halves()
    read = front_end.fit_read(X)
    rows = Rows(front_end.scale(read.values), read.owner)
    fit = fit_model(gan, gan.settings, front_end, rows, member_streams(0, 2), [], CPU)
    assert fit.scores.shape == (100,)
    np.testing.assert_array_equal(fit.scores, fit.model.scores(X))
    odd = X.copy()
    odd[7, 4] += 30
    assert fit.model.scores(odd).argmax() == 7
