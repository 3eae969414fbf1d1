"""Choice of a detector: scorers without labels for scikit-learn's searches, and labels.

A scorer is a function ``scorer(estimator, X, y=None)``, higher = better. It goes into the
``scoring`` of ``GridSearchCV``, ``RandomizedSearchCV`` or ``cross_val_score``. It takes any fitted
detector whose ``decision_function`` is higher for anomalies, and pipelines that end in one. It also
takes scikit-learn's own detectors and turns their scores around. ``functools.partial`` sets
options. The same int ``random_state`` gives the same draws for every candidate.
``docs/model-selection.md`` says how far scorers can be trusted.
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
