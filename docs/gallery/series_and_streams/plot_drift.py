"""
A stream that drifts
====================

Machines wear, seasons change: what is normal today was not normal at the beginning. One detector
is fitted once, and another goes on with ``partial_fit`` after each batch. The example compares how
well the two find anomalies while all columns of the stream drift. The stream is made by the
script.
"""

import matplotlib.pyplot as plt
import numpy as np
import pandas as pd
from sklearn.metrics import roc_auc_score

from pyod_gan import GANDetector

rng = np.random.default_rng(0)
mixing = rng.normal(size=(8, 8)) / np.sqrt(8)  # makes columns depend on each other


def batch(drift, n=300, n_anomalies=6):
    """Rows of eight columns. In anomalies the dependence between the columns is broken."""
    rows = np.tanh(rng.normal(size=(n, 8)) @ mixing) + 0.2 * rng.normal(size=(n, 8))
    for row in range(n_anomalies):
        rows[row] = 1.5 * rng.permutation(rows[row])
    return rows + drift, np.arange(n) < n_anomalies


# %%
# First score a batch, then learn it
# ----------------------------------
# Learning takes all rows of a batch, anomalies included, as nobody has labelled them.

start, _ = batch(0, 1000, 0)
fixed = GANDetector(random_state=0).fit(start)
follows = GANDetector(reservoir_size=1000, random_state=0).fit(start)
lines = []
for hour in range(20):
    rows, anomaly = batch(drift=0.1 * hour)
    for name, detector in (("fitted once", fixed), ("partial_fit", follows)):
        auroc = roc_auc_score(anomaly, detector.decision_function(rows))
        lines.append((hour, name, auroc, detector.predict(rows[~anomaly]).mean()))
    follows.partial_fit(rows)
found = pd.DataFrame(lines, columns=["hour", "detector", "AUROC", "false alarms"])
found.groupby("detector")[["AUROC", "false alarms"]].mean().round(3)

# %%
# Both begin alike. After ten hours the detector that was fitted once flags nearly every row. The
# other one keeps its AUROC and its rate of false alarms, which ``contamination`` asked to be 0.1.

figure, axes = plt.subplots(1, 2, figsize=(9, 3.5), layout="constrained")
for ax, measure in zip(axes, ["AUROC", "false alarms"], strict=True):
    for name, line in found.groupby("detector"):
        ax.plot(line["hour"], line[measure], marker=".", label=name)
    ax.set(xlabel="hour", ylabel=measure, ylim=(0, 1.03), xticks=range(0, 20, 5))
axes[0].legend(loc="lower left")
axes[1].set(ylabel="share of normal rows flagged")
plt.show()

# %%
# **Read on:** :doc:`/continuing`, :doc:`/real-time`.
