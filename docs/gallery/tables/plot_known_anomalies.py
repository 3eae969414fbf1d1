"""
A few known anomalies change the map
====================================

Most frauds are far from everything that is usual. One kind is not: it lies close to the normal
rows, where a detector without labels finds only a part. Somebody names one such row, and then five.
The example draws how the map of scores changes, and measures it on fresh rows, which the script
makes.
"""

# %%
# A crescent of normal rows, and a small nest of frauds at its inner edge.

import matplotlib.pyplot as plt
import numpy as np
from sklearn.datasets import make_moons
from sklearn.metrics import average_precision_score, roc_auc_score

from pyod_gan import GANDetector, MapDisplay

rng = np.random.default_rng(0)


def rows(n, n_frauds):
    """Normal rows, and then frauds."""
    normal = make_moons((n, 0), noise=0.1, random_state=n)[0]
    return normal, rng.normal([0, 0.75], 0.07, (n_frauds, 2))


train, frauds = rows(500, 5)
fresh = np.r_[rows(300, 30)]
is_fraud = np.arange(330) >= 300

# %%
# None, one and five known
# ------------------------

detectors = {}
for n_known in (0, 1, 5):
    detector = GANDetector(contamination=0.02, random_state=0)
    detectors[n_known] = detector.fit(train, known_anomalies=frauds[:n_known])
    scores = detector.decision_function(fresh)
    auroc = roc_auc_score(is_fraud, scores)
    precision = average_precision_score(is_fraud, scores)
    print(f"{n_known} known: AUROC {auroc:.3f}, average precision {precision:.3f}")

# %%
# The map before and after, with the training rows and rows that the GAN generated. The line is the
# threshold, above which 2 % of the training rows lie.

figure, axes = plt.subplots(1, 2, figsize=(9.5, 4.1), layout="constrained")
for n_known, ax in zip((0, 5), axes, strict=True):
    MapDisplay.from_estimator(detectors[n_known], train, ax=ax)
    ax.plot(*frauds[:n_known].T, "*", color="tab:red", ms=9, label="known")
    ax.set_title(f"{n_known} known anomalies")
    ax.get_legend().remove()
figure.legend(*ax.get_legend_handles_labels(), loc="outside lower center", ncols=3)
plt.show()

# %%
# The nest has become the darkest place. There is a price: rows near the nest now set the threshold,
# and some places far outside lie below it.
#
# **Read on:** :doc:`/known-anomalies`.
