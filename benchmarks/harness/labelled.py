"""Labelled sets of images, texts or whatever else a detector takes, and how they are split."""

from __future__ import annotations

from typing import Any, NamedTuple

import numpy as np

SHARE = 0.1  # of anomalies under ``same``, if a set has more than twice as many
SETTINGS = ("one-class", "same")
KNOWN = "known-"  # and the number of known anomalies, see :func:`split_known`
Array = np.ndarray[Any, Any]


class Labelled(NamedTuple):
    """Samples of one kind, and anomalies."""

    name: str
    samples: Array  # (n, ...)
    y: Array  # (n,) 1 = anomaly
    masks: Array | None = None  # (n, H, W) 1 = pixel of an anomaly
    groups: Array | None = None  # (n,) such as speakers


def split_known(y: Array, n_known: int, seed: int) -> tuple[Array, Array, Array]:
    """Positions of samples to fit on, of those to score, and of known anomalies.

    Of a random half so many anomalies are known; they are not among the samples to fit, and its
    other anomalies are. The other half is scored. If anomalies are more than twice a tenth, a tenth
    is drawn.
    """
    draws = np.random.default_rng(seed)
    normal, anomalies = (draws.permutation(np.flatnonzero(y == label)) for label in (0, 1))
    anomalies = anomalies[: _most(len(normal), len(anomalies))]
    half, half_normal = len(anomalies) // 2, len(normal) // 2
    known = anomalies[:half][:n_known]
    fitted = np.concatenate([normal[:half_normal], anomalies[len(known) : half]])
    return fitted, np.concatenate([normal[half_normal:], anomalies[half:]]), known


def _most(n_normal: int, n_anomalies: int) -> int:
    """Number of anomalies that are kept: a tenth, if there are more than twice as many."""
    most = max(1, round(n_normal * SHARE / (1 - SHARE)))
    return n_anomalies if n_anomalies <= 2 * most else most


def split(y: Array, setting: str, seed: int, groups: Array | None = None) -> tuple[Array, Array]:
    """Positions of samples to fit on, and of those to score, by the labels of all.

    ``one-class`` fits half of the normal samples, and scores the other half and all anomalies. With
    groups it scores all samples of one group, a seed after the other, and fits the normal samples
    of the others. ``same`` fits and scores all samples. If anomalies are more than twice a tenth, a
    tenth is drawn.
    """
    if groups is not None and setting == "one-class":
        known = np.unique(groups)
        scored = groups == known[seed % len(known)]
        return np.flatnonzero(~scored & (y == 0)), np.flatnonzero(scored)
    draws = np.random.default_rng(seed)
    normal = draws.permutation(np.flatnonzero(y == 0))
    anomalies = draws.permutation(np.flatnonzero(y == 1))
    if setting == "one-class":
        half = len(normal) // 2
        return normal[:half], np.concatenate([normal[half:], anomalies])
    kept = anomalies[: _most(len(normal), len(anomalies))]
    everything = np.sort(np.concatenate([normal, kept]))
    return everything, everything
