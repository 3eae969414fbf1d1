"""
Eight GANs, one map each
========================

All GANs of the family are one parameter apart. The example fits eight of them on the same two
moons and draws their scores, light where a GAN finds rows normal. The orange line is the threshold.
Each GAN draws another border: one that follows the moons, one around both, or an ellipse.
"""

import matplotlib.pyplot as plt
import numpy as np
from sklearn.datasets import make_moons
from sklearn.metrics import roc_auc_score

from pyod_gan import GANDetector

GANS = ["views", "prototype", "gan", "wgan", "fanogan", "ganomaly", "aae", "usad"]
moons = make_moons(300, noise=0.08, random_state=0)[0]
fresh = make_moons(300, noise=0.08, random_state=1)[0]
x, y = np.linspace(-2, 3, 70), np.linspace(-2, 2.5, 70)
grid = np.stack(np.meshgrid(x, y), -1).reshape(-1, 2)
is_grid = np.repeat([False, True], [len(fresh), len(grid)])

# %%
# The AUROC is that of fresh moons against the points of the grid, of which a few lie on the
# moons, so that 1 is out of reach. Two members each, so that the page is quick. Shades are ranks
# of scores.

figure, axes = plt.subplots(2, 4, figsize=(9, 4.6), layout="constrained")
for ax, gan in zip(axes.flat, GANS, strict=True):
    detector = GANDetector(gan, n_estimators=2, contamination=0.05, random_state=0).fit(moons)
    scores = detector.decision_function(grid)
    auroc = roc_auc_score(is_grid, np.r_[detector.decision_function(fresh), scores])
    ranks = scores.argsort().argsort().reshape(70, 70)
    ax.contourf(x, y, ranks, 12, cmap="Greys", alpha=0.8)
    ax.contour(x, y, scores.reshape(70, 70), [detector.threshold_], colors="tab:orange")
    ax.plot(*moons.T, ".", ms=2, color="tab:blue")
    ax.set(xticks=[], yticks=[])
    ax.set_title(f"{gan}: AUROC {auroc:.2f}", fontsize=10)
plt.show()

# %%
# **Read on:** :doc:`/gans`, :doc:`/adding-a-gan`.
