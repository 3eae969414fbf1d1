"""
Five detectors on five toy sets
===============================

Scikit-learn's comparison of outlier detectors, with the default of this package beside
IsolationForest, nearest neighbours, an autoencoder and LOF. Each set has 15 % of uniform noise.
All detectors are at their defaults and see no label. The example draws where each flags, and
prints how well it ranks.
"""

import matplotlib.pyplot as plt
import numpy as np
import pandas as pd
from pyod.models.auto_encoder import AutoEncoder
from pyod.models.iforest import IForest
from pyod.models.knn import KNN
from pyod.models.lof import LOF
from sklearn.datasets import make_blobs, make_moons
from sklearn.metrics import roc_auc_score

from pyod_gan import GANDetector

N, N_NOISE = 255, 45
rng = np.random.default_rng(42)
blobs = {"n_samples": N, "random_state": 0, "n_features": 2}
sets = {
    "one cluster": make_blobs(centers=[[0, 0]], cluster_std=0.5, **blobs)[0],
    "two clusters": make_blobs(centers=[[2, 2], [-2, -2]], cluster_std=[0.5, 0.5], **blobs)[0],
    "two densities": make_blobs(centers=[[2, 2], [-2, -2]], cluster_std=[1.5, 0.3], **blobs)[0],
    "two moons": 4 * make_moons(N, noise=0.05, random_state=0)[0] - [2, 1],
    "uniform": 14 * (rng.random((N, 2)) - 0.5),
}
share = N_NOISE / (N + N_NOISE)
detectors = {
    "GANDetector": GANDetector(contamination=share, random_state=0),
    "IForest": IForest(contamination=share, random_state=0),
    "KNN": KNN(contamination=share),
    "AutoEncoder": AutoEncoder(contamination=share, random_state=0, verbose=0),
    "LOF": LOF(contamination=share),
}

# %%
# Fit, rank, and score a grid
# ---------------------------

grid = np.stack(np.meshgrid(*2 * [np.linspace(-7, 7, 60)]), -1).reshape(-1, 2)
noise = rng.uniform(-6, 6, (N_NOISE, 2))
is_noise = np.arange(N + N_NOISE) >= N
auroc = pd.DataFrame(index=detectors, columns=sets, dtype=float)
figure, axes = plt.subplots(5, 5, figsize=(9, 9), layout="constrained", sharex=True, sharey=True)
for row, (of_set, normal) in zip(axes, sets.items(), strict=True):
    X = np.r_[normal, noise]
    row[0].set_ylabel(of_set)
    for ax, (name, detector) in zip(row, detectors.items(), strict=True):
        scores = detector.fit(X).decision_scores_
        auroc.loc[name, of_set] = roc_auc_score(is_noise, scores)
        levels = detector.decision_function(grid).reshape(60, 60)
        axis = np.linspace(-7, 7, 60)
        ax.contourf(axis, axis, levels, 12, cmap="Greys", alpha=0.7)
        ax.contour(axis, axis, levels, [detector.threshold_], colors="tab:orange")
        ax.scatter(*X.T, s=4, c=np.where(is_noise, "tab:red", "tab:blue"))
        ax.set(xticks=[], yticks=[])
        if ax in axes[0]:
            ax.set_title(name, fontsize=10)
plt.show()

# %%
# The noise is red, and the orange line is the threshold: what lies in the darker parts beyond it is
# flagged.
#
# Area under the ROC curve, noise against the rest, within the training rows:

auroc["mean"] = auroc.mean(axis=1)
auroc.round(3)

# %%
# In two columns the distance to the neighbours says nearly all, and KNN has the highest mean. The
# last set has no structure: the noise lies in the middle of it, and no detector can find it. How
# the detectors compare on real tables of more columns is in the benchmarks.
#
# **Read on:** :doc:`/benchmarks`, :doc:`/how-it-works`.
