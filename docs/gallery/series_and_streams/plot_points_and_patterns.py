"""
Points and patterns in a sensor's series
========================================

The temperature of a cold store goes up and down with the cooling. Sometimes a single reading is
wrong, and sometimes every reading is usual, but the pattern is not. The example learns from three
weeks without a fault, scores two weeks with four faults, and says what is wrong. The series is
made by the script.
"""

import matplotlib.pyplot as plt
import numpy as np
import pandas as pd
from matplotlib.dates import ConciseDateFormatter
from sklearn.metrics import roc_auc_score

from pyod_gan import SeriesDetector

rng = np.random.default_rng(0)
DAY = 144  # readings, one every ten minutes


def temperatures(n_days, start):
    """A cooling cycle of four hours, a daily wave, and noise."""
    times = pd.date_range(start, periods=n_days * DAY, freq="10min")
    hours = np.arange(len(times)) / 6
    wave = np.abs((hours / 4) % 1 - 0.5) * 4 + 0.5 * np.sin(hours * 2 * np.pi / 24)
    return pd.DataFrame({"celsius": 3 + wave + rng.normal(0, 0.15, len(times))}, times).round(2)


good, new = temperatures(28, "2026-03-02"), temperatures(14, "2026-03-30")
values, fault = new["celsius"].to_numpy(copy=True), np.zeros(len(new), dtype=bool)
values[300] += 1.5  # a point
values[800:830] = values[800]  # five hours of a stuck sensor
values[1250] -= 2  # a point
values[1700:1748] = values[1700:1748] / 2 + 2  # eight hours of half the cooling
fault[[300, 1250]] = fault[800:830] = fault[1700:1748] = True
new["celsius"] = values

# %%
# Learn three weeks, set the threshold by the fourth
# --------------------------------------------------
# The windows have the length of one cycle and of three. One good point in a thousand, which is
# one in a week, may be flagged.

detector = SeriesDetector(window_size=(24, 72), random_state=0).fit(good[: 21 * DAY])
detector.calibrate(good[21 * DAY :]).set_threshold(fpr=0.001)
scores = detector.decision_function(new)
print(f"AUROC of points {roc_auc_score(fault, scores):.3f}")

# %%
# Stretches of flagged points, each with its reason. The stretch of 8 April is a false alarm:

detector.explain_frame(new, top=1).set_index(["start", "end"])[["reason"]]

# %%
# All four faults lie in flagged stretches. The points beside a fault are flagged too, as a window
# that holds a fault is odd as a whole.

figure, (above, below) = plt.subplots(2, 1, figsize=(8, 4.5), sharex=True, layout="constrained")
for ax, line in ((above, new["celsius"].to_numpy()), (below, scores)):
    ax.plot(new.index, line, lw=0.8)
    ax.plot(new.index[fault], line[fault], ".", color="tab:red", label="fault")
above.set(ylabel="temperature (°C)")
below.axhline(detector.threshold_, color="black", lw=0.8, ls="--", label="threshold")
below.set(ylabel="score")
below.xaxis.set_major_formatter(ConciseDateFormatter(below.xaxis.get_major_locator()))
below.legend(loc="upper left")
plt.show()

# %%
# **Read on:** :doc:`/series`, :doc:`/thresholds`.
