"""KDDCup99, 10 %, as the papers on GANs use it: attacks are normal, "normal." is the anomaly.

Flows that are labelled ``normal.`` are the rarer class (a fifth), so they play the anomalies. The
seven categorical columns are one-hot encoded, which makes 121 columns (Zong et al.,
ICLR 2018; Zenati et al., ICDM 2018).
"""

from __future__ import annotations

from functools import cache

import numpy as np
import pandas as pd
from numpy.typing import NDArray
from sklearn.datasets import fetch_kddcup99

NAME = "kddcup99"
CATEGORICAL = [
    "protocol_type",
    "service",
    "flag",
    "land",
    "logged_in",
    "is_host_login",
    "is_guest_login",
]


@cache
def load() -> tuple[NDArray[np.float64], NDArray[np.int64]]:
    """Rows and labels, from scikit-learn's copy; fetched on first use.

    Returns
    -------
    tuple of ndarray
        494,021 rows of 121 columns, and labels with 1 for ``normal.``.

    Raises
    ------
    OSError
        If it is not at hand and cannot be fetched.
    """
    bunch = fetch_kddcup99(percent10=True)
    table = pd.DataFrame(bunch.data, columns=bunch.feature_names)
    encoded = pd.get_dummies(table, columns=CATEGORICAL)
    y = (np.asarray(bunch.target) == b"normal.").astype(np.int64)
    return encoded.to_numpy(dtype=np.float64), y
