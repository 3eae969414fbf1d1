"""Scores and labels of a row do not depend on the rows that come with it, bit for bit."""

from __future__ import annotations

import numpy as np

from pyod_gan import GANDetector
from pyod_gan.gans import BaseGAN

X = np.random.default_rng(0).integers(0, 3, (101, 4)).astype(float)  # many rows are equal


def everything(detector: GANDetector, rows: np.ndarray) -> np.ndarray:
    """Scores, labels, probabilities, confidences and p-values, (n, 6)."""
    scores, labels = detector.decision_function(rows), detector.predict(rows)
    probability, confidence = detector.predict_proba(rows, return_confidence=True)
    return np.column_stack([scores, labels, probability, confidence, detector.p_values(rows)])


def test_companions_do_not_matter(gan_class: type[BaseGAN]) -> None:
    quick = {"n_estimators": 8, "max_iter": 10, "random_state": 0}
    fitted = GANDetector(gan_class(), contamination=0.1, **quick).fit(X)  # of 101 rows
    assert fitted.threshold_ in fitted.decision_scores_
    seen = everything(fitted.calibrate(X), X)
    np.testing.assert_array_equal(seen[:, 0], fitted.decision_scores_)
    np.testing.assert_array_equal(seen[:, 1], fitted.labels_)
    order = np.random.default_rng(1).permutation(len(X))
    np.testing.assert_array_equal(everything(fitted, X[order]), seen[order])
    np.testing.assert_array_equal(everything(fitted, np.r_[X, X]), np.r_[seen, seen])
    _, firsts, number = np.unique(X, axis=0, return_index=True, return_inverse=True)
    np.testing.assert_array_equal(seen, seen[firsts][number.ravel()])  # of equal rows
    at_threshold = np.flatnonzero(fitted.decision_scores_ == fitted.threshold_)
    for i in (0, 100, at_threshold[0]):
        np.testing.assert_array_equal(everything(fitted, X[i : i + 1]), seen[i : i + 1])
