"""Displays: what they show is what the detector says."""

from __future__ import annotations

import subprocess
import sys
import warnings

import matplotlib
import numpy as np
import pandas as pd
import pytest
from sklearn.exceptions import NotFittedError

from tests.helpers import QUICK, table

matplotlib.use("Agg")

import matplotlib.pyplot as plt
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler

from pyod_gan import (
    ExplanationDisplay,
    GANDetector,
    GANOutlierDetector,
    HistoryDisplay,
    MapDisplay,
    ScoreDisplay,
)

X = pd.DataFrame(table(), columns=list("abcde"))


@pytest.fixture(scope="module")
def detector() -> GANDetector:
    return GANDetector(**QUICK).fit(X)


@pytest.fixture(autouse=True)
def closed():
    yield
    plt.close("all")


def test_history(detector: GANDetector) -> None:
    display = HistoryDisplay.from_estimator(detector)
    lines = {line.get_label(): line for line in display.ax_.get_lines()}
    assert set(lines) == {"critic", "player"}
    expected = [row["critic_loss"] for row in detector.history_]
    np.testing.assert_array_equal(lines["critic"].get_ydata(), expected)
    assert lines["critic"].get_xdata()[-1] == 20


def test_scores(detector: GANDetector) -> None:
    display = ScoreDisplay.from_estimator(detector)
    assert sum(bar.get_height() for bar in display.ax_.patches) == len(X)
    assert display.ax_.get_lines()[0].get_xdata()[0] == detector.threshold_
    of_some = ScoreDisplay.from_estimator(detector, X.head(7))
    assert sum(bar.get_height() for bar in of_some.ax_.patches) == 7


def test_explanation(detector: GANDetector) -> None:
    row = X.head(1).copy()
    row.loc[0, "d"] += 30
    display = ExplanationDisplay.from_estimator(detector, row, top=2)
    widths = [bar.get_width() for bar in display.ax_.patches]
    assert widths[0] == detector.explain(row).max()
    assert display.ax_.get_yticklabels()[0].get_text().startswith("d = ")
    with pytest.raises(ValueError, match=r"a table of one row\. Got 2 rows"):
        ExplanationDisplay.from_estimator(detector, X.head(2))


@pytest.mark.parametrize("as_frame", [True, False])
def test_map(as_frame: bool) -> None:
    rows = X if as_frame else X.to_numpy()
    fitted = GANDetector(**QUICK).fit(rows)
    display = MapDisplay.from_estimator(fitted, rows, columns=(1, 3), n_grid=9)
    assert display.ax_.get_xlabel() == ("b" if as_frame else "x1")
    point = np.median(X.to_numpy(), 0)
    point[[1, 3]] = display.x[2], display.y[5]
    given = pd.DataFrame([point], columns=list("abcde")) if as_frame else point[None]
    assert display.scores[5, 2] == pytest.approx(fitted.decision_function(given)[0])
    assert len(display.generated) >= 200
    assert np.abs(display.generated.mean(0) - X[["b", "d"]].mean()).max() < 2
    for columns in ((0, 0), (0, 5), (-1, 0)):
        with pytest.raises(
            ValueError, match="two different positions of columns that hold numbers"
        ):
            MapDisplay.from_estimator(fitted, rows, columns=columns)


def test_map_refuses_reordered_columns(detector: GANDetector) -> None:
    with pytest.raises(ValueError, match="feature names"):
        MapDisplay.from_estimator(detector, X[list("edcba")])


def test_a_gan_that_makes_no_rows_from_noise_has_none_on_the_map() -> None:
    fitted = GANDetector("usad", **QUICK).fit(X)
    assert len(MapDisplay.from_estimator(fitted, X, n_grid=5).generated) == 0


def test_axes_given_are_used_and_reused(detector: GANDetector) -> None:
    figure, (left, right) = plt.subplots(1, 2)
    display = ScoreDisplay.from_estimator(detector, ax=left)
    assert display.ax_ is left and display.figure_ is figure
    assert display.plot(right).ax_ is right
    assert right.patches


def test_not_fitted() -> None:
    for display in (HistoryDisplay, ScoreDisplay):
        with pytest.raises(NotFittedError):
            display.from_estimator(GANDetector())


def test_matplotlib_is_imported_when_something_is_drawn() -> None:
    code = "import sys, pyod_gan; pyod_gan.ScoreDisplay; print('matplotlib.pyplot' in sys.modules)"
    out = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert out.stdout.strip() == "False"


def test_displays_see_through_wrappers_and_pipelines() -> None:
    turned = GANOutlierDetector(**QUICK).fit(X)
    piped = make_pipeline(StandardScaler(), GANDetector(**QUICK)).fit(X)
    row = X.head(1)
    for estimator in (turned, piped):
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # scikit-learn's: scaled rows have no names
            HistoryDisplay.from_estimator(estimator)
            scores = ScoreDisplay.from_estimator(estimator, X).scores
            ExplanationDisplay.from_estimator(estimator, row)
            MapDisplay.from_estimator(estimator, X, n_grid=5)
        inner = estimator.detector_ if estimator is turned else estimator[-1]
        np.testing.assert_array_equal(scores, inner.decision_scores_)
    with pytest.raises(TypeError, match=r"last step of a Pipeline\. Got StandardScaler"):
        ScoreDisplay.from_estimator(StandardScaler().fit(X))
