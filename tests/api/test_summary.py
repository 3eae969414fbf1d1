"""What a fitted estimator says of its training in scikit-learn's HTML diagram."""

from __future__ import annotations

import re
from xml.etree import ElementTree

import numpy as np
import pytest
import sklearn
import torch
from pyod.models.iforest import IForest
from sklearn.base import BaseEstimator
from sklearn.datasets import load_digits
from sklearn.model_selection import GridSearchCV
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler
from sklearn.utils import estimator_html_repr

from pyod_gan import (
    GAN,
    GANDetector,
    GANOutlierDetector,
    ImageDetector,
    RecordDetector,
    SeriesDetector,
    TextDetector,
    TrainingCollapseWarning,
)
from pyod_gan.model_selection import synthetic_negatives
from tests.helpers import QUICK, table

needs_fitted_attributes = pytest.mark.skipif(
    not hasattr(BaseEstimator, "_get_fitted_attr_html"),
    reason="before 1.9, scikit-learn's diagram has no fitted attributes",
)
TITLES = ["GAN", "Members", "Rows", "Columns", "Steps", "Last training"]


class Odd(GAN):
    """Its first member diverges."""

    def critic_loss(self, net, batch):
        factor = torch.ones(net.n_members)
        factor[0] = torch.inf
        return super().critic_loss(net, batch) * factor


Odd.__name__ = "<i>Odd</i>"


def sections(estimator: BaseEstimator) -> list[ElementTree.Element]:
    """The parts of a diagram that are about training. Only what is escaped can be parsed."""
    found = re.findall(
        r'<div class="estimator-table"><details open="">.*?</details></div>',
        estimator._repr_html_(),
        re.S,
    )
    return [ElementTree.fromstring(section) for section in found]


def lines(section: ElementTree.Element) -> list[list[str]]:
    """Texts of the cells of a section, line by line."""
    return [["; ".join(cell.itertext()) for cell in line] for line in section.iter("tr")]


def said(estimator: BaseEstimator) -> tuple[list[list[str]], str]:
    """Lines of the only section of a diagram, and the text after them."""
    (section,) = sections(estimator)
    return lines(section), "".join(section.find("details/div").itertext())


@pytest.fixture(scope="module")
def fitted() -> GANDetector:
    return GANDetector(**QUICK).fit(table())


def test_an_estimator_that_is_not_fitted_has_the_usual_diagram() -> None:
    pipeline = make_pipeline(StandardScaler(), GANDetector())
    search = GridSearchCV(pipeline, {"gandetector__lr": [1e-3]})
    for estimator in (GANDetector(), GANOutlierDetector(), SeriesDetector(), pipeline, search):
        assert sections(estimator) == []
        assert type(estimator).__name__ in estimator._repr_html_()
    assert "GANDetector" in search._repr_html_()


@needs_fitted_attributes
def test_a_fitted_detector_says_what_it_was_trained_on(fitted) -> None:
    last = fitted.history_[-1]
    (titles, line), flagged = said(fitted)
    assert titles == TITLES
    assert line[:-1] == ["ViewGAN", "2 of 2", "200", "5", "20"]
    assert [text.strip() for text in line[-1].split(";")] == [
        f"critic loss {last['critic_loss']:.3g}",
        f"player loss {last['player_loss']:.3g}",
        f"{last['seconds']:.2f} s",
    ]
    assert flagged == (
        f"Anomaly scores above {fitted.threshold_:.4g} are flagged: 10 % of the 200 training "
        "scores."
    )


@needs_fitted_attributes
def test_curves_are_the_losses(fitted) -> None:
    (section,) = sections(fitted)
    curves = [curve.get("points").split() for curve in section.iter("polyline")]
    for name, points in zip(("critic_loss", "player_loss"), curves, strict=True):
        x, y = np.array([point.split(",") for point in points], dtype=float).T
        loss = np.array([row[name] for row in fitted.history_])
        assert (x[0], x[-1]) == (0, 80)
        assert (y.min(), y.max()) == (1, 15)  # a pixel off the edges, which are at 0 and 16
        np.testing.assert_allclose(
            (15 - y) / 14, (loss - loss.min()) / np.ptp(loss), atol=0.051 / 14
        )
    assert {curve.get("stroke") for curve in section.iter("polyline")} == {"currentColor"}
    assert not [*section.iter("script")]


@needs_fitted_attributes
@pytest.mark.parametrize(
    ("history", "curves", "text"),
    [
        ([], [], ""),
        ([{"step": 1, "critic_loss": 2.0}], ["0.0,1.0"], " critic loss 2"),
        (
            [{"critic_loss": 1.0}, {"critic_loss": np.nan}, {}, {"critic_loss": 3.0}],
            ["0.0,15.0 80.0,1.0"],
            " critic loss 3",
        ),
        ([{"a<b_loss": np.nan, "seconds": 1234.5}], [""], " a<b loss nan; 1,234.50 s"),
    ],
)
def test_any_history_is_shown(history, curves, text) -> None:
    detector = GANDetector(**QUICK).fit(table())
    detector.history_ = history
    (section,) = sections(detector)
    assert [curve.get("points") for curve in section.iter("polyline")] == curves
    assert lines(section)[1][-1] == text


@needs_fitted_attributes
def test_dropped_members_are_counted_and_names_escaped() -> None:
    with pytest.warns(TrainingCollapseWarning, match="1 of 3 members diverged"):
        detector = GANDetector(Odd(), n_estimators=3, max_iter=20, random_state=0).fit(table())
    (_, line), _ = said(detector)
    assert line[:2] == ["<i>Odd</i>", "2 of 3, 1 dropped"]
    assert "<i>Odd" not in detector._repr_html_()
    detector.set_params(n_estimators=9)  # for the next fit
    (_, line), _ = said(detector)
    assert line[1] == "2 of 3, 1 dropped"


@needs_fitted_attributes
def test_it_is_the_same_each_time_and_from_a_file(fitted, tmp_path) -> None:
    fitted.save(tmp_path / "model")
    loaded = GANDetector.load(tmp_path / "model")
    assert said(loaded) == said(fitted) == said(fitted)


@needs_fitted_attributes
def test_a_file_tells_how_many_members_were_dropped(tmp_path) -> None:
    with pytest.warns(TrainingCollapseWarning, match="1 of 3 members diverged"):
        detector = GANDetector(Odd(), n_estimators=3, max_iter=20, random_state=0).fit(table())
    detector.set_params(n_estimators=9).save(tmp_path / "model")
    loaded = GANDetector.load(tmp_path / "model", gans=[Odd])
    (_, line), _ = said(loaded)
    assert line[1] == "2 of 3, 1 dropped"
    assert loaded.n_members_ == detector.n_members_ == 3


@needs_fitted_attributes
def test_members_that_begin_anew_count_by_the_parameter_of_then() -> None:
    detector = GANDetector(**QUICK, reservoir_size=200).fit(table())
    detector.set_params(n_estimators=4).partial_fit(table(100, seed=1))
    (_, line), _ = said(detector)
    assert line[1] == "2 of 2"
    detector.partial_fit(table(100, seed=2))  # the second half of `max_iter` steps
    (_, line), _ = said(detector)
    assert line[1] == "4 of 4"


@needs_fitted_attributes
def test_rows_and_steps_of_partial_fit_count() -> None:
    detector = GANDetector(**QUICK, reservoir_size=100).fit(table())
    detector.partial_fit(table(100, seed=1))
    (_, line), flagged = said(detector)
    assert line[2:5] == ["300", "5", "40"]
    assert "10 % of the 100 training scores" in flagged


@needs_fitted_attributes
def test_a_threshold_of_false_alarms_shows_what_it_flags(fitted) -> None:
    detector = GANDetector(**QUICK).fit(table()).calibrate(table(seed=1)).set_threshold(fpr=0.5)
    _, flagged = said(detector)
    assert f"{100 * detector.labels_.mean():.3g} % of" in flagged
    assert "10 % of" not in flagged


@needs_fitted_attributes
def test_the_outlier_detector_shows_its_detector(fitted) -> None:
    turned = GANOutlierDetector(**QUICK).fit(table())
    (titles, line), flagged = said(turned)
    (_, expected), same = said(fitted)
    assert titles == TITLES
    assert line[:5] == expected[:5]
    assert flagged == same


@needs_fitted_attributes
def test_pipelines_and_searches_show_the_detector_in_them() -> None:
    pipeline = make_pipeline(StandardScaler(), GANDetector(**QUICK)).fit(table())
    search = GridSearchCV(
        pipeline, {"gandetector__max_iter": [10]}, scoring=synthetic_negatives, cv=2
    ).fit(table())
    for estimator, steps in ((pipeline, "20"), (search, "10")):
        (_, line), _ = said(estimator)
        assert line[:5] == ["ViewGAN", "2 of 2", "200", "5", steps]


@needs_fitted_attributes
def test_each_detector_of_a_series_has_a_line() -> None:
    series = np.sin(np.arange(300) / 5)
    detector = SeriesDetector(window_size=(16, 40), **QUICK).fit(series)
    (titles, *by_size), flagged = said(detector)
    assert titles == ["Part", *TITLES]
    assert [line[:5] for line in by_size] == [
        ["windows of 16", "ViewGAN", "2 of 2", "285", "16"],
        ["windows of 40", "ViewGAN", "2 of 2", "261", "24"],
    ]
    assert flagged.endswith(": 10 % of the 300 training scores.")


@needs_fitted_attributes
def test_each_detector_of_images_has_a_line() -> None:
    images = ImageDetector(parts=("shape", "sections"), **QUICK).fit(load_digits().images[:50])
    (_, *by_part), _ = said(images)
    names = [line[0] for line in by_part]
    assert names == ["shape", *(f"sections {i + 1}" for i in range(len(names) - 1))]
    assert len(names) > 2


@needs_fitted_attributes
def test_records_have_lines_of_the_detectors_of_their_parts() -> None:
    notes = [f"Parcel {i} was left with the neighbour." for i in range(100)]
    records = {"a & b": table(100, 3), "note": notes, "c": table(100, 3)}
    texts = TextDetector(parts=("style", "words"), **QUICK)
    detector = RecordDetector(
        [("a & b", GANDetector(**QUICK)), ("note", texts), ("c", IForest())], random_state=0
    ).fit(records)
    (_, *by_part), _ = said(detector)
    assert [line[:4] for line in by_part] == [
        ["a & b", "ViewGAN", "2 of 2", "100"],
        ["note style", "ViewGAN", "2 of 2", "100"],
        ["note words", "ViewGAN", "2 of 2", "100"],
        ["c", "IForest", "", ""],
    ]


def test_texts_instead_of_diagrams_are_respected(fitted) -> None:
    with sklearn.config_context(display="text"):
        assert not hasattr(fitted, "_repr_html_")
        assert [*fitted._repr_mimebundle_()] == ["text/plain"]
    assert "text/html" in fitted._repr_mimebundle_()


@needs_fitted_attributes
def test_html_is_also_that_of_scikit_learns_function(fitted) -> None:
    assert "<summary>Training</summary>" in estimator_html_repr(fitted)
