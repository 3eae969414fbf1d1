"""
A doorbell that sounds wrong
============================

A test bench listens to doorbells: three tones, one after the other. The detector learns from forty
good recordings, and finds those with a wrong tone, a rattle or a pause. It shows when in a
recording the fault is. The sounds are made by the script.
"""

import matplotlib.pyplot as plt
import numpy as np
from sklearn.metrics import roc_auc_score

from pyod_gan import AudioDetector, FrameScoreDisplay

rng = np.random.default_rng(0)
RATE = 8000  # samples a second
GOOD = (660.0, 550.0, 440.0)  # hertz of the tones


def ring(tones=GOOD, fault=""):
    """A recording of 1.2 seconds, each a little different."""
    sound = 0.003 * rng.normal(size=6 * RATE // 5)
    time = np.arange(RATE // 2) / RATE
    for k, tone in enumerate(tones):
        first = round(0.3 * k * RATE + rng.uniform(0, 0.02) * RATE)
        tone *= rng.normal(1, 0.003)
        strike = np.exp(-6 * time) * np.sin(2 * np.pi * tone * time)
        strike += 0.3 * np.exp(-9 * time) * np.sin(4 * np.pi * tone * time)
        sound[first : first + len(time)] += rng.normal(0.3, 0.02) * strike
    if fault == "rattle":
        first = rng.integers(2500, 5000)
        sound[first : first + 1200] += 0.02 * rng.normal(size=1200) * np.hanning(1200)
    if fault == "pause":
        first = rng.integers(2500, 5000)
        sound[first : first + 500] *= 0.05
    return sound


faults = {
    "wrong tone": [ring((660.0, 585.0, 440.0)) for _ in range(8)],
    "rattle": [ring(fault="rattle") for _ in range(8)],
    "pause": [ring(fault="pause") for _ in range(8)],
}
good = [ring() for _ in range(20)]

# %%

detector = AudioDetector(sample_rate=RATE, contamination=0.02, random_state=0)
detector.fit([ring() for _ in range(40)])
scores = detector.decision_function(good)
for name, recordings in faults.items():
    both = np.r_[scores, detector.decision_function(recordings)]
    print(f"{name}: AUROC {roc_auc_score(np.arange(28) >= 20, both):.3f}")

# %%
# When in a recording
# -------------------
# Two recordings: their spectrograms, and the scores of their moments.

figure, axes = plt.subplots(1, 2, figsize=(8.5, 3.2), layout="constrained")
for name, ax in zip(["wrong tone", "rattle"], axes, strict=True):
    FrameScoreDisplay.from_estimator(detector, faults[name][0], ax=ax)
    ax.set_title(f"{name}: {ax.get_title()}")
plt.show()

# %%
# **Read on:** :doc:`/audio`, :doc:`/pictures`.
