"""Scorers for scikit-learn's searches that need no labels."""

from __future__ import annotations

from functools import partial
from numbers import Integral
from typing import Any

import numpy as np
from sklearn.base import clone
from sklearn.metrics import roc_auc_score
from sklearn.utils import _safe_indexing, check_random_state
from sklearn.utils._param_validation import Interval, StrOptions, validate_params

from ..api.fitted import inner_detector, model_of
from ..engine.combination import in_units
from . import criteria
from .criteria import Seed, anomaly_scores, as_table

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
    """Area under the excess-mass curve: high if many rows lie in little volume.

    The curve is ``EM(t) = max over u of (share of rows that score at most u − t · volume that
    scores at most u)``, from t = 0 to where EM falls to 0.9. Volumes are shares of the box around
    the rows, measured by 10,000 uniform points.

    Points cannot fill a box of many columns. Beyond ``max_features`` clones are fitted on random
    columns, as in the paper's algorithm 1, and the value is the mean over them. Here each clone is
    fitted on half of the rows, and the other half is scored. This judges the parameters, not the
    fitted detector, and it sees no dependence among more columns.

    Parameters
    ----------
    estimator : estimator
        Fitted detector.
    X : array-like of shape (n_samples, n_features)
        Rows, best held out from ``fit``. All values must be finite numbers.
    y : Ignored
        Present for API consistency.
    max_features : int, default=5
        Largest number of columns, except constant ones, for which the detector itself is judged. It
        is also the number of columns of each draw, the paper's d'.
    n_draws : int, default=5
        Number of draws of columns. Each draw takes a fit. The paper has 50.
    random_state : int, RandomState or None, default=0
        Seed of points, columns and halves.

    Returns
    -------
    value : float
        A value above 0, whose scale depends on the data set.

    Raises
    ------
    ValueError
        If an option cannot be used, or if ``X`` is not all finite numbers.

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
    """Minus the mean height of the mass-volume curve: high if normal rows take little volume.

    ``MV(α)`` is the volume that scores at most as high as the share α of the rows, for α from 0.9
    to 0.999. Many columns are treated as in :func:`excess_mass`.

    Parameters
    ----------
    estimator, X, y, max_features, n_draws, random_state
        As in :func:`excess_mass`.

    Returns
    -------
    value : float
        A value from −1, the whole box, to 0.

    Raises
    ------
    ValueError
        As in :func:`excess_mass`.

    References
    ----------
    Goix 2016, see :func:`excess_mass`.
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
        Present for API consistency.
    kind : {"permuted", "uniform"}, default="permuted"
        "permuted" shuffles each column by itself. This breaks the dependence of columns of any
        type, and makes the synthetic class of unsupervised random forests. "uniform" draws from
        the box around the rows, which must be finite numbers. With many columns the box is so empty
        that the task is easy.
    random_state : int, RandomState or None, default=0
        Seed of the synthetic rows.

    Returns
    -------
    value : float
        AUROC from 0 to 1.

    Raises
    ------
    ValueError
        If ``kind`` is neither "permuted" nor "uniform", or if it is "uniform" and ``X`` is not all
        finite numbers.

    References
    ----------
    Steinwart, Hush and Scovel, "A Classification Framework for Anomaly Detection", JMLR 6, 2005.
    Shi and Horvath, "Unsupervised Learning with Random Forest Predictors", Journal of Computational
    and Graphical Statistics 15, 2006 (permuted columns).
    """
    X, rng = criteria.as_rows(X), check_random_state(random_state)
    if kind == "uniform":
        negatives = criteria.uniform_rows(X, len(X), rng)
    else:
        negatives = criteria.permuted_rows(X, rng)
    scores = np.r_[anomaly_scores(estimator, X), anomaly_scores(estimator, negatives)]
    return float(roc_auc_score(np.repeat([0, 1], len(X)), scores))


def member_agreement(estimator: Any, X: Any, y: Any = None) -> float:
    """Mean Spearman correlation of the scores of an ensemble's members, over pairs.

    Members differ in their random draws only. So scores on which they agree are no accident of
    training. Members that are wrong in the same way agree too.

    The method follows unsupervised disentanglement ranking, which compares models that differ in
    their seeds. Ma et al. tried it on outlier detectors.

    Parameters
    ----------
    estimator : GANDetector, GANOutlierDetector or Pipeline that ends in one
        Fitted detector, with at least 2 members left.
    X : array-like of shape (n_samples, n_features)
        Rows.
    y : Ignored
        Present for API consistency.

    Returns
    -------
    value : float
        A value of at most 1. It is 0 for no agreement.

    Raises
    ------
    NotFittedError
        If the detector is not fitted.
    TypeError
        If the detector is another one; ``resample_stability`` takes any.
    ValueError
        If the detector has a single member.

    References
    ----------
    Duan et al., "Unsupervised Model Selection for Variational Disentangled Representation
    Learning", ICLR 2020, arXiv 1905.12614. Ma et al., "The Need for Unsupervised Outlier Model
    Selection", SIGKDD Explorations 25, 2023, arXiv 2104.01422.
    """
    detector, X = inner_detector(estimator, X)
    model = model_of(detector)
    if model.n_members < 2:
        raise ValueError(
            "`member_agreement` needs at least 2 members. The detector has 1; raise `n_estimators`."
        )
    scores = in_units(model.member_scores(model.rows(X)), model.units)  # (E, n, V)
    return criteria.mean_correlation(scores.max(axis=-1))


@_validated({"n_resamples": [_COUNT], "random_state": ["random_state"]})
def resample_stability(
    estimator: Any, X: Any, y: Any = None, *, n_resamples: int = 2, random_state: Seed = 0
) -> float:
    """Mean Spearman correlation of the detector and clones fitted on halves of ``X``, over pairs.

    The method follows the ranking stability of Perini et al., who also refit on subsets. They weigh
    ranks by the share of anomalies, which is unknown here. A detector that is wrong in the same way
    each time is stable too.

    Parameters
    ----------
    estimator : estimator
        Fitted detector that can be cloned. Its clones keep its ``random_state``.
    X : array-like of shape (n_samples, n_features)
        Rows that the detector and all clones score, at least 4.
    y : Ignored
        Present for API consistency.
    n_resamples : int, default=2
        Number of clones. Each clone takes a fit.
    random_state : int, RandomState or None, default=0
        Seed of the halves.

    Returns
    -------
    value : float
        A value of at most 1. It is 0 for no agreement.

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
