"""Groups of members that are trained apart, as jobs of joblib: in processes, or on a cluster."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from concurrent.futures import CancelledError
from typing import Any, TypeVar

import numpy as np
from joblib import Parallel, delayed, effective_n_jobs

from .callbacks import Callback
from .functional import LANES
from .spec import Settings

T = TypeVar("T")
LEAST = 2  # members of a group: products of one member alone may be rounded in another way
ATTEMPTS = 3


def groups_of(
    n_members: int, settings: Settings, callbacks: Sequence[Callback], n_jobs: int | None
) -> list[list[int]]:
    """Divide members into groups, at most one for each job that can run at a time.

    Training a group gives its members the same weights, bit for bit, as training all members
    together. Where it would not, there is one group: if members meet the critics of others, if
    callbacks look at all members, or if batches are no whole vectors.
    """
    alike = settings.pairing == "one" and not callbacks and settings.batch_size % LANES == 0
    n_groups = min(effective_n_jobs(n_jobs), n_members // LEAST) if alike else 1
    members = np.arange(n_members)
    return [group.tolist() for group in np.array_split(members, max(1, n_groups))]


def run_jobs(
    function: Callable[..., T], jobs: Sequence[tuple[Any, ...]], n_jobs: int | None
) -> list[T]:
    """Call a function with the arguments of each job, one after the other or by joblib's backend.

    If a worker of a cluster is lost that had the rows of others, all jobs begin anew.
    """
    if len(jobs) == 1:
        return [function(*jobs[0])]
    for _ in range(ATTEMPTS - 1):
        try:
            return _run(function, jobs, n_jobs)
        except CancelledError:
            pass
    return _run(function, jobs, n_jobs)


def _run(
    function: Callable[..., T], jobs: Sequence[tuple[Any, ...]], n_jobs: int | None
) -> list[T]:
    results: list[T] = Parallel(n_jobs=n_jobs)(delayed(function)(*job) for job in jobs)
    return results
