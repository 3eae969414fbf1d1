"""
Shares of a score, and expected values
======================================

A penguin of the package ``palmerpenguins`` is measured again, and one number is written down wrong.
Each number is usual by itself; only the combination is not. The example shows what each column
adds to the score, what was expected instead, and how often the wrong column comes first.
"""

import matplotlib.pyplot as plt
import numpy as np
from palmerpenguins import load_penguins

from pyod_gan import ExplanationDisplay, GANDetector

penguins = load_penguins().dropna()
SIZES = ["bill_length_mm", "bill_depth_mm", "flipper_length_mm", "body_mass_g"]
shuffled = penguins[["species", *SIZES]].sample(frac=1, random_state=0, ignore_index=True)
train, new = shuffled[:250], shuffled[250:]
detector = GANDetector(random_state=0).fit(train)

# %%
# One wrong number
# ----------------
# The bill of a Gentoo penguin becomes as deep as that of an Adelie penguin.

gentoo = new[new["species"] == "Gentoo"][:1]
wrong = gentoo.assign(bill_depth_mm=18.5)
before, after = detector.decision_function(gentoo)[0], detector.decision_function(wrong)[0]
print(f"score before {before:.2f}, after {after:.2f}, threshold {detector.threshold_:.2f}")
reasons = detector.explain_frame(wrong, top=5)
reasons[["column", "share", "reason"]]

# %%
# The sum of the shares is the score minus the median of the training scores.

excess = after - np.median(detector.decision_scores_)
print(f"sum of the shares {detector.explain(wrong).sum():.3f}, excess {excess:.3f}")

# %%
# The same shares as a picture, and the four sizes beside what was expected of them.

figure, (left, right) = plt.subplots(1, 2, figsize=(9.5, 3.4), layout="constrained")
ExplanationDisplay.from_estimator(detector, wrong, top=4, ax=left)
left.tick_params("y", labelsize=8)
numbers = reasons[reasons["low"].notna()].set_index("column").loc[SIZES]
centre, spread = train[SIZES].mean(), train[SIZES].std()
low, high, observed = ((numbers[k] - centre) / spread for k in ("low", "high", "observed"))
right.barh(SIZES, high - low, left=low, height=0.4, color="tab:grey", alpha=0.5, label="expected")
right.plot(observed, SIZES, "o", color="tab:orange", label="observed")
right.invert_yaxis()
right.set(xlabel="deviations from the mean of all penguins")
right.legend()
plt.show()

# %%
# How often does the wrong column come first?
# -------------------------------------------
# In each new penguin one size, drawn at random, is replaced by that of a penguin of another
# species.

rng = np.random.default_rng(0)
mixed, places = new.copy(), rng.integers(0, 4, len(new))
for row, place in zip(new.index, places, strict=True):
    others = train[train["species"] != new.loc[row, "species"]]
    mixed.loc[row, SIZES[place]] = others[SIZES[place]].sample(random_state=row).item()
flagged = detector.predict(mixed) == 1
first = detector.explain(mixed)[:, 1:].argmax(axis=1)  # among the sizes
print(f"flagged: {flagged.sum()} of {len(mixed)}")
print(f"the wrong size first: {(first == places)[flagged].mean():.0%} of these")

# %%
# **Read on:** :doc:`/explanations`, :doc:`/pictures`.
