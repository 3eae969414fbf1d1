"""
Faults in a fabric, on a map
============================

A camera looks at a woven fabric. Images of good fabric are easy to get, those of faults are not.
The detector learns from fifty good images, without a downloaded network, finds the faulty ones
among new images, and draws where the faults are. The images are made by the script.
"""

# %%
# Fabric, and three kinds of faults
# ---------------------------------

import matplotlib.pyplot as plt
import numpy as np
from sklearn.metrics import roc_auc_score

from pyod_gan import AnomalyMapDisplay, ImageDetector

rng = np.random.default_rng(0)
rows, columns = np.mgrid[:32, :32]


def fabric(n):
    """Images of threads in two directions, with other light and another phase each time."""
    phase, light = rng.uniform(0, 4, (n, 2, 1, 1)), rng.normal(0.5, 0.05, (n, 1, 1))
    threads = np.sin((rows + phase[:, 0]) * np.pi / 2) * np.sin((columns + phase[:, 1]) * np.pi / 2)
    return light + 0.25 * threads + rng.normal(0, 0.06, (n, 32, 32))


def with_fault(image, kind):
    """The image with a stain, a hole or a thread that is missing."""
    image, (row, column) = image.copy(), rng.integers(6, 22, 2)
    if kind == "stain":
        image -= 0.3 * np.exp(-((rows - row) ** 2 + (columns - column) ** 2) / 12)
    elif kind == "hole":
        image[row : row + 5, column : column + 5] = rng.normal(0.1, 0.06, (5, 5))
    else:
        image[row : row + 2] = rng.normal(image.mean(), 0.06, (2, 32))
    return image


KINDS = ["stain", "hole", "missing thread"]
good = fabric(30)
faulty = {kind: np.array([with_fault(image, kind) for image in fabric(10)]) for kind in KINDS}

# %%
# Learn good images, score new ones
# ---------------------------------

detector = ImageDetector(contamination=0.02, random_state=0).fit(fabric(50))
scores = detector.decision_function(good)
for kind in KINDS:
    both = np.r_[scores, detector.decision_function(faulty[kind])]
    print(f"{kind}: AUROC {roc_auc_score(np.arange(40) >= 30, both):.3f}")

# %%
# Where the faults are
# --------------------
# The first image of each kind, and the places that its score comes from.

figure, axes = plt.subplots(2, 3, figsize=(8, 4.8), layout="constrained")
for kind, (above, below) in zip(KINDS, axes.T, strict=True):
    above.imshow(faulty[kind][0], cmap="gray")
    above.set(title=kind, xticks=[], yticks=[])
    AnomalyMapDisplay.from_estimator(detector, faulty[kind][0], ax=below)
    below.set_title(below.get_title(), fontsize=9)
plt.show()

# %%
# **Read on:** :doc:`/images`, :doc:`/pictures`.
