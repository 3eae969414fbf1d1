"""
Lazy scores of a partitioned table
==================================

A table that is too large for one machine lies in partitions of Dask, here a hundred days. A
detector learns a sample of it, and scores each partition where it lies, when its scores are needed.
The example finds the days of two faults, in a small table that the script makes.
"""

import dask.dataframe as dd
import matplotlib.pyplot as plt
import numpy as np
import pandas as pd

from pyod_gan import GANDetector

rng = np.random.default_rng(0)
N, DAYS = 50_000, 100
flow = rng.gamma(6, 2, N)
readings = pd.DataFrame(
    {
        "flow": flow,
        "power": 3 + 0.5 * flow + rng.normal(0, 0.4, N),
        "heat": 40 + 0.8 * flow + rng.normal(0, 1, N),
    }
)
readings.loc[21_300:21_399, "power"] *= 1.5  # day 42: a hundred readings of a worn pump
readings.loc[38_800:38_819, "heat"] = 40  # day 77: twenty readings of a loose sensor
table = dd.from_pandas(readings, npartitions=DAYS)

# %%
# Lazy scores
# -----------
# ``decision_function`` returns at once, with a block for each partition.

detector = GANDetector(random_state=0).fit(table)
scores = detector.decision_function(table)
print(scores)

# %%
# By partition
# ------------
# A function of a partition runs where the partition lies, and only its result moves: how many of
# its readings score above 3, which is three interquartile ranges above typical ones.


def summary(rows, detector):
    """One row for each partition."""
    scores = detector.decision_function(rows)
    return pd.DataFrame({"highest score": [scores.max()], "readings above 3": [(scores > 3).sum()]})


meta = {"highest score": float, "readings above 3": int}
days = table.map_partitions(summary, detector, meta=meta).compute().reset_index(drop=True)
days.rename_axis("day").sort_values("readings above 3", ascending=False).head(4).round(2)

# %%
figure, ax = plt.subplots(figsize=(8, 3), layout="constrained")
ax.bar(days.index, days["readings above 3"], color="tab:orange")
ax.set(xlabel="partition (day)", ylabel="readings above 3")
plt.show()

# %%
# **Read on:** :doc:`/clusters`, :doc:`/large-tables`.
