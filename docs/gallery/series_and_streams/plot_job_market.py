"""
Unusual months of the job market
================================

How many people work in each branch in the United States, and in groups of branches: 22 columns,
each month from 2006 to 2015 (data of the package ``vega_datasets``). The example ranks the monthly
changes of all columns together, and says which one was out of line.
"""

import matplotlib.pyplot as plt
import pandas as pd
from vega_datasets import local_data

from pyod_gan import GANDetector

jobs = pd.read_csv(local_data.us_employment.filepath, index_col="month", parse_dates=True)
change = (100 * jobs.drop(columns="nonfarm_change").pct_change().dropna()).round(2)  # percent

detector = GANDetector(contamination=0.08, random_state=0).fit(change)
scores = detector.decision_scores_
flagged = change[detector.labels_ == 1]
reasons = detector.explain_frame(flagged, top=1).set_index("row")["reason"]
flagged[[]].assign(score=scores[detector.labels_ == 1].round(2), reason=reasons)

# %%
# The financial crisis fills most of the list. One month is another story: in May 2010 the
# government took on hundreds of thousands of people for some weeks, to count the population.

figure, (above, below) = plt.subplots(2, 1, figsize=(8, 4.5), sharex=True, layout="constrained")
above.plot(change.index, change["manufacturing"], label="manufacturing")
above.plot(change.index, change["government"], label="government")
above.set(ylabel="change (percent)")
above.legend(loc="lower right")
below.bar(change.index, scores, width=25, color="tab:grey")
below.bar(
    flagged.index, scores[detector.labels_ == 1], width=25, color="tab:orange", label="flagged"
)
below.set(xlabel="month", ylabel="score")
below.legend()
plt.show()

# %%
# **Read on:** :doc:`/series`, :doc:`/explanations`.
