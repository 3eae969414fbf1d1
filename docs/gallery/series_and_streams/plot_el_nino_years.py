"""
El Niño years, without a label
==============================

The temperature of the sea off Peru, month by month since 1950 (data of the package
``statsmodels``). Each year is a row of twelve numbers. The example asks which years were unusual,
and compares the answer with what climatologists call the strongest El Niños of the time.
"""

import matplotlib.pyplot as plt
import numpy as np
from statsmodels.datasets import elnino

from pyod_gan import GANDetector

years = elnino.load_pandas().data.astype({"YEAR": int}).set_index("YEAR")
scores = GANDetector(random_state=0).fit(years).decision_scores_
ranked = years.index[scores.argsort()[::-1]]
print("highest scores:", *ranked[:5])

# %%
# The strongest El Niños of these years were those of 1972-73, 1982-83 and 1997-98. The five highest
# scores are five of their six years.

figure, (left, right) = plt.subplots(1, 2, figsize=(9, 3.6), layout="constrained")
months = [name.capitalize() for name in years.columns]
left.plot(months, years.T, color="tab:grey", alpha=0.3, lw=0.8)
for year in ranked[:3]:
    left.plot(months, years.loc[year], lw=2, label=str(year))
left.set(ylabel="sea temperature (°C)", xticks=np.arange(0, 12, 2))
left.legend()
right.bar(years.index, scores, color="tab:grey")
right.bar(ranked[:5], sorted(scores)[:-6:-1], color="tab:orange", label="the five highest")
right.set(xlabel="year", ylabel="score")
right.legend()
plt.show()

# %%
# A row that is a whole year needs no :class:`~pyod_gan.SeriesDetector`: the beginning and the end
# of each pattern are known. Where they are not, see :doc:`plot_points_and_patterns`.
#
# **Read on:** :doc:`/series`, :doc:`/tables`.
