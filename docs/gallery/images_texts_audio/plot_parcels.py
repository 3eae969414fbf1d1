"""
Odd parcels, and which part is odd
==================================

A parcel has a size, a weight and a price, a note of the sender, and a photograph of the arrow that
says which side is up. It is odd if any of these is. The example fits one detector for each part,
puts their scores together, and says which part of a parcel is odd. The parcels are made by the
script.
"""

import matplotlib.pyplot as plt
import numpy as np
import pandas as pd
from sklearn.metrics import roc_auc_score

from pyod_gan import RecordDetector

rng = np.random.default_rng(0)
WORDS = ["two", "books", "letters", "a", "glass", "cup", "fragile", "please", "handle", "with"]
WORDS += ["care", "by", "Monday", "for", "my", "aunt"]
rows, columns = np.mgrid[:12, :12]


def arrow():
    """Photograph of an arrow that points up, never quite in the middle."""
    row, column = rows - rng.normal(2, 0.5), np.abs(columns - rng.normal(5.5, 0.5))
    head, shaft = (row > 0) & (row < 4) & (column < row), (row >= 4) & (row < 8) & (column < 1.3)
    return (head | shaft) + 0.1 * rng.normal(size=(12, 12))


def parcels(n):
    """Parcels whose price follows from weight and size."""
    weight, size = rng.gamma(4, 0.5, n), rng.gamma(6, 2, n)
    return pd.DataFrame(
        {
            "weight": weight.round(2),
            "size": size.round(1),
            "price": (3 + 1.5 * weight + 0.2 * size + rng.normal(0, 0.3, n)).round(2),
            "note": [" ".join(rng.choice(WORDS, rng.integers(5, 9))) for _ in range(n)],
            "photo": [arrow() for _ in range(n)],
        }
    )


train, new = parcels(150), parcels(40)
new.loc[0, "price"] = 1.99  # too little for this weight and size
new.loc[1, "note"] = "DO NOT X-RAY!!! cash 5000 USD inside"
new.at[2, "photo"] = arrow().T  # the arrow points to the left
new.loc[3, ["weight", "price"]] = [0.05, 18.0]  # light and dear

# %%
# Columns of numbers are one part, the ``table``; texts and arrays are parts of their own.

detector = RecordDetector(contamination=0.02, random_state=0).fit(train)
scores = detector.decision_function(new)
print({part: type(own).__name__ for part, own in detector.detectors_.items()})
print(f"AUROC {roc_auc_score(np.arange(40) < 4, scores):.3f}")

# %%
# The first reason of each of the four highest scores:

reasons = detector.explain_frame(new).groupby("record").first()
reasons.loc[scores.argsort()[:-5:-1], ["score", "part", "reason"]].reset_index()

# %%
# Which part is odd?
# ------------------
# The four odd parcels, and the first four usual ones. The tail is about minus the logarithm of the
# share of training records whose part is as odd.

tails = detector.part_tails(new)[:8]
figure, ax = plt.subplots(figsize=(8, 3.4), layout="constrained")
for k, part in enumerate(detector.detectors_):
    ax.bar(np.arange(8) + 0.27 * (k - 1), tails[:, k], 0.25, label=part)
names = ["price", "note", "photo", "weight\nand price", *4 * ["usual"]]
ax.set_xticks(range(8), names)
ax.set(xlabel="what is odd", ylabel="how odd the part is (tail)")
ax.legend()
plt.show()

# %%
# **Read on:** :doc:`/records`.
