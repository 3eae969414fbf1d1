"""
Odd card payments, and why
==========================

A bank has a table of card payments that were checked, with dates, kinds of shops, countries and
amounts, and new ones come in. A detector reads the data frames as they are, ranks the new
payments, and says of each one what does not fit. The payments are made by the script.
"""

# %%
# Payments of a quarter
# ---------------------
# Each kind of shop has its own amounts, and all are open by day.

import matplotlib.pyplot as plt
import numpy as np
import pandas as pd
from sklearn.metrics import average_precision_score, roc_auc_score

from pyod_gan import GANDetector

rng = np.random.default_rng(0)
typical = {"coffee": 4.0, "groceries": 40.0, "fuel": 60.0, "electronics": 350.0}  # euros


def payments(n):
    """Usual payments."""
    shop = rng.choice(list(typical), n, p=[0.4, 0.35, 0.15, 0.1])
    hours = 24 * rng.integers(0, 90, n) + rng.triangular(7, 14, 21, n)
    return pd.DataFrame(
        {
            "time": pd.Timestamp("2026-01-05") + pd.to_timedelta(hours, "h").round("min"),
            "shop": shop,
            "country": rng.choice(["DE", "FR", "AT"], n, p=[0.7, 0.2, 0.1]),
            "amount": (pd.Series(shop).map(typical) * rng.lognormal(0, 0.3, n)).round(2),
        }
    )


checked, new = payments(600), payments(300)
frauds = pd.DataFrame(
    [
        ["2026-02-11 12:40", "coffee", "DE", 95.00],  # two large amounts for the shop
        ["2026-03-02 16:05", "groceries", "FR", 890.00],
        ["2026-01-30 03:12", "fuel", "DE", 64.50],  # two at night
        ["2026-03-19 02:47", "electronics", "DE", 420.00],
        ["2026-02-20 13:30", "groceries", "ZZ", 38.20],  # two from elsewhere
        ["2026-03-25 10:15", "coffee", "ZZ", 4.40],
    ],
    columns=new.columns,
).astype({"time": new["time"].dtype})
new = pd.concat([new, frauds], ignore_index=True)
fraud = np.arange(len(new)) >= 300

# %%
# Learn the checked payments, rank the new ones
# ---------------------------------------------

detector = GANDetector(contamination=0.02, random_state=0).fit(checked)
scores, label = detector.decision_function(new), detector.predict(new)
print(f"AUROC {roc_auc_score(fraud, scores):.3f}")
print(f"average precision {average_precision_score(fraud, scores):.3f}")
print(f"flagged: {label[fraud].sum()} of 6 frauds, {label[~fraud].sum()} of 300 usual payments")

# %%
# The ten highest scores, with the largest reason of each:

top = new.iloc[scores.argsort()[:-11:-1]]
reasons = detector.explain_frame(top, top=1).set_index("row")["reason"]
top = top.assign(score=scores[top.index], fraud=fraud[top.index], reason=reasons)
top.style.format(precision=2)

# %%
# The payments at night can be seen with the eye, too. An unknown country, or an amount that is
# large for a coffee, cannot be seen by hour and amount alone.

hours = new["time"].dt.hour + new["time"].dt.minute / 60
figure, ax = plt.subplots(figsize=(7.5, 4), layout="constrained")
shade = ax.scatter(hours, new["amount"], c=scores, s=16, cmap="viridis")
ax.scatter(hours[fraud], new["amount"][fraud], s=120, fc="none", ec="tab:red", label="fraud")
ax.set(xlabel="hour of the day", ylabel="amount (euros)", yscale="log", xticks=range(0, 25, 3))
ax.legend(loc="upper left")
figure.colorbar(shade, ax=ax, label="score")
plt.show()

# %%
# **Read on:** :doc:`/tables`, :doc:`/explanations`, :doc:`/thresholds`.
