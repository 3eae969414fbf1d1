"""
From a bank's CSV to reasons
============================

A file comes out of other software: semicolons, amounts such as ``1.234,50 €``, dates such as
``31.12.2025``. The command ``pyod-gan`` reads it as it is, and no line of Python is needed. The
example runs ``inspect``, ``fit`` and ``score``, as one would in a shell, on a file that the script
makes.
"""

from contextlib import chdir
from pathlib import Path
from tempfile import TemporaryDirectory

import matplotlib.pyplot as plt
import numpy as np
import pandas as pd

from pyod_gan.cli import main

rng = np.random.default_rng(0)
usual = {"rent": 890.0, "salary": -2350.0, "food": 45.0, "travel": 29.0}


def bookings(n):
    """Lines of a file: date, purpose and amount."""
    days = pd.Timestamp("2025-01-01") + pd.to_timedelta(np.sort(rng.integers(0, 360, n)), "D")
    purpose = rng.choice(list(usual), n, p=[0.1, 0.1, 0.5, 0.3])
    amount = pd.Series(purpose).map(usual) * rng.lognormal(0, 0.2, n)
    euros = [f"{a:,.2f} €".translate(str.maketrans(",.", ".,")) for a in amount]
    return [f"{d:%d.%m.%Y};{p};{e}" for d, p, e in zip(days, purpose, euros, strict=True)]


old, new = bookings(400), bookings(120)
new[20] = "17.02.2025;food;4.530,00 €"  # a hundred times too much
new[55] = "12.06.2025;lottery;60,00 €"
new[90] = "03.09.2052;travel;31,50 €"  # two digits changed places
print(*old[:3], sep="\n")

# %%
# Three commands
# --------------


def run(command):
    """Run a command of pyod-gan."""
    print("$ pyod-gan", command)
    assert main(command.split()) == 0


with TemporaryDirectory() as folder, chdir(folder):
    for name, lines in (("old.csv", old), ("new.csv", new)):
        Path(name).write_text("\n".join(["date;purpose;amount", *lines]) + "\n")
    run("inspect old.csv")
    run("fit old.csv --model bank.safetensors --contamination 0.01 --quiet")
    run("score new.csv --model bank.safetensors --explain 1 --out scored.csv --quiet")
    scored = pd.read_csv("scored.csv", sep=";")

# %%
# The file that was written has the same lines with scores, labels and reasons. Of the flagged ones,
# the last is a false alarm: a salary that is high, but was not planted.

scored[scored["label"] == 1].sort_values("score", ascending=False).fillna("")

# %%
figure, ax = plt.subplots(figsize=(8, 3), layout="constrained")
flagged = scored["label"] == 1
ax.bar(scored.index, scored["score"], color=np.where(flagged, "tab:orange", "tab:grey"))
for place in (20, 55, 90):
    ax.annotate("planted", (place, scored["score"][place]), ha="center", va="bottom", fontsize=8)
ax.set(xlabel="row of the file", ylabel="score")
ax.margins(y=0.1)
plt.show()

# %%
# **Read on:** :doc:`/command-line`, :doc:`/tables`.
