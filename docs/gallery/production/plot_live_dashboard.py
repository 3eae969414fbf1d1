"""
A dashboard of a machine
========================

Readings of a pump come in every second. Each is scored alone, at once, and what is above the
threshold becomes an alarm with a reason. Every few minutes the detector learns what came. The
example plays twenty minutes with two faults, which the script makes, and draws the dashboard at
their end.
"""

# %%
# The pump
# --------
# Pressure and power follow the speed, and the temperature rises slowly. After ten minutes a
# filter is clogged: more pressure at the same speed. After 16 minutes a bearing vibrates.

import matplotlib.pyplot as plt
import numpy as np
import pandas as pd

from pyod_gan import GANDetector

rng = np.random.default_rng(0)
SECONDS = 1200


def pump(n, first=0):
    """Readings without a fault."""
    second = np.arange(first, first + n)
    speed = 1500 + 200 * np.sin(second / 40) + rng.normal(0, 20, n)
    return pd.DataFrame(
        {
            "speed": speed,
            "pressure": 4 * (speed / 1500) ** 2 + rng.normal(0, 0.1, n),
            "power": 3 * (speed / 1500) ** 3 + rng.normal(0, 0.1, n),
            "temperature": 40 + second / 1500 + rng.normal(0, 0.5, n),
            "vibration": rng.gamma(8, 0.1, n),
        }
    ).round(2)


before, stream = pump(900), pump(SECONDS, first=900)
fault = np.zeros(SECONDS, dtype=bool)
fault[600:660] = fault[960:990] = True
stream.loc[600:659, "pressure"] += 1.5
stream.loc[960:989, "vibration"] += 2

# %%
# Score, alarm, learn
# -------------------
# The threshold is where three in a thousand of the readings that are remembered lie above it. It
# moves when the detector learns.

detector = GANDetector(contamination=0.003, random_state=0).fit(before)
scores, thresholds, alarms = np.empty(SECONDS), np.empty(SECONDS), []
for second in range(SECONDS):
    reading = stream[second : second + 1]
    scores[second] = detector.decision_function(reading)[0]
    thresholds[second] = detector.threshold_
    if scores[second] > detector.threshold_:
        alarms.append(detector.explain_frame(reading, top=1))
    if second % 240 == 239:
        detector.partial_fit(stream[second - 239 : second + 1])
alarms = pd.concat(alarms).set_index("row")
print(f"alarms in {fault[alarms.index].sum()} of {fault.sum()} seconds with a fault")
print(f"alarms in {(~fault[alarms.index]).sum()} of {(~fault).sum()} seconds without one")

# %%
# The dashboard
# -------------

figure, (above, below) = plt.subplots(
    2, 1, figsize=(8, 5), height_ratios=[2, 1], layout="constrained"
)
minutes = np.arange(SECONDS) / 60
above.plot(minutes, scores, lw=0.6, color="tab:blue")
above.plot(alarms.index / 60, scores[alarms.index], ".", color="tab:red", label="alarm")
above.plot(minutes, thresholds, color="black", lw=0.8, ls="--", label="threshold")
above.set(xlabel="minute", ylabel="score", title=f"{len(alarms)} alarms", xticks=range(0, 21, 2))
above.legend(loc="upper left")
counts = alarms["column"].value_counts()
below.barh(counts.index, counts, color="tab:red")
below.invert_yaxis()
below.set(xlabel="alarms, by the column of their reason")
plt.show()

# %%
# The last reason of each fault:

alarms.loc[fault[alarms.index], ["reason"]].groupby(lambda second: second > 800).tail(1)

# %%
# **Read on:** :doc:`/real-time`, :doc:`/continuing`, :doc:`/thresholds`.
