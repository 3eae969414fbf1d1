"""What known anomalies add to the default: derived by hand, in torch, in files, explained."""

from __future__ import annotations

import numpy as np
import pytest
import torch
from scipy.optimize import minimize
from sklearn.metrics import roc_auc_score

from pyod_gan.views import VIEWS, PretrainedCritic, WeighedViews
from pyod_gan.views.known_anomalies import PENALTY, KnownAnomalies
from pyod_gan.views.table_views import KNOWN
from pyod_gan.views.weighed_views import NEAREST
from tests.helpers import with_known_kind

Array = np.ndarray


def scaled(seed: int = 0) -> tuple[Array, Array, Array, Array]:
    rows, known, fresh, y = with_known_kind(seed)
    return rows.astype(np.float32), known.astype(np.float32), fresh.astype(np.float32), y


def weighed(n_known: int = 5, seed: int = 0) -> WeighedViews:
    rows, known, _, _ = scaled(seed)
    return WeighedViews.fit(rows, PretrainedCritic.load(), known[:n_known])


def no_own(rows: Array) -> Array:
    return np.zeros((len(rows), 1))


@pytest.mark.parametrize("seed", [0, 1, 2])
def test_one_known_anomaly_finds_its_kind_and_five_find_more(seed: int) -> None:
    _, _, fresh, y = scaled(seed)
    found = [roc_auc_score(y, weighed(k, seed).scores(fresh, no_own(fresh))) for k in (0, 1, 5)]
    assert found[1] > max(0.85, found[0] + 0.1)
    assert found[2] > max(0.95, found[1])


def test_no_known_anomalies_change_nothing() -> None:
    rows, _, fresh, _ = scaled()
    plain = WeighedViews.fit(rows, PretrainedCritic.load())
    assert weighed(0).anomalies is None
    np.testing.assert_array_equal(
        weighed(0).scores(fresh, no_own(fresh)), plain.scores(fresh, no_own(fresh))
    )


def test_slopes_are_those_of_a_penalised_regression() -> None:
    """Mean loss over anomalies, plus that over rows, plus the penalty: minimised here by hand."""
    rng = np.random.default_rng(0)
    anomalies, rows = rng.normal(1, 1, size=(4, 3)), rng.normal(size=(60, 3))
    of_them, inputs = rng.normal(1, 2, size=(4, 6)), rng.normal(0, 2, size=(60, 6))
    found = KnownAnomalies.fit(anomalies, of_them, rows, inputs)

    def seen(rows: Array, inputs_: Array) -> Array:
        z = (inputs_ - np.median(inputs, axis=0)) / np.maximum(inputs.std(0), 0.1)
        return np.hstack([np.clip(z, -5, 5), np.sqrt(6 / 3) * np.clip(rows, -5, 5)])

    high, low = seen(anomalies, of_them), seen(rows, inputs)

    def loss(w: Array) -> float:
        missed = np.logaddexp(0, -(high @ w[1:] + w[0])).mean()
        false = np.logaddexp(0, low @ w[1:] + w[0]).mean()
        return float(missed + false + PENALTY * (w[1:] ** 2).sum())

    slopes = minimize(loss, np.zeros(10)).x[1:]
    np.testing.assert_allclose(found.of_inputs, slopes[:6], atol=2e-3)
    np.testing.assert_allclose(found.of_columns, np.sqrt(2) * slopes[6:], atol=2e-3)


def test_opinions_by_hand() -> None:
    judge = weighed()
    known = judge.anomalies
    assert known is not None
    _, _, fresh, _ = scaled()
    rows, views = fresh[::40], judge.views.of(fresh[::40])
    inputs = judge.inputs(rows, no_own(rows))
    z = np.clip((inputs - known.middles) / known.deviations, -5, 5)
    linear = z @ known.of_inputs + np.clip(rows, -5, 5) @ known.of_columns
    apart = np.abs(rows[:, None] - known.rows).mean(2).min(1)
    nearer = np.log(views[:, NEAREST] + 1e-3) - np.log(apart + 1e-3)
    found = judge.opinions(views, no_own(rows), rows)
    assert found.shape == (len(rows), 5)
    np.testing.assert_allclose(found[:, 3:], np.c_[linear, nearer], atol=1e-9)
    assert judge.weights.tolist() == pytest.approx([1, 0, 0.25, 20 / 6, 5 / 6])


def test_known_anomalies_only_raise_a_score() -> None:
    judge, (_, _, fresh, y) = weighed(), scaled()
    views, own = judge.views.of(fresh), no_own(fresh)
    centres, scales = judge.units[0].T
    said = (judge.opinions(views, own, fresh) - centres[:-1]) / scales[:-1]
    without = (said[:, :3] @ [1, 0, 0.25] - centres[-1]) / scales[-1]
    raised = judge.scores(fresh, own) - without
    unlike = (said[:, 3:] <= 0).all(1)
    assert unlike.any() and not unlike.all()
    assert (raised >= -1e-9).all()
    np.testing.assert_allclose(raised[unlike], 0, atol=1e-9)
    assert raised[y == 1].min() > 1


def test_whether_a_row_was_in_training_is_not_learnt() -> None:
    known = weighed().anomalies
    assert known is not None
    assert known.of_inputs[[KNOWN, len(VIEWS) + KNOWN]].tolist() == [0, 0]


def test_scores_are_the_same_in_torch_in_chunks_and_after_a_file(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    judge, (_, _, fresh, _) = weighed(), scaled()
    own = no_own(fresh)
    found = judge.scores(fresh, own)
    in_torch = judge.tensors()(torch.from_numpy(fresh).double(), torch.from_numpy(own))
    np.testing.assert_allclose(in_torch.numpy(), found, atol=1e-6)
    again = WeighedViews.from_arrays(judge.to_arrays())
    np.testing.assert_array_equal(again.scores(fresh, own), found)
    monkeypatch.setattr("pyod_gan.views.known_anomalies.CHUNK", 40)
    np.testing.assert_allclose(judge.scores(fresh, own), found, atol=1e-9)


def test_a_score_of_1_is_an_interquartile_range_above_the_median() -> None:
    rows, _, _, _ = scaled()
    low, middle, high = np.quantile(weighed().scores(rows, no_own(rows)), [0.25, 0.5, 0.75])
    assert (middle, high - low) == pytest.approx((0, 1))


def test_shares_name_the_columns_that_known_anomalies_differ_in() -> None:
    judge, (_, _, fresh, y) = weighed(), scaled()
    rows = fresh[y == 1]
    shares = judge.shares(rows, no_own(rows), judge.expected(rows))
    assert (shares >= 0).all()
    assert shares[:, :2].sum() > 0.75 * shares.sum()


@pytest.mark.parametrize(
    ("name", "change"),
    {
        "anomalies.rows": lambda a: a[:, :-1],
        "anomalies.middles": lambda a: a[1:],
        "anomalies.deviations": lambda a: a * 0,
        "anomalies.of_inputs": lambda a: a * np.nan,
        "anomalies.of_columns": lambda a: a.astype(np.float32),
        "units": lambda a: a[:, 2:],
    }.items(),
)
def test_arrays_that_do_not_fit_are_refused(name: str, change) -> None:
    arrays = dict(weighed().to_arrays())
    arrays[name] = change(arrays[name])
    with pytest.raises(ValueError, match=r"array|Known anomalies|units"):
        WeighedViews.from_arrays(arrays)


def test_no_rows_are_refused_in_a_file() -> None:
    arrays = dict(weighed().to_arrays())
    arrays["anomalies.rows"] = arrays["anomalies.rows"][:0]
    with pytest.raises(ValueError, match="one or more"):
        WeighedViews.from_arrays(arrays)
