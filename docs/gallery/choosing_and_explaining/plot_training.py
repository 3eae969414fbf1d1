"""
Watching a training, step by step
=================================

How long should a GAN train, and does it still get better? Without labels there are the losses, and
how widely the generator spreads. With labels for a test there is the AUROC. The example trains a
plain GAN on handwritten threes in portions of twenty steps, and draws both.
"""

import matplotlib.pyplot as plt
import numpy as np
import pandas as pd
from sklearn.datasets import load_digits
from sklearn.metrics import roc_auc_score

from pyod_gan import GANDetector

images, digit = load_digits(return_X_y=True)
threes, others = images[digit == 3], images[digit != 3][:400]
test = np.r_[threes[100:], others]
y = np.arange(len(test)) >= len(threes) - 100

# %%
# ``warm_start`` makes each ``fit`` go on from the networks of the last one.

detector = GANDetector(
    "gan", max_iter=20, warm_start=True, preprocessing="joint", n_estimators=4, random_state=0
)
lines = []
for step in range(20, 421, 20):
    detector.fit(threes[:100])
    auroc = roc_auc_score(y, detector.decision_function(test))
    lines.append({**detector.history_[-1], "AUROC": auroc, "step": step})
training = pd.DataFrame(lines).set_index("step")
training[["AUROC", "critic_loss", "player_loss", "spread"]].iloc[[0, 4, 9, 20]].round(3)

# %%
# The AUROC rises steeply in the first hundred steps, then stays, and rises a little once more. The
# losses do not tell this: the critic's falls all the time, and the generator's hardly moves. Losses
# of two players who learn from each other do not say how well rows are ranked.

figure, (left, right) = plt.subplots(1, 2, figsize=(9, 3.4), layout="constrained")
left.plot(training[["critic_loss", "player_loss"]], label=["critic", "generator"])
left.set(xlabel="training step", ylabel="loss")
left.legend()
right.plot(training["AUROC"], color="tab:green")
right.set(xlabel="training step", ylabel="AUROC of the test", ylim=(0.85, 1))
plt.show()

# %%
# **Read on:** :doc:`/how-it-works`, :doc:`/gans`, :doc:`/pictures`.
