"""Which rows a detector is fitted on and which rows it scores.

================ ==================================== ==========================================
protocol         fitted on                            scored
================ ==================================== ==========================================
contaminated     all rows                             the same rows
one-class        a random half of the normal rows     the other normal rows and all anomalies
dte-one-class    the first half of the normal rows    the other normal rows and all anomalies
dte-unsupervised a bootstrap sample of all rows       all rows
kdd, arrhythmia  the normal rows of a random half     the other half, anomalies and all
known-0 to -10   a random half, of whose anomalies    the other half, anomalies and all
                 so many are known, or all
================ ==================================== ==========================================

The ``dte-`` protocols repeat those of "On Diffusion Modeling for Anomaly Detection" (Livernoche et
al., ICLR 2024, https://github.com/vicliv/DTE) exactly: sets above 50,000 rows are cut to 50,000,
sets below 1,000 are resampled with replacement to 1,000 *before* the split (so copies of a row land
on both sides), the one-class split follows the file order, and every detector gets standardised
columns. They exist for comparison with published figures; the honest headline is ``one-class``.

``kdd`` and ``arrhythmia`` are those of the papers on GANs for tables, each on its own data set
(Zong et al., ICLR 2018; Zenati et al., ICDM 2018): a fixed share of the scored rows is
flagged, and precision, recall and F1 are given.

Under ``known-1``, ``known-5`` and ``known-10`` a detector that can learn from known anomalies gets
so many of them, apart from the other rows of its half, whose anomalies it is not told. ``known-0``
is the same without. Otherwise labels are used for the split and for the metrics only, never by a
detector.
"""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray
from sklearn.preprocessing import StandardScaler

from . import kddcup99

IntArray = NDArray[np.int64]
FloatArray = NDArray[np.float64]

REVISION = 1  # raise it when a change to data or protocols alters results: all is then run again
MIN_ANOMALIES = 10  # what --max-rows keeps of a rare class, if there are as many
DTE_MOST, DTE_LEAST = 50_000, 1_000


class Split(NamedTuple):
    """Row numbers; ``reference`` are the rows a standard scaler is fitted on."""

    train: IntArray
    test: IntArray
    reference: IntArray
    known: IntArray | None = None  # anomalies that a detector is told


class Task(NamedTuple):
    """What one detector gets; ``X_test`` is None when the training rows are scored."""

    X_train: FloatArray
    X_test: FloatArray | None
    y: IntArray
    known: FloatArray | None = None  # known anomalies, which are not among ``X_train``


def thin(y: IntArray, max_rows: int | None) -> IntArray:
    """Return the rows of a stratified random subsample, in file order.

    The draw is the same for all seeds, so a data set stays one data set. The share of anomalies is
    kept, but at least ``MIN_ANOMALIES`` of them (or all, where there are fewer).

    Parameters
    ----------
    y : ndarray of shape (n,)
        Labels.
    max_rows : int or None
        The most rows to keep; None keeps all.

    Returns
    -------
    ndarray
        Sorted row numbers.
    """
    if max_rows is None or len(y) <= max_rows:
        return np.arange(len(y))
    anomalies, normals = np.flatnonzero(y == 1), np.flatnonzero(y == 0)
    share = round(max_rows * len(anomalies) / len(y))
    n_anomalies = min(max(share, MIN_ANOMALIES), len(anomalies))
    rng = np.random.RandomState(0)
    kept = [
        rng.choice(anomalies, n_anomalies, replace=False),
        rng.choice(normals, max_rows - n_anomalies, replace=False),
    ]
    return np.sort(np.concatenate(kept))


def _contaminated(y: IntArray, seed: int) -> Split:
    """Fit on all rows, score the same rows."""
    rows = np.arange(len(y))
    return Split(rows, rows, rows)


def _one_class(y: IntArray, seed: int) -> Split:
    """Fit on a random half of the normal rows, score the rest."""
    normals = np.random.RandomState(seed).permutation(np.flatnonzero(y == 0))
    half = len(normals) // 2
    train = np.sort(normals[:half])
    test = np.sort(np.concatenate([normals[half:], np.flatnonzero(y == 1)]))
    return Split(train, test, train)


def _dte_rows(y: IntArray, rng: np.random.RandomState) -> IntArray:
    """Cut large sets and resample small ones as DTE does."""
    if len(y) > DTE_MOST:
        return rng.choice(len(y), DTE_MOST, replace=False)
    if len(y) < DTE_LEAST:
        return rng.choice(len(y), DTE_LEAST, replace=True)
    return np.arange(len(y))


def _dte_one_class(y: IntArray, seed: int) -> Split:
    """Fit on the first half of the normal rows in file order, score the rest."""
    rows = _dte_rows(y, np.random.RandomState(seed))
    normals, anomalies = rows[y[rows] == 0], rows[y[rows] == 1]
    half = round(len(normals) / 2)
    train = normals[:half]
    return Split(train, np.concatenate([normals[half:], anomalies]), train)


def _dte_unsupervised(y: IntArray, seed: int) -> Split:
    """Fit on a bootstrap sample, score all rows; the scaler sees all rows."""
    rng = np.random.RandomState(seed)
    rows = _dte_rows(y, rng)
    return Split(rng.choice(rows, len(rows), replace=True), rows, rows)


def _papers(y: IntArray, seed: int) -> Split:
    """Halve all rows at random; fit on the normal rows of one half, score the other."""
    rows = np.random.RandomState(seed).permutation(len(y))
    half = len(y) // 2
    train = np.sort(rows[:half][y[rows[:half]] == 0])
    return Split(train, np.sort(rows[half:]), train)


def _known(y: IntArray, seed: int, most: int) -> Split:
    """Halve normal rows and anomalies at random; of one half some anomalies are known."""
    rng = np.random.RandomState(seed)
    normals, anomalies = (rng.permutation(np.flatnonzero(y == label)) for label in (0, 1))
    half = len(anomalies) // 2
    known = anomalies[:half][:most]
    train = np.concatenate([normals[: len(normals) // 2], anomalies[len(known) : half]])
    test = np.concatenate([normals[len(normals) // 2 :], anomalies[half:]])
    return Split(np.sort(train), np.sort(test), np.sort(train), known)


PROTOCOLS: dict[str, Callable[[IntArray, int], Split]] = {
    "contaminated": _contaminated,
    "one-class": _one_class,
    "dte-one-class": _dte_one_class,
    "dte-unsupervised": _dte_unsupervised,
    "kdd": _papers,
    "arrhythmia": _papers,
    **{f"known-{most}": partial(_known, most=most) for most in (0, 1, 5, 10)},
}

MEANINGS = {  # one line each, for reports
    "contaminated": "fitted on all rows, the anomalies among them, and scores these rows.",
    "one-class": "fitted on a random half of the normal rows, and scores all other rows.",
    "dte-one-class": "fitted on the first half of the normal rows, and scores all other rows.",
    "dte-unsupervised": "fitted on a bootstrap sample of all rows, and scores all rows.",
    "kdd": "fitted on the normal rows of a random half, and scores the other half.",
    "arrhythmia": "fitted on the normal rows of a random half, and scores the other half.",
    "known-0": "fitted on a random half, no anomaly of which is known, and scores the other half.",
    "known-1": "fitted on a random half, one anomaly of which is known, and scores the other half.",
    "known-5": "fitted on a random half, of which 5 anomalies are known, and scores the other.",
    "known-10": "fitted on a random half, of which 10 anomalies are known, and scores the other.",
}


class Paper(NamedTuple):
    """The data set of a papers' protocol, and the share of the scored rows that is flagged."""

    dataset: str
    flagged: float


PAPERS = {"kdd": Paper(kddcup99.NAME, 0.2), "arrhythmia": Paper("arrhythmia", 0.15)}


def flagged_share(protocol: str, y: IntArray) -> float:
    """How many of the scored rows count as flagged: what the papers say, else the true share."""
    return PAPERS[protocol].flagged if protocol in PAPERS else float(y.mean())


def make_task(
    X: FloatArray, y: IntArray, protocol: str, seed: int, *, scales_itself: bool = False
) -> Task:
    """Split a data set and standardise its columns.

    Parameters
    ----------
    X, y : ndarray
        The data set.
    protocol : str
        A key of :data:`PROTOCOLS`.
    seed : int
        Seed of the split.
    scales_itself : bool
        True for a detector that gets raw columns. The ``dte-`` protocols standardise for everyone.

    Returns
    -------
    Task
        Training rows, rows to score and their labels.
    """
    split = PROTOCOLS[protocol](y, seed)
    if protocol.startswith("dte-") or not scales_itself:
        X = StandardScaler().fit(X[split.reference]).transform(X)
    X_test = None if split.train is split.test else X[split.test]
    known = None if split.known is None else X[split.known]
    return Task(X[split.train], X_test, y[split.test], known)
