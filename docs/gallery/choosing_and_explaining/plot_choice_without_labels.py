"""
Choosing without labels, beside the truth
=========================================

Nobody has labelled the rows, and several GANs could be taken. Scorers without labels promise to say
which one. The example asks three of them about six candidates, on the sizes of penguins, and lays
their answers beside the AUROC that the labels give.
"""

import matplotlib.pyplot as plt
import pandas as pd
from palmerpenguins import load_penguins
from sklearn.model_selection import GridSearchCV, StratifiedKFold

from pyod_gan import AAE, GANDetector
from pyod_gan.model_selection import mass_volume, member_agreement, synthetic_negatives

penguins = load_penguins().dropna()
rare = penguins[penguins["species"] == "Chinstrap"][::6]  # twelve of them, the anomalies
penguins = pd.concat([penguins[penguins["species"] != "Chinstrap"], rare])
X, y = penguins[penguins.columns[2:6]].to_numpy(float), penguins["species"] == "Chinstrap"

# %%
# Six candidates, judged on held-out halves
# -----------------------------------------
# ``roc_auc`` is the only measure that looks at the labels. Trainings are short, so that the page is
# quick.

candidates = [
    {"gan": ["views", "prototype", "gan", "fencegan"]},
    {"gan": [AAE()], "gan__latent_dim": [1, 4]},
]
measures = {
    "synthetic_negatives": synthetic_negatives,
    "mass_volume": mass_volume,
    "member_agreement": member_agreement,
    "AUROC": "roc_auc",
}
search = GridSearchCV(
    GANDetector(n_estimators=3, max_iter=100, random_state=0),
    candidates,
    scoring=measures,
    refit=False,
    cv=StratifiedKFold(2, shuffle=True, random_state=0),
).fit(X, y)
names = ["views (default)", "prototype", "gan", "fencegan", "aae, 1 code", "aae, 4 codes"]
found = pd.DataFrame({m: search.cv_results_[f"mean_test_{m}"] for m in measures}, index=names)
found.round(3)

# %%
# A scorer is of use if its points rise from left to right. Here none does. One small set says
# little: on 22 sets the correlations are positive on average, and still no scorer beats taking
# the default where anomalies are among the rows.

figure, axes = plt.subplots(1, 3, figsize=(8.5, 3.4), layout="constrained", sharey=True)
for ax, measure in zip(axes, found.columns[:3], strict=True):
    for name, line in found.iterrows():
        ax.plot(line[measure], line["AUROC"], "o", label=name)
    correlation = found[measure].corr(found["AUROC"], method="spearman")
    ax.set(xlabel=measure, title=f"rank correlation {correlation:.2f}")
axes[0].set_ylabel("AUROC, by labels")
figure.legend(*axes[0].get_legend_handles_labels(), loc="outside lower center", ncols=3)
plt.show()

# %%
# **Read on:** :doc:`/model-selection`.
