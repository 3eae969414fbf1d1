"""Choosing a detector: scorers for scikit-learn's searches that need no labels, and labels.

A scorer is a function ``scorer(estimator, X, y=None)``, higher = better, for the ``scoring`` of
``GridSearchCV``, ``RandomizedSearchCV`` or ``cross_val_score``. It takes any fitted detector whose
``decision_function`` is higher for anomalies, scikit-learn's own detectors, which it turns around,
and pipelines that end in one. ``functools.partial`` sets options. The same int ``random_state``
gives the same draws for every candidate. ``docs/model-selection.md`` says how far to trust them.
"""

from __future__ import annotations

from .labels import as_outlier_labels
from .scorers import (
    excess_mass,
    mass_volume,
    member_agreement,
    resample_stability,
    synthetic_negatives,
)

__all__ = [
    "as_outlier_labels",
    "excess_mass",
    "mass_volume",
    "member_agreement",
    "resample_stability",
    "synthetic_negatives",
]
