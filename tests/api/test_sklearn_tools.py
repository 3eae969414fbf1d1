"""Scikit-learn's tools around a detector: frames between steps, metadata routing, displays."""

from __future__ import annotations

import matplotlib
import numpy as np
import pandas as pd
import polars as pl
import pytest
import sklearn
from sklearn.base import BaseEstimator, RegressorMixin, clone
from sklearn.calibration import CalibrationDisplay
from sklearn.compose import make_column_transformer
from sklearn.exceptions import UnsetMetadataPassedError
from sklearn.feature_selection import SequentialFeatureSelector
from sklearn.inspection import (
    DecisionBoundaryDisplay,
    partial_dependence,
    permutation_importance,
)
from sklearn.metrics import (
    ConfusionMatrixDisplay,
    DetCurveDisplay,
    PrecisionRecallDisplay,
    RocCurveDisplay,
    roc_auc_score,
)
from sklearn.model_selection import (
    GridSearchCV,
    LearningCurveDisplay,
    StratifiedKFold,
    ValidationCurveDisplay,
    cross_val_predict,
    cross_validate,
    learning_curve,
    validation_curve,
)
from sklearn.pipeline import Pipeline, make_pipeline
from sklearn.preprocessing import OneHotEncoder, StandardScaler

from pyod_gan import GANDetector, GANOutlierDetector
from pyod_gan.model_selection import member_agreement, synthetic_negatives
from tests.helpers import QUICK, table, with_far_rows

BOTH = pytest.mark.parametrize("kind", [GANDetector, GANOutlierDetector])
X, Y = with_far_rows()
FOLDS = StratifiedKFold(3, shuffle=True, random_state=0)
KNOWN = table(5, 5, seed=1) + 9


def inner(estimator: Pipeline) -> GANDetector:
    """The GANDetector in a fitted pipeline."""
    return getattr(estimator[-1], "detector_", estimator[-1])


@pytest.fixture
def routing():
    """Metadata routing is on."""
    with sklearn.config_context(enable_metadata_routing=True):
        yield


@BOTH
@pytest.mark.parametrize("given", [pd.DataFrame, pl.DataFrame, None])
@pytest.mark.parametrize("output", ["pandas", "polars"])
@pytest.mark.parametrize("everywhere", [True, False], ids=["global", "set_output"])
def test_frames_between_steps_keep_names_and_scores(kind, given, output, everywhere) -> None:
    rows = table()
    names = [f"x{i}" for i in range(5)] if given is None else list("abcde")
    frame = rows if given is None else given(dict(zip(names, rows.T, strict=True)))
    expected = make_pipeline(StandardScaler(), kind(**QUICK)).fit(rows).decision_function(rows)
    pipeline = make_pipeline(StandardScaler(), kind(**QUICK))
    if not everywhere:
        pipeline.set_output(transform=output)
    with sklearn.config_context(transform_output=output if everywhere else "default"):
        scores = pipeline.fit(frame).decision_function(frame)
    np.testing.assert_array_equal(scores, expected)
    assert list(pipeline[-1].feature_names_in_) == names


@BOTH
def test_frames_of_a_column_transformer(kind) -> None:
    frame = pd.DataFrame({"kind": ["a", "b"] * 100, "size": table()[:, 0]})
    columns = make_column_transformer(
        (OneHotEncoder(sparse_output=False), ["kind"]),
        ("passthrough", ["size"]),
        verbose_feature_names_out=False,
    )
    with_names = make_pipeline(clone(columns), kind(**QUICK)).set_output(transform="pandas")
    plain = make_pipeline(columns, kind(**QUICK)).fit(frame)
    scores = with_names.fit(frame).decision_function(frame)
    np.testing.assert_array_equal(scores, plain.decision_function(frame))
    assert list(with_names[-1].feature_names_in_) == ["kind_a", "kind_b", "size"]


@BOTH
def test_known_anomalies_have_to_be_asked_for(kind, routing) -> None:
    pipeline = make_pipeline(StandardScaler(), kind(**QUICK))
    said = rf"\[known_anomalies\] are passed .* {kind.__name__}.fit.*set_fit_request"
    with pytest.raises(UnsetMetadataPassedError, match=said):
        pipeline.fit(table(), known_anomalies=KNOWN)
    with pytest.raises(UnsetMetadataPassedError, match=said):
        cross_validate(
            kind(**QUICK), X, Y, scoring="roc_auc", cv=FOLDS, params={"known_anomalies": KNOWN}
        )
    pipeline[-1].set_fit_request(known_anomalies=False)
    with pytest.raises(TypeError, match="not routed to any object"):
        pipeline.fit(table(), known_anomalies=KNOWN)
    assert len(inner(pipeline.fit(table())).known_anomalies_) == 0


@BOTH
def test_a_request_is_kept_by_clones_and_may_have_an_alias(kind, routing) -> None:
    asking = clone(kind(**QUICK).set_fit_request(known_anomalies="found"))
    assert asking.get_metadata_routing().fit.requests == {"known_anomalies": "found"}
    pipeline = make_pipeline(StandardScaler(), asking).fit(table(), found=KNOWN)
    np.testing.assert_array_equal(inner(pipeline).known_anomalies_, KNOWN)  # as they were


@BOTH
@pytest.mark.parametrize("convert", [np.asarray, lambda a: pd.DataFrame(a, columns=list("abcde"))])
def test_a_pipeline_transforms_known_anomalies_if_it_is_told_to(kind, convert, routing) -> None:
    asking = kind(**QUICK).set_fit_request(known_anomalies=True)
    pipeline = make_pipeline(StandardScaler(), asking, transform_input=["known_anomalies"])
    pipeline.set_output(transform="pandas").fit(convert(table()), known_anomalies=convert(KNOWN))
    scaler = StandardScaler().fit(table())
    np.testing.assert_allclose(inner(pipeline).known_anomalies_, scaler.transform(KNOWN))
    by_hand = kind(**QUICK).fit(scaler.transform(table()), known_anomalies=scaler.transform(KNOWN))
    np.testing.assert_allclose(
        pipeline.decision_function(convert(table())),
        by_hand.decision_function(scaler.transform(table())),
        atol=1e-5,
    )


@BOTH
def test_searches_and_cross_validation_hand_known_anomalies_on(kind, routing) -> None:
    rows, known = X, X[Y == 1][:3] + 0.5
    pipeline = Pipeline(
        [("scale", StandardScaler()), ("detect", kind(**QUICK))],
        transform_input=["known_anomalies"],
    )
    pipeline[-1].set_fit_request(known_anomalies=True)
    search = GridSearchCV(pipeline, {"detect__max_iter": [5, 10]}, scoring="roc_auc", cv=FOLDS)
    best = search.fit(rows, Y, known_anomalies=known).best_estimator_
    np.testing.assert_array_equal(inner(best).known_anomalies_, best[:-1].transform(known))
    folds = cross_validate(
        pipeline,
        rows,
        Y,
        scoring="roc_auc",
        cv=FOLDS,
        params={"known_anomalies": known},
        return_estimator=True,
    )
    for fitted in folds["estimator"]:
        np.testing.assert_array_equal(inner(fitted).known_anomalies_, fitted[:-1].transform(known))
    without = cross_validate(pipeline, rows, Y, scoring="roc_auc", cv=FOLDS)
    assert (folds["test_score"] != without["test_score"]).any()
    scores = cross_val_predict(
        pipeline, rows, cv=3, method="decision_function", params={"known_anomalies": known}
    )
    assert np.isfinite(scores).all()


@pytest.mark.parametrize("scorer", [synthetic_negatives, member_agreement])
def test_scorers_without_labels_go_with_routing(scorer, routing) -> None:
    detector = GANDetector(**QUICK).set_fit_request(known_anomalies=True)
    search = GridSearchCV(
        detector, {"max_iter": [5, 10]}, scoring=scorer, cv=2, error_score="raise"
    )
    search.fit(table(), known_anomalies=KNOWN)
    assert len(search.best_estimator_.known_anomalies_) == 5
    assert np.isfinite(search.cv_results_["mean_test_score"]).all()


@BOTH
def test_known_anomalies_without_routing(kind) -> None:
    pipeline = Pipeline([("scale", StandardScaler()), ("detect", kind(**QUICK))])
    pipeline.fit(table(), detect__known_anomalies=KNOWN)
    np.testing.assert_array_equal(inner(pipeline).known_anomalies_, KNOWN)
    search = GridSearchCV(kind(**QUICK), {"max_iter": [5]}, scoring="roc_auc", cv=FOLDS)
    search.fit(X, Y, known_anomalies=X[:3] + 1)
    best = search.best_estimator_
    assert len(getattr(best, "detector_", best).known_anomalies_) == 3


@BOTH
def test_fit_predict_takes_what_fit_takes(kind, routing) -> None:
    expected = kind(**QUICK).fit(table(), known_anomalies=KNOWN)
    labels = kind(**QUICK).fit_predict(table(), known_anomalies=KNOWN)
    np.testing.assert_array_equal(labels, expected.predict(table()))
    asking = kind(**QUICK).set_fit_request(known_anomalies=True)
    pipeline = make_pipeline("passthrough", asking)
    np.testing.assert_array_equal(pipeline.fit_predict(table(), known_anomalies=KNOWN), labels)
    assert len(inner(pipeline).known_anomalies_) == 5
    with pytest.raises(TypeError, match="unexpected keyword argument 'sample_weight'"):
        kind(**QUICK).fit_predict(table(), sample_weight=np.ones(200))


@pytest.fixture
def axes():
    """Axes of a figure that is closed afterwards."""
    matplotlib.use("Agg")
    plt = pytest.importorskip("matplotlib.pyplot")
    figure, ax = plt.subplots()
    yield ax
    plt.close(figure)


@BOTH
@pytest.mark.parametrize("method", ["auto", "decision_function", "predict"])
def test_decision_boundary(kind, method, axes) -> None:
    rows = X[:, :2]
    detector = kind(**QUICK).fit(rows)
    drawn = DecisionBoundaryDisplay.from_estimator(
        detector, rows, response_method=method, grid_resolution=8, ax=axes
    )
    grid = np.c_[drawn.xx0.ravel(), drawn.xx1.ravel()]
    response = detector.predict if method == "predict" else detector.decision_function
    np.testing.assert_array_equal(drawn.response.ravel(), response(grid))


@BOTH
def test_curves_from_scores(kind, axes) -> None:
    detector = kind(**QUICK).fit(X)
    scores = detector.decision_function(X) * (1 if kind is GANDetector else -1)
    drawn = RocCurveDisplay.from_predictions(Y, scores, ax=axes)
    assert drawn.roc_auc == pytest.approx(roc_auc_score(Y, scores))
    assert drawn.roc_auc > 0.9
    assert PrecisionRecallDisplay.from_predictions(Y, scores, ax=axes).average_precision > 0.5
    assert DetCurveDisplay.from_predictions(Y, scores, ax=axes).fnr[-1] < 1e-9
    for display in (RocCurveDisplay, PrecisionRecallDisplay, DetCurveDisplay, CalibrationDisplay):
        with pytest.raises(ValueError, match="binary classifier"):
            display.from_estimator(detector, X, Y, ax=axes)
    with pytest.raises(ValueError, match="only supports classifiers"):
        ConfusionMatrixDisplay.from_estimator(detector, X, Y, ax=axes)


def test_calibration_and_confusion_from_predictions(axes) -> None:
    detector = GANDetector(**QUICK, contamination=0.05).fit(X)
    probability = detector.predict_proba(X)[:, 1]
    drawn = CalibrationDisplay.from_predictions(Y, probability, n_bins=3, ax=axes)
    assert drawn.prob_true[-1] == 1
    matrix = ConfusionMatrixDisplay.from_predictions(Y, detector.predict(X), ax=axes)
    assert matrix.confusion_matrix.sum() == len(X)
    assert matrix.confusion_matrix[1, 1] > 0


def test_what_depends_on_a_metric() -> None:
    """A detector's convention decides the label of anomalies, and then both give the same."""
    detector, turned = GANDetector(**QUICK), GANOutlierDetector(**QUICK)
    given = {"scoring": "roc_auc", "cv": FOLDS}
    for tool in (
        lambda d, y: (
            permutation_importance(
                d.fit(X), X, y, scoring="roc_auc", n_repeats=1, random_state=0
            ).importances_mean
        ),
        lambda d, y: learning_curve(d, X, y, train_sizes=[0.5, 1.0], **given)[2],
        lambda d, y: validation_curve(d, X, y, param_name="max_iter", param_range=[5, 10], **given)[
            1
        ],
        lambda d, y: (
            SequentialFeatureSelector(d, n_features_to_select=1, **given).fit(X, y).get_support()
        ),
    ):
        values = tool(detector, Y)
        np.testing.assert_allclose(values, tool(turned, 1 - 2 * Y))
        assert np.isfinite(values).all()
    for tool in (learning_curve, permutation_importance):
        with pytest.raises(TypeError, match="'score' method"):
            tool(detector.fit(X), X, Y)


def test_curve_displays_with_and_without_labels(axes) -> None:
    drawn = LearningCurveDisplay.from_estimator(
        GANDetector(**QUICK),
        X,
        None,
        scoring=synthetic_negatives,
        cv=2,
        train_sizes=[0.5, 1.0],
        ax=axes,
    )
    assert np.isfinite(drawn.test_scores).all()
    drawn = ValidationCurveDisplay.from_estimator(
        GANDetector(**QUICK),
        X,
        Y,
        scoring="roc_auc",
        cv=FOLDS,
        param_name="max_iter",
        param_range=[5, 10],
        ax=axes,
    )
    assert (drawn.test_scores > 0.8).all()


class Score(RegressorMixin, BaseEstimator):
    """The score of a detector as a regressor's prediction."""

    def __init__(self, detector):
        self.detector = detector

    def fit(self, X, y=None):
        self.detector_ = clone(self.detector).fit(X)
        return self

    def predict(self, X):
        return self.detector_.decision_function(X)


@BOTH
def test_partial_dependence_of_the_score(kind) -> None:
    detector = kind(**QUICK).fit(X)
    with pytest.raises(ValueError, match="fitted regressor or classifier"):
        partial_dependence(detector, X, [0])
    found = partial_dependence(Score(kind(**QUICK)).fit(X), X, [0], grid_resolution=4)
    moved = X.copy()
    moved[:, 0] = found["grid_values"][0][1]
    assert found["average"][0, 1] == pytest.approx(detector.decision_function(moved).mean())
