"""
Unwanted messages, and their words
==================================

Short messages of friends are normal, advertisements and foreign languages are not. A detector
learns from three hundred messages without any example of the latter, in no given language and
without a download. The example ranks new messages, and names the words that are odd. The messages
are made by the script.
"""

import matplotlib.pyplot as plt
import numpy as np
from sklearn.metrics import roc_auc_score

from pyod_gan import TextDetector

rng = np.random.default_rng(0)
PARTS = (
    ["Hey", "Hi Mum", "Sorry", "Ok", "Anna", "Good morning", "No worries", "Thanks"],
    ["I will be", "I am", "we are", "he is not", "they will be", "I was", "you are"],
    ["late", "at home", "on the bus", "back at 7", "in town", "at work", "with Paul", "tired"],
    ["today", "tonight", "on Monday", "after lunch", "again", "for an hour", "until 5"],
    [". See you!", ". Love you", "...", ". Call me later?", ". Is that ok?", " :)", "."],
)


def messages(n):
    """Short messages of five random parts."""
    return ["{}, {} {} {}{}".format(*(rng.choice(part) for part in PARTS)) for _ in range(n)]


unwanted = [
    "WINNER!! Claim your 900 prize now, call 09061701461",
    "Your parcel is held. Pay 1.99 at www.parcel-fees.example",
    "URGENT account locked, verify at http://bank.example/login",
    "Free entry: text WIN to 80085 (18+, 1.50/msg)",
    "Der Bus kommt heute leider nicht, bitte hol mich ab",
]
new = messages(60) + unwanted

# %%

detector = TextDetector(contamination=0.02, random_state=0).fit(messages(300))
scores = detector.decision_function(new)
print(f"AUROC {roc_auc_score(np.arange(65) >= 60, scores):.3f}")

# %%
# Every part of a text has its reasons: its words, its runs of characters and its style. Those of
# the words, for the unwanted messages:

reasons = detector.explain_frame(new).query("part == 'words' and text >= 60")
reasons.assign(message=[new[i] for i in reasons["text"]])[["message", "score", "reason"]].round(2)

# %%
# The ten highest scores. A single German sentence is as odd as the advertisements. Four usual
# messages are above the threshold too, far behind them.

top = scores.argsort()[-10:]
figure, ax = plt.subplots(figsize=(8, 3.5), layout="constrained")
colours = np.where(top >= 60, "tab:red", "tab:grey")
ax.barh([new[i] for i in top], scores[top], color=colours)
ax.axvline(detector.threshold_, color="black", lw=0.8, ls="--", label="threshold")
ax.tick_params("y", labelsize=8)
ax.set_xlabel("score")
ax.legend()
plt.show()

# %%
# **Read on:** :doc:`/texts`, :doc:`/known-anomalies`.
