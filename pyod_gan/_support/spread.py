"""The spread of numbers most of which may be equal."""

from __future__ import annotations

import numpy as np


def deviation_by_few(distances: np.ndarray, noise: float) -> float:
    """Root mean square of distances, if those above the noise had their median and others had 0."""
    others = distances[distances > noise]
    return float(np.median(others) * np.sqrt(len(others) / distances.size)) if len(others) else 0.0
