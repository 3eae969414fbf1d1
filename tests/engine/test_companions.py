"""Scores and labels of a row do not depend on the rows that come with it, bit for bit."""

from __future__ import annotations

import numpy as np
import pytest

from pyod_gan import GANDetector
from pyod_gan.gans import BaseGAN
from tests.helpers import QUICK

X = np.random.default_rng(0).integers(0, 3, (101, 4)).astype(float)  # many rows are equal


def everything(detector: GANDetector, rows: np.ndarray) -> np.ndarray:
    """Scores, labels, confidences, probabilities and p-values, (n, 6)."""
    ways = [detector.predict_proba(rows, method=how)[:, 1] for how in ("linear", "unify")]
    labels, confidence = detector.predict(rows, return_confidence=True)
    p = detector.p_values(rows)
    return np.column_stack([detector.decision_function(rows), labels, confidence, *ways, p])


@pytest.mark.parametrize("n_estimators", [2, 8])
def test_companions_do_not_matter(gan_class: type[BaseGAN], n_estimators: int) -> None:
    quick = QUICK | {"max_iter": 10, "n_estimators": n_estimators}
    fitted = GANDetector(gan_class(), contamination=0.1, **quick).fit(X)  # of 101 rows
    assert fitted.threshold_ in fitted.decision_scores_
    seen = everything(fitted.calibrate(X), X)
    np.testing.assert_array_equal(seen[:, 0], fitted.decision_scores_)
    np.testing.assert_array_equal(seen[:, 1], fitted.labels_)
    order = np.random.default_rng(1).permutation(len(X))
    np.testing.assert_array_equal(everything(fitted, X[order]), seen[order])
    np.testing.assert_array_equal(everything(fitted, np.r_[X, X]), np.r_[seen, seen])
    first_of_equals = np.unique(X, axis=0, return_index=True, return_inverse=True)[1:]
    np.testing.assert_array_equal(seen, seen[first_of_equals[0]][first_of_equals[1].ravel()])
    at_threshold = np.flatnonzero(fitted.decision_scores_ == fitted.threshold_)
    for i in {0, 1, 2, 100, *at_threshold}:
        np.testing.assert_array_equal(everything(fitted, X[i : i + 1]), seen[i : i + 1])
