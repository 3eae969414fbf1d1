"""Memory is that of a batch and a bank, not of the table."""

from __future__ import annotations

import subprocess
import sys

import numpy as np
import pytest
from sklearn import config_context

from pyod_gan import GANDetector
from tests.helpers import table


def test_scores_do_not_depend_on_the_memory_budget() -> None:
    X = table()
    detector = GANDetector(n_estimators=2, max_iter=20, random_state=0).fit(X)
    with config_context(working_memory=1):
        np.testing.assert_array_equal(detector.decision_function(X), detector.decision_scores_)


WIDE_TABLE = """
import resource
import numpy as np
from pyod_gan import GANDetector
def peak():
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024  # MiB
detector = GANDetector(n_estimators=2, max_iter=20, random_state=0)
detector.fit(np.random.default_rng(0).normal(size=(50, 5)))
X = np.random.default_rng(0).normal(size=(2100, 1000))
before = peak()
scores = detector.fit(X).decision_function(X)
print(peak() - before)
"""


@pytest.mark.skipif(sys.platform != "linux", reason="reads peak memory as Linux counts it")
def test_wide_tables_fit_in_little_memory() -> None:
    """A table of 16 MiB takes 138 MiB when all comparisons are made at once, and else about 55."""
    done = subprocess.run(
        [sys.executable, "-c", WIDE_TABLE], capture_output=True, text=True, check=True
    )
    assert float(done.stdout) < 90
