"""The scikit-learn contract of GANDetector."""

from __future__ import annotations

import warnings

import joblib
import numpy as np
import pandas as pd
import pytest
import skops.io
from scipy.sparse import csr_array
from sklearn.base import clone
from sklearn.exceptions import NotFittedError
from sklearn.model_selection import GridSearchCV, StratifiedKFold
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler
from sklearn.utils.estimator_checks import (
    check_dataframe_column_names_consistency,
    parametrize_with_checks,
)

from pyod_gan import ALAD, GAN, GANDetector, GANOutlierDetector
from tests.helpers import QUICK, table

LABELS = "PyOD labels outliers 1 and scores them higher; scikit-learn wants -1 and lower"


@parametrize_with_checks(
    [GANDetector(n_estimators=2, max_iter=10), GANDetector("alad", n_estimators=2, max_iter=10)],
    expected_failed_checks=lambda estimator: {
        "check_outliers_fit_predict": LABELS,
        "check_outliers_train": LABELS,
    },
)
def test_estimator_checks(estimator, check) -> None:
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        check(estimator)


@parametrize_with_checks([GANOutlierDetector(n_estimators=2, max_iter=10)])
def test_outlier_detector_passes_every_check(estimator, check) -> None:
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        check(estimator)


def test_outlier_detector_is_the_detector_turned_around() -> None:
    X = table()
    detector = GANDetector(**QUICK, contamination=0.05).fit(X)
    turned = GANOutlierDetector(**QUICK, contamination=0.05).fit(X)
    np.testing.assert_array_equal(turned.score_samples(X), -detector.decision_scores_)
    np.testing.assert_array_equal(turned.predict(X), 1 - 2 * detector.labels_)
    np.testing.assert_array_equal(turned.decision_function(X) < 0, detector.labels_ == 1)
    assert turned.offset_ == -detector.threshold_
    assert turned.get_params() == detector.get_params()
    with pytest.raises(ValueError, match="'gan' parameter"):
        turned.set_params(gan__latent_dim=3)
    with pytest.raises(ValueError, match="n_estimators"):
        turned.set_params(n_estimators=0).fit(X)
    assert turned.detector_ is not None  # as it was before
    turned.set_params(n_estimators=2).fit(X).detector_.calibrate(X).set_threshold(fpr=0.02)
    np.testing.assert_array_equal(turned.predict(X) == -1, turned.detector_.predict(X) == 1)


def test_outlier_detector_explains_and_saves_like_the_detector(tmp_path) -> None:
    X = table()
    turned = GANOutlierDetector(ALAD(latent_dim=3), **QUICK).fit(X)
    np.testing.assert_array_equal(turned.explain(X[:5]), turned.detector_.explain(X[:5]))
    assert turned.explain_frame(X[:5]).equals(turned.detector_.explain_frame(X[:5]))
    turned.save(tmp_path / "model")
    for loaded in (GANOutlierDetector.load(tmp_path / "model"), turned):
        np.testing.assert_array_equal(loaded.predict(X), turned.predict(X))
        np.testing.assert_array_equal(loaded.score_samples(X), turned.score_samples(X))
        assert loaded.gan.latent_dim == 3
    turned.to_onnx(tmp_path / "model.onnx")
    assert (tmp_path / "model.onnx").exists()
    for method in ("save", "to_onnx"):
        with pytest.raises(NotFittedError):
            getattr(GANOutlierDetector(), method)(tmp_path / "other")


def test_nested_parameters_are_set_all_or_none() -> None:
    detector = GANDetector(ALAD())
    with pytest.raises(ValueError, match="bogus"):
        detector.set_params(gan__latent_dim=4, gan__bogus=1)
    assert detector.gan.latent_dim == ALAD().latent_dim


@pytest.mark.parametrize("estimator", [GANDetector(**QUICK), GANOutlierDetector(**QUICK)])
def test_column_names(estimator) -> None:
    check_dataframe_column_names_consistency(type(estimator).__name__, estimator)


def test_reordered_columns_are_refused() -> None:
    frame = pd.DataFrame(table(), columns=list("abcde"))
    detector = GANDetector(**QUICK).fit(frame)
    assert list(detector.feature_names_in_) == list("abcde")
    with pytest.raises(ValueError, match="feature names"):
        detector.decision_function(frame[list("edcba")])
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        for method in ("predict", "predict_proba", "predict_confidence", "predict_with_rejection"):
            getattr(detector, method)(frame)


@pytest.mark.parametrize(
    "convert",
    [
        lambda X: X.tolist(),
        lambda X: pd.DataFrame(X, columns=list("abcde")),
        lambda X: np.asfortranarray(X),
        lambda X: X[:, ::-1][:, ::-1],
    ],
    ids=["list", "data frame", "Fortran order", "reversed view"],
)
def test_kinds_of_input_score_alike(convert) -> None:
    X = table()
    expected = GANDetector(**QUICK).fit(X)
    detector = GANDetector(**QUICK).fit(convert(X))
    np.testing.assert_array_equal(expected.decision_scores_, detector.decision_scores_)
    assert detector.predict(convert(X)).shape == (200,)
    assert detector.predict_proba(convert(X)).shape == (200, 2)


def test_float32_and_integers() -> None:
    X = table()
    single = GANDetector(**QUICK).fit(X.astype(np.float32)).decision_scores_
    np.testing.assert_allclose(single, GANDetector(**QUICK).fit(X).decision_scores_, atol=1e-2)
    assert single.dtype == np.float64
    assert np.isfinite(GANDetector(**QUICK).fit((10 * X).astype(int)).decision_scores_).all()


@pytest.mark.parametrize(
    ("bad", "error", "message"),
    [
        (
            np.where(table() > 2, np.nan, table()),
            ValueError,
            r"NaN, first in X\[.*preprocessing='table'",
        ),
        (np.where(table() > 2, np.inf, table()), ValueError, "infinity"),
        (csr_array(table()), ValueError, r"Sparse.*toarray"),
        (table()[:1], ValueError, "minimum of 2"),
        (table()[:0], ValueError, "minimum of 2"),
        (table()[:, 0], ValueError, "2D"),
        (np.array([["a", "b"], ["c", "d"]]), ValueError, "convert"),
    ],
    ids=["NaN", "infinite", "sparse", "one row", "no row", "1-D", "text"],
)
def test_bad_input_changes_nothing(bad, error, message) -> None:
    detector = GANDetector(**QUICK)
    with pytest.raises(error, match=message):
        detector.fit(bad)
    assert vars(detector) == vars(clone(detector))
    detector.fit(table())
    before = detector.decision_scores_
    with pytest.raises(error, match=message):
        detector.fit(bad)
    assert detector.n_features_in_ == 5
    np.testing.assert_array_equal(before, detector.decision_function(table()))


def test_warnings_name_the_detector() -> None:
    named = GANDetector(**QUICK).fit(pd.DataFrame(table(), columns=list("abcde")))
    with pytest.warns(UserWarning, match="valid feature names, but GANDetector was fitted with"):
        named.decision_function(table())


def test_wrong_width_and_unfitted() -> None:
    with pytest.raises(NotFittedError):
        GANDetector().decision_function(table())
    with pytest.raises(NotFittedError):
        GANDetector().predict(table())
    with pytest.raises(ValueError, match="X has 4 features, but GANDetector is expecting 5"):
        GANDetector(**QUICK).fit(table()).predict(table()[:, :4])


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("contamination", 0.0),
        ("contamination", 0.9),
        ("n_estimators", 0),
        ("n_estimators", 2.5),
        ("max_iter", 0),
        ("batch_size", 1),
        ("lr", 0.0),
        ("lr", -1e-3),
        ("hidden_layer_sizes", (0,)),
        ("hidden_layer_sizes", (8, 2.5)),
        ("early_stopping", "yes"),
        ("callbacks", 3),
        ("callbacks", [3]),
        ("random_state", "seed"),
        ("device", "abacus"),
        ("verbose", 3),
        ("gan", 3),
        ("gan", "aald"),
    ],
)
def test_bad_parameters_are_raised_in_fit(name: str, value: object) -> None:
    detector = GANDetector().set_params(**{name: value})
    with pytest.raises(ValueError, match=rf"'{name}' parameter of GANDetector must be .* Got "):
        detector.fit(table())
    assert not hasattr(detector, "n_features_in_")


def test_close_name_is_suggested() -> None:
    with pytest.raises(ValueError, match="Did you mean 'alad'"):
        GANDetector("aald").fit(table())


def test_a_name_has_no_parameters() -> None:
    with pytest.raises(ValueError, match="pass a spec object"):
        GANDetector("alad").set_params(gan__latent_dim=3)


def test_set_params_sets_all_or_none() -> None:
    detector = GANDetector(ALAD(), n_estimators=8)
    with pytest.raises(ValueError, match="Invalid parameter 'nope'"):
        detector.set_params(n_estimators=3, gan__nope=3)
    assert detector.n_estimators == 8


def test_pipeline_and_joblib(cancer, tmp_path) -> None:
    X, _ = cancer
    pipeline = make_pipeline(StandardScaler(), GANDetector(**QUICK)).fit(X)
    joblib.dump(pipeline, tmp_path / "model.joblib")
    loaded = joblib.load(tmp_path / "model.joblib")
    np.testing.assert_array_equal(pipeline.decision_function(X), loaded.decision_function(X))
    dump = skops.io.dumps(pipeline)
    loaded = skops.io.loads(dump, trusted=skops.io.get_untrusted_types(data=dump))
    np.testing.assert_array_equal(pipeline.decision_function(X), loaded.decision_function(X))
    assert pipeline.predict_proba(X).shape == (len(X), 2)


def test_grid_search_over_gans(cancer) -> None:
    X, y = cancer
    search = GridSearchCV(
        GANDetector(**QUICK),
        [
            {"gan": ["prototype", GAN()]},
            {"gan": [ALAD()], "gan__latent_dim": [2, 8]},
        ],
        scoring="roc_auc",
        cv=StratifiedKFold(3, shuffle=True, random_state=0),
        n_jobs=2,
        error_score="raise",
    ).fit(X, y)
    scores = search.cv_results_["mean_test_score"]
    assert np.isfinite(scores).all()
    assert search.best_score_ > 0.9
    assert len(set(scores)) == 4  # every candidate was another detector


def test_workers_score_like_the_parent() -> None:
    X = table()
    detectors = [GANDetector(**QUICK) for _ in range(2)]
    fitted = joblib.Parallel(n_jobs=2)(joblib.delayed(d.fit)(X) for d in detectors)
    expected = detectors[0].fit(X).decision_scores_
    for detector in fitted:
        np.testing.assert_array_equal(expected, detector.decision_function(X))
