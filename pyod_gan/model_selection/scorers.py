"""Scorers for scikit-learn's searches that need no labels."""

from __future__ import annotations

from functools import partial
from numbers import Integral
from typing import Any

import numpy as np
from sklearn.base import clone
from sklearn.metrics import roc_auc_score
from sklearn.pipeline import Pipeline
from sklearn.utils import _safe_indexing, check_random_state
from sklearn.utils._param_validation import Interval, StrOptions, validate_params

from ..api.fitted import model_of
from ..engine.combination import in_units
from . import criteria
from .criteria import Seed, anomaly_scores, as_table, last_step

_COUNT = Interval(Integral, 1, None, closed="left")
_OF_LEVEL_SETS = {"max_features": [_COUNT], "n_draws": [_COUNT], "random_state": ["random_state"]}
_validated = partial(validate_params, prefer_skip_nested_validation=False)


@_validated(_OF_LEVEL_SETS)
def excess_mass(
    estimator: Any,
    X: Any,
    y: Any = None,
    *,
    max_features: int = 5,
    n_draws: int = 5,
    random_state: Seed = 0,
) -> float:
    """Area under the excess-mass curve: many rows in little volume.

    ``EM(t) = max over u of (share of rows that score at most u − t · volume that does)``, from t =
    0 to where EM falls to 0.9. Volumes are shares of the box around the rows, measured by 10,000
    uniform points. They cannot fill a box of many columns. Beyond ``max_features``, as in the
    paper's algorithm 1, clones are fitted on random columns, here of half of the rows, and the
    other half is scored; the value is their mean. That judges the parameters, not the fitted
    detector, and sees no dependence among more columns.

    Parameters
    ----------
    estimator : estimator
        Fitted detector.
    X : array-like of shape (n_samples, n_features)
        Rows, best held out from ``fit``; finite numbers.
    y : Ignored
    max_features : int, default=5
        Columns, but for constant ones, up to which the detector itself is judged, and of each
        draw; the paper's d'.
    n_draws : int, default=5
        Draws of columns, each of which takes a fit; the paper has 50.
    random_state : int, RandomState or None, default=0
        Of points, columns and halves.

    Returns
    -------
    value : float
        Above 0; its scale depends on the data set.

    Raises
    ------
    ValueError
        For an option that cannot be used, or an ``X`` that is not all finite numbers.

    References
    ----------
    Goix, "How to Evaluate the Quality of Unsupervised Anomaly Detection Algorithms?", ICML 2016
    Anomaly Detection Workshop, arXiv 1607.01152.
    """
    both = criteria.level_sets(estimator, X, max_features, n_draws, random_state)
    return float(np.mean([criteria.excess_mass_area(*scores) for scores in both]))


@_validated(_OF_LEVEL_SETS)
def mass_volume(
    estimator: Any,
    X: Any,
    y: Any = None,
    *,
    max_features: int = 5,
    n_draws: int = 5,
    random_state: Seed = 0,
) -> float:
    """Minus the mean height of the mass-volume curve: how much room normal rows take.

    ``MV(α)`` is the volume that scores at most as high as the share α of the rows, for α from 0.9
    to 0.999. Paper, parameters, errors and what is done with many columns: :func:`excess_mass`.

    Parameters
    ----------
    estimator, X, y, max_features, n_draws, random_state
        As in :func:`excess_mass`.

    Returns
    -------
    value : float
        From −1, the whole box, to 0.
    """
    both = criteria.level_sets(estimator, X, max_features, n_draws, random_state)
    return float(np.mean([-criteria.mean_volume(*scores) for scores in both]))


@_validated({"kind": [StrOptions({"permuted", "uniform"})], "random_state": ["random_state"]})
def synthetic_negatives(
    estimator: Any, X: Any, y: Any = None, *, kind: str = "permuted", random_state: Seed = 0
) -> float:
    """AUROC of telling rows from as many synthetic rows, which should score higher.

    Parameters
    ----------
    estimator : estimator
        Fitted detector.
    X : array-like of shape (n_samples, n_features)
        Rows, best held out from ``fit``.
    y : Ignored
    kind : {"permuted", "uniform"}, default="permuted"
        "permuted" shuffles each column by itself, which breaks the dependence of columns of any
        type; the synthetic class of unsupervised random forests. "uniform" draws from the box
        around the rows, finite numbers only; of many columns it is so empty that all is easy.
    random_state : int, RandomState or None, default=0
        Of the synthetic rows.

    Returns
    -------
    value : float
        From 0 to 1.

    Raises
    ------
    ValueError
        If ``kind`` is neither, or "uniform" meets anything but finite numbers.

    References
    ----------
    Steinwart, Hush and Scovel, "A Classification Framework for Anomaly Detection", JMLR 6, 2005.
    Shi and Horvath, "Unsupervised Learning with Random Forest Predictors", Journal of Computational
    and Graphical Statistics 15, 2006 (permuted columns).
    """
    X, rng = as_table(X), check_random_state(random_state)
    if kind == "uniform":
        negatives = criteria.uniform_rows(X, len(X), rng)
    else:
        negatives = criteria.permuted_rows(X, rng)
    scores = np.r_[anomaly_scores(estimator, X), anomaly_scores(estimator, negatives)]
    return float(roc_auc_score(np.repeat([0, 1], len(X)), scores))


def member_agreement(estimator: Any, X: Any, y: Any = None) -> float:
    """Mean Spearman correlation of the scores of an ensemble's members, over pairs.

    Members differ in their random draws only, so what they agree on is no accident of training;
    members that are wrong in the same way agree too. After unsupervised disentanglement ranking,
    which compares models that differ in their seeds; Ma et al. tried it on outlier detectors.

    Parameters
    ----------
    estimator : GANDetector, GANOutlierDetector or Pipeline that ends in one
        Fitted, with at least 2 members left.
    X : array-like of shape (n_samples, n_features)
        Rows.
    y : Ignored

    Returns
    -------
    value : float
        At most 1; 0 for no agreement.

    Raises
    ------
    TypeError
        For another detector.
    ValueError
        For a single member.

    References
    ----------
    Duan et al., "Unsupervised Model Selection for Variational Disentangled Representation
    Learning", ICLR 2020, arXiv 1905.12614. Ma et al., "The Need for Unsupervised Outlier Model
    Selection", SIGKDD Explorations 25, 2023, arXiv 2104.01422.
    """
    detector = getattr(last_step(estimator), "detector_", last_step(estimator))
    if not hasattr(detector, "model_"):
        raise TypeError(
            "`member_agreement` needs a fitted GANDetector, alone or as a pipeline's last step. "
            f"Got {last_step(estimator)!r} instead; `resample_stability` takes any detector."
        )
    model = model_of(detector)
    if model.n_members < 2:
        raise ValueError(
            "`member_agreement` needs at least 2 members. The detector has 1; raise `n_estimators`."
        )
    if isinstance(estimator, Pipeline) and len(estimator) > 1:
        X = estimator[:-1].transform(X)
    scores = in_units(model.member_scores(model.rows(X)), model.units)  # (E, n, V)
    return criteria.mean_correlation(scores.max(axis=-1))


@_validated({"n_resamples": [_COUNT], "random_state": ["random_state"]})
def resample_stability(
    estimator: Any, X: Any, y: Any = None, *, n_resamples: int = 2, random_state: Seed = 0
) -> float:
    """Mean Spearman correlation of the detector and clones fitted on halves of ``X``, over pairs.

    After the ranking stability of Perini et al., who refit on subsets too, and weigh ranks by the
    share of anomalies, which is unknown here. What is wrong in the same way each time is stable.

    Parameters
    ----------
    estimator : estimator
        Fitted detector that can be cloned; its clones keep its ``random_state``.
    X : array-like of shape (n_samples, n_features)
        Rows that all of them score, at least 4.
    y : Ignored
    n_resamples : int, default=2
        Clones, each of which takes a fit.
    random_state : int, RandomState or None, default=0
        Of the halves.

    Returns
    -------
    value : float
        At most 1; 0 for no agreement.

    Raises
    ------
    ValueError
        If ``n_resamples`` is less than 1.

    References
    ----------
    Perini, Galvin and Vercruyssen, "A Ranking Stability Measure for Quantifying the Robustness of
    Anomaly Detection Methods", ECML PKDD 2020 Workshops, doi 10.1007/978-3-030-65965-3_27.
    """
    X, rng = as_table(X), check_random_state(random_state)
    scores = [anomaly_scores(estimator, X)]
    for _ in range(n_resamples):
        half = _safe_indexing(X, rng.permutation(len(X))[: len(X) // 2])
        scores.append(anomaly_scores(clone(estimator).fit(half), X))
    return criteria.mean_correlation(np.array(scores))
