"""
Unusual cars of the 1970s
=========================

A table of some 400 cars, as it comes with the package ``vega_datasets``: consumption, engine,
weight, year and origin. Nobody says which cars are anomalies. The example ranks them, prints the
reasons for the first ten, and draws two of the columns, so that you can judge for yourself.
"""

import matplotlib.pyplot as plt
import pandas as pd
from vega_datasets import local_data

from pyod_gan import GANDetector

cars = pd.read_json(local_data.cars.filepath).dropna().set_index("Name")
cars.head(3)

# %%
# Rank and explain
# ----------------
# The year is read as a date, the origin as a category. The frame is passed as it is.

detector = GANDetector(contamination=0.05, random_state=0).fit(cars)
scores = detector.decision_scores_
top = scores.argsort()[:-11:-1]
reasons = detector.explain_frame(cars.iloc[top], top=1).set_index("row")
reasons[["reason"]].assign(score=scores[top].round(2))

# %%
# Among the first are engines that were rare at the time: diesels (slow and thrifty for their
# size), rotary engines with three "cylinders", a turbo. The Buick wagon of 1970, with the largest
# engine of the table, weighs 3086 pounds. That of 1979 has a smaller engine and weighs 4360. The
# former is probably an error in the data.

figure, ax = plt.subplots(figsize=(7.5, 4.5), layout="constrained")
shade = ax.scatter(cars["Weight_in_lbs"], cars["Acceleration"], c=scores, s=16, cmap="viridis")
for place in top[:5]:
    car = cars.iloc[place]
    ax.annotate(
        f"{car.name} ({car['Year'][:4]})",
        (car["Weight_in_lbs"], car["Acceleration"]),
        xytext=(5, 4),
        textcoords="offset points",
        fontsize=8,
        bbox={"fc": "white", "ec": "none", "alpha": 0.8, "pad": 1},
    )
ax.set(xlabel="weight (pounds)", ylabel="seconds from 0 to 60 miles per hour")
figure.colorbar(shade, ax=ax, label="score")
plt.show()

# %%
# **Read on:** :doc:`/tables`, :doc:`/explanations`.
