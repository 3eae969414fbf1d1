"""
The same scores without Python
==============================

A detector is trained in Python and has to score in another program. ``to_onnx`` writes one file
that holds preprocessing, networks, score and label. The example exports a detector of tumours,
scores rows by onnxruntime, and compares the scores with those of Python.
"""

from pathlib import Path
from tempfile import TemporaryDirectory

import matplotlib.pyplot as plt
import numpy as np
import onnxruntime
from sklearn.datasets import load_breast_cancer
from sklearn.metrics import roc_auc_score

from pyod_gan import GANDetector

X, benign = load_breast_cancer(return_X_y=True)
train, new = X[benign == 1][:250], np.r_[X[benign == 1][250:], X[benign == 0][:60]]
malignant = np.arange(len(new)) >= 107
detector = GANDetector("prototype", random_state=0).fit(train)

# %%
# Export, and score by the model
# ------------------------------
# The file is data: no code of this package is needed to run it. The default GAN can be exported as
# well; ``prototype`` makes a smaller model, which is quicker to check.

with TemporaryDirectory() as folder:
    path = Path(folder, "model.onnx")
    detector.to_onnx(path)
    model = path.read_bytes()
session = onnxruntime.InferenceSession(model)
score, label = session.run(["score", "label"], {"X": new})

expected = detector.decision_function(new)
print(f"size of the file: {len(model) / 1e6:.1f} MB")
print(f"largest difference of a score: {np.abs(score - expected).max():.0e}")
print(f"labels that differ: {(label != detector.predict(new)).sum()} of {len(new)}")
print(f"AUROC by onnxruntime: {roc_auc_score(malignant, score):.3f}")
print(f"AUROC in Python: {roc_auc_score(malignant, expected):.3f}")

# %%
# Each row twice: its score in Python, and by the model.

figure, ax = plt.subplots(figsize=(5.2, 4.4), layout="constrained")
for name, rows, colour in (("benign", ~malignant, "tab:blue"), ("malignant", malignant, "tab:red")):
    ax.plot(expected[rows], score[rows], "o", ms=4, alpha=0.6, color=colour, label=name)
ax.axline((0, 0), slope=1, color="black", lw=0.8)
ax.axhline(detector.threshold_, color="tab:grey", lw=0.8, ls="--", label="threshold")
ax.set(xlabel="score in Python", ylabel="score by onnxruntime")
ax.legend()
plt.show()

# %%
# **Read on:** :doc:`/serving`.
