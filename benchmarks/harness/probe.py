"""What a detector does with two small fixed tables: whether the code that scores has changed.

A hash of the source changes with every docstring, name and place. A probe changes with the scores
alone. It is a short training, so it cannot show everything; the parameters of the detector stand
beside it. Machines round differently, so probes are compared and never hashed.
"""

from __future__ import annotations

from collections.abc import Mapping
from functools import cache
from typing import Any

import numpy as np

from .detectors import make
from .isolation import isolated

SCORES = ("probe", "copies")  # names of the tables
KEYS = (*SCORES, "parameters")
STEPS, MEMBERS = 20, 2  # at most
SHAPE = (64, 5)
NEW_ROWS = 8  # which are not fitted on; the first of them is far from all others
NOTED = 4  # fitted rows whose scores are noted, and all new rows
TOLERANCE = 1e-2  # relative and absolute: rounding stays far below
NEVER_SCORES = frozenset(  # parameters of the estimator that no score depends on
    (
        *("gan", "random_state", "contamination", "warm_start", "reservoir_size", "device"),
        *("verbose", "n_jobs"),
    )
)


@cache
def take(name: str) -> dict[str, str]:
    """Fit one of our detectors for a few steps and note some scores.

    Parameters
    ----------
    name : str
        A name of :mod:`benchmarks.harness.detectors`.

    Returns
    -------
    dict of str to str
        ``probe`` and ``copies``: scores of some fitted and of some new rows of a table of numbers,
        and of one in which most rows have a copy, or the name of an error; ``parameters``: what the
        detector of that name is set to.
    """
    detector = make(name, 0)
    parameters = _parameters(detector)
    detector.set_params(
        n_estimators=min(parameters["n_estimators"], MEMBERS),
        max_iter=min(parameters["max_iter"], STEPS),
    )
    values = [f"{key}={value!r}".replace(" ", "") for key, value in sorted(parameters.items())]
    scores = {name: _scores(detector, table()) for name, table in zip(SCORES, TABLES, strict=True)}
    return {**scores, "parameters": " ".join(values)}


def _parameters(detector: Any) -> dict[str, Any]:
    """What a detector is set to, the GAN's own where the estimator has None."""
    own = {"n_estimators": detector.gan.n_estimators}
    own |= {k: v for k, v in detector.get_params(deep=False).items() if v is not None}
    given = {k: v for k, v in own.items() if k not in NEVER_SCORES}
    return {**detector.gan.get_params(deep=False), **given}


def _numbers() -> np.ndarray[Any, Any]:
    """Rows of numbers, a few of them far or wrong."""
    rows = np.random.default_rng(0).normal(size=SHAPE)
    rows[::NEW_ROWS] += 6
    rows[1, 0] = 1e4  # an error, two copies, and a column that changes in one new row only
    rows[3] = rows[2]
    rows[:, -1] = np.arange(len(rows)) == len(rows) - 2
    return rows


def _copies() -> np.ndarray[Any, Any]:
    """Rows of which four of five have a copy. The others have usual values, or unusual ones."""
    rows = np.random.default_rng(0).choice(3, SHAPE, p=(0.7, 0.2, 0.1)).astype(float)
    rows[2::5] = rows[1::5]
    rows[3::5] = rows[1::5]
    rows[4::5] = 0
    rows[-1, 0] = 9
    return rows


TABLES = (_numbers, _copies)


def _scores(detector: Any, rows: np.ndarray[Any, Any]) -> str:
    """Scores of some fitted and of some new rows; the name of the error where it cannot be."""
    try:
        with isolated(0):
            detector.fit(rows[:-NEW_ROWS])
            new = detector.decision_function(rows[-NEW_ROWS:])
    except Exception as error:  # a detector that cannot be fitted is a result too
        return type(error).__name__
    scores = (*detector.decision_scores_[:NOTED], *new)
    return " ".join(f"{score:.4g}" for score in scores)


def agree(one: Mapping[str, str], other: Mapping[str, str]) -> bool:
    """Whether two probes show the same code with the same parameters.

    Scores may differ by rounding. Of tables and parameters those count that both have: a new one
    does not matter while the scores are as they were.

    Parameters
    ----------
    one, other : mapping of str to str
        What :func:`take` returns.

    Returns
    -------
    bool
        True where all results can be expected to be the same.
    """
    ours, theirs = (_read(probe["parameters"]) for probe in (one, other))
    shared = ours.keys() & theirs.keys()
    alike = all(ours[name] == theirs[name] for name in shared)
    tables = one.keys() & other.keys() & set(SCORES)
    return alike and all(_close(one[name], other[name]) for name in tables)


def _read(text: str) -> dict[str, str]:
    """Read ``name=value name=value ...``."""
    return dict(part.split("=", 1) for part in text.split())


def _close(one: str, other: str) -> bool:
    """Whether two lists of scores are equal, rounding apart; errors must have one name."""
    try:
        ours, theirs = (np.array(text.split(), dtype=np.float64) for text in (one, other))
    except ValueError:
        return one == other
    if ours.shape != theirs.shape:
        return False
    return np.allclose(ours, theirs, rtol=TOLERANCE, atol=TOLERANCE, equal_nan=True)
