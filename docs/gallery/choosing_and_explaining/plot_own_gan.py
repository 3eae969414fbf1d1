"""
Your own GAN in thirty lines
============================

A GAN is written in three methods: which networks there are, what the critic compares, and the
score. The example writes a denoising GAN, which is not among the built-in ones: a generator repairs
rows whose codes were disturbed, a critic tells repaired rows from real ones, and the score is how
far a row is from its repair. A fourth method, ``expected``, is for explanations. The GAN is then
compared with two built-in ones on handwritten digits.
"""

import matplotlib.pyplot as plt
import numpy as np
import torch
from sklearn.datasets import load_digits
from sklearn.metrics import roc_auc_score

from pyod_gan import GANDetector
from pyod_gan.gans import BaseGAN, Pair, Play, l2

# %%
# The GAN
# -------
# Annotated attributes are parameters. A grid search reaches ``noise`` as ``gan__noise``. ``z`` is a
# batch of normal draws of size ``latent_dim``; here it disturbs a row's code.


class DenoisingGAN(BaseGAN):
    """Repairs disturbed rows. A row that the repair changes much is an anomaly."""

    latent_dim: int = 16
    noise: float = 0.5  # of the codes, in training
    repair_weight: float = 10.0

    def players(self, make):
        """Networks that make repaired rows."""
        return {"enc": make.encoder(self.latent_dim), "gen": make.generator(self.latent_dim)}

    def play(self, net, x, z):
        """The critic tells repaired rows from real ones, and the repair must be near the row."""
        code = torch.tanh(net.enc(x)) + self.noise * z
        repaired = net.gen(code)
        loss = self.repair_weight * l2(x, repaired).mean(-1)
        return Play((Pair("critic", real=x, fake=repaired),), extra=loss)

    def score(self, net, x):
        """Distance to the repaired row, without noise."""
        return l2(x, self.expected(net, x))

    def expected(self, net, x):
        """The repaired row, which is also what explanations expect."""
        return net.gen(torch.tanh(net.enc(x)))


# %%
# Threes are learnt, other digits are anomalies
# ---------------------------------------------
# Pixels share one unit, which is what ``preprocessing="joint"`` says. Two members each, so that the
# page is quick.

images, digit = load_digits(return_X_y=True)
threes, others = images[digit == 3], images[digit != 3][:300]
test = np.r_[threes[100:], others]
y = np.arange(len(test)) >= len(threes) - 100
detectors = {}
for name, gan in (("own", DenoisingGAN(max_iter=600)), ("aae", "aae"), ("default", "auto")):
    detector = GANDetector(gan, preprocessing="joint", n_estimators=2, random_state=0)
    detectors[name] = detector.fit(threes[:100])
    print(f"{name}: AUROC {roc_auc_score(y, detector.decision_function(test)):.3f}")

# %%
# What it makes of three threes and of three other digits:

shown = np.r_[threes[100:103], others[:3]]
model = detectors["own"].model_
repaired = model.front_end.unscale(model.expected(model.rows(shown)).mean(axis=0))
figure, axes = plt.subplots(2, 6, figsize=(8, 3), layout="constrained")
for column, row, made, score in zip(
    axes.T, shown, repaired, detectors["own"].decision_function(shown), strict=True
):
    for ax, pixels in zip(column, (row, made), strict=True):
        ax.imshow(pixels.reshape(8, 8), cmap="gray_r", vmin=0, vmax=16)
        ax.set(xticks=[], yticks=[])
    column[0].set_title(f"score {score:.1f}", fontsize=10)
axes[0, 0].set_ylabel("image")
axes[1, 0].set_ylabel("repaired")
plt.show()

# %%
# **Read on:** :doc:`/adding-a-gan`, :doc:`/gans`.
