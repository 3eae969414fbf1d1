"""
The rare lines of a log
=======================

A server writes hundreds of lines of a few kinds, each with other numbers and addresses. Among them
are some that nobody has written a rule for. The example ranks the lines without a label and
without a pattern, and shows where in the log the rare ones are. The log is made by the script.
"""

import matplotlib.pyplot as plt
import numpy as np
from sklearn.metrics import average_precision_score, roc_auc_score

from pyod_gan import TextDetector

rng = np.random.default_rng(0)


def usual():
    """A line of one of five kinds, with random numbers."""
    n, ms, client = rng.integers(1000, 9999), rng.integers(3, 90), rng.integers(2, 250)
    return rng.choice(
        [
            f"INFO  GET /orders/{n} from 10.0.0.{client} 200 in {ms} ms",
            f"INFO  POST /orders from 10.0.0.{client} 201 in {ms} ms",
            f"DEBUG cache hit for order {n}",
            f"INFO  order {n} sent to warehouse {rng.integers(1, 5)}",
            f"WARN  slow query: {10 * ms} ms for customer {n}",
        ],
        p=[0.4, 0.2, 0.2, 0.15, 0.05],
    )


rare = [
    "ERROR disk /dev/sdb1 is 99% full",
    "WARN  login of root from 203.0.113.77 failed",
    "INFO  GET /orders/../../etc/passwd from 10.0.0.31 404 in 2 ms",
    "Traceback (most recent call last):",
    "ERROR could not connect to warehouse 3: connection refused",
    "DEBUG cache hit for order \ufffd\ufffd\ufffd\ufffd",
]
lines = [str(usual()) for _ in range(600)]
places = [97, 180, 266, 391, 455, 540]
for place, line in zip(places, rare, strict=True):
    lines[place] = line

# %%
# All lines are learnt, the rare ones among them, and then ranked.

detector = TextDetector(contamination=0.01, random_state=0).fit(lines)
scores = detector.decision_scores_
odd = np.isin(np.arange(600), places)
print(f"AUROC {roc_auc_score(odd, scores):.3f}")
print(f"average precision {average_precision_score(odd, scores):.3f}")

# %%
# The flagged lines and their rarest words:

reasons = detector.explain_frame(lines).query("part == 'words'")
reasons.assign(line=[lines[i] for i in reasons["text"]])[["line", "score", "reason"]].round(2)

# %%
# Five of the six rare lines stand apart. A slow query, the only one below 100 ms, is flagged with
# them. The sixth rare line, with four broken characters, comes next, just below the threshold.

figure, ax = plt.subplots(figsize=(8, 3.5), layout="constrained")
ax.plot(scores, ".", ms=3, color="tab:grey", label="usual line")
ax.plot(places, scores[places], "o", color="tab:red", label="rare line")
ax.axhline(detector.threshold_, color="black", lw=0.8, ls="--", label="threshold")
ax.set(xlabel="line of the log", ylabel="score")
figure.legend(loc="outside upper center", ncols=3)
plt.show()

# %%
# **Read on:** :doc:`/texts`.
