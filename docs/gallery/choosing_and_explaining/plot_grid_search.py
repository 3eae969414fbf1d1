"""
A pipeline and a grid search
============================

A detector is an estimator of scikit-learn: it stands in pipelines, and a grid search may try other
GANs and other steps before it. With labels at hand the search can use them. The example looks for
the best pipeline on scikit-learn's digits, where eights are the anomalies, and tests it on rows
that the search has not seen.
"""

import matplotlib.pyplot as plt
import numpy as np
import pandas as pd
from sklearn.datasets import load_digits
from sklearn.decomposition import PCA
from sklearn.metrics import roc_auc_score
from sklearn.model_selection import GridSearchCV, StratifiedKFold, train_test_split
from sklearn.pipeline import Pipeline

from pyod_gan import GANDetector

X, digit = load_digits(return_X_y=True)
keep = np.r_[np.flatnonzero(np.isin(digit, [0, 1, 2]))[:450], np.flatnonzero(digit == 8)[:40]]
X, y = X[keep], (digit[keep] == 8).astype(int)  # 1 = anomaly
X, X_test, y, y_test = train_test_split(X, y, stratify=y, test_size=0.4, random_state=0)

# %%
# Labels must be 1 for anomalies, and folds stratified. A step before the detector may be left out.

pipeline = Pipeline([("reduce", "passthrough"), ("detect", GANDetector(random_state=0))])
grid = {
    "reduce": ["passthrough", PCA(8, random_state=0), PCA(16, random_state=0)],
    "detect__gan": ["views", "prototype"],
}
folds = StratifiedKFold(2, shuffle=True, random_state=0)
search = GridSearchCV(pipeline, grid, scoring="roc_auc", cv=folds).fit(X, y)
results = pd.DataFrame(search.cv_results_).sort_values("mean_test_score")
results["columns"] = [getattr(step, "n_components", 64) for step in results["param_reduce"]]
names = results["columns"].astype(str) + " columns, " + results["param_detect__gan"]

# %%
# On the test rows, the best pipeline and the default detector. The default is not made for pixels
# of several classes. With 16 principal components in place of the pixels it does better:

default = GANDetector(random_state=0).fit(X)
for name, estimator in (("best of the search", search), ("default", default)):
    print(f"{name}: AUROC {roc_auc_score(y_test, estimator.decision_function(X_test)):.3f}")

# %%
# All six candidates. ``views`` is the default GAN.

figure, ax = plt.subplots(figsize=(7.5, 3.5), layout="constrained")
mean, deviation = results["mean_test_score"], results["std_test_score"]
ax.errorbar(mean, names, xerr=deviation, fmt="o", capsize=3)
ax.set(xlabel="AUROC, mean and deviation of two folds")
plt.show()

# %%
# **Read on:** :doc:`/model-selection`, :doc:`/gans`.
