"""Thresholds and p-values that hold on new rows, by split-conformal inference."""

from __future__ import annotations

from functools import partial
from numbers import Real
from typing import Protocol, TypeVar

import numpy as np
from scipy.stats import false_discovery_control
from sklearn.utils.validation import check_is_fitted

from ..front_ends.batches import TableLike
from ..front_ends.dask_tables import map_scores
from .fitted import FittedDetector
from .thresholds import Scored, threshold_at, use_threshold


class Calibrated(FittedDetector, Scored, Protocol):
    """A detector whose threshold can be set by held-out rows."""

    conformal_scores_: np.ndarray


D = TypeVar("D", bound=Calibrated)


class ConformalMixin:
    """Adds ``calibrate``, ``p_values`` and ``set_threshold``.

    New rows cannot be compared with the scores of training rows, because the detector has seen the
    training rows. They can be compared with the scores of normal rows that were held out. If a new
    row is normal and is drawn as the held-out rows were, its rank among their scores is uniform,
    whatever the detector (Vovk et al. 2005; Laxhammar and Falkman 2010).
    """

    def calibrate(self: D, X: TableLike) -> D:
        """Score normal samples that were not in ``fit``, for ``p_values`` and ``set_threshold``.

        Parameters
        ----------
        X : as in ``decision_function``
            Held-out samples. High-scoring anomalies among them make p-values larger, so that
            fewer samples are flagged.

        Returns
        -------
        self : object
            The detector with ``conformal_scores_``, the scores of ``X`` in ascending order.

        Raises
        ------
        NotFittedError
            If the detector is not fitted.
        ValueError
            As in ``decision_function``.
        """
        scores = np.asarray(self.decision_function(X))
        self.conformal_scores_ = np.sort(scores[~np.isnan(scores)])  # some cannot be scored
        return self

    def p_values(self: Calibrated, X: TableLike, *, adjust: str | None = None) -> np.ndarray:
        """Probability that a normal sample scores at least as high as each sample does.

        ``p = (1 + number of held-out samples that score at least as high) / (1 + number of held-out
        samples)``. For a normal sample P(p ≤ α) ≤ α, over draws of the held-out ones and of it.

        Parameters
        ----------
        X : as in ``decision_function``
            Samples to score.
        adjust : {None, "bh"}, default=None
            "bh" adjusts for the number of samples: among those with a value ≤ α, at most the share
            α is normal on average (Benjamini and Hochberg 1995; Bates et al. 2023, theorem 2).

        Returns
        -------
        p : ndarray of shape (n_samples,)
            Values from 1 / (1 + number of held-out samples) to 1, low = anomalous.

        Raises
        ------
        NotFittedError
            If ``calibrate`` was not called.
        ValueError
            If ``adjust`` is neither None nor "bh", or as in ``decision_function``.

        References
        ----------
        Bates, Candès, Lei, Romano and Sesia, "Testing for outliers with conformal p-values", Annals
        of Statistics 51, 2023, arXiv 2104.08279, eq. 2.
        """
        check_adjustment(adjust)
        held_out = held_out_scores(self)
        scores = self.decision_function(X)
        if adjust is not None:
            return conformal_p_values(np.asarray(scores), held_out, adjust)  # of all rows at once
        return map_scores(partial(conformal_p_values, held_out=held_out), scores)

    def set_threshold(self: D, *, fpr: float) -> D:
        """Set ``threshold_`` so that at most the share ``fpr`` of normal samples is flagged.

        A sample is then labelled 1 exactly where ``p_values`` gives at most ``fpr``. The share
        holds on average over draws of the held-out samples. With few of them it varies.

        Parameters
        ----------
        fpr : float in (0, 1)
            False positive rate, such as 0.01.

        Returns
        -------
        self : object
            The detector with the new ``threshold_`` and ``labels_``.

        Raises
        ------
        NotFittedError
            If ``calibrate`` was not called.
        ValueError
            If ``fpr`` is not between 0 and 1, or needs more held-out samples.
        """
        value = conformal_threshold(held_out_scores(self), fpr)
        use_threshold(self, threshold_at(self.decision_scores_, value))
        return self


def held_out_scores(detector: Calibrated) -> np.ndarray:
    """Sorted scores of the rows of ``calibrate``, (m,).

    Raises
    ------
    NotFittedError
        If ``calibrate`` was not called.
    """
    check_is_fitted(
        detector,
        "conformal_scores_",
        msg="This %(name)s has no held-out rows: call `calibrate` with normal rows that were not "
        "in `fit`.",
    )
    return detector.conformal_scores_


def check_adjustment(adjust: str | None) -> None:
    """Raise a ValueError for an unknown adjustment."""
    if adjust not in (None, "bh"):
        raise ValueError(f"`adjust` must be None or 'bh'. Got {adjust!r} instead.")


def conformal_p_values(
    scores: np.ndarray, held_out: np.ndarray, adjust: str | None = None
) -> np.ndarray:
    """P-values of scores (n,) by the sorted scores of held-out rows (m,), (n,).

    A score that is NaN, of what could not be scored, has NaN.
    """
    scored = ~np.isnan(scores)
    at_least = len(held_out) - np.searchsorted(held_out, scores[scored], side="left")
    p = np.full(len(scores), np.nan)
    p[scored] = (1 + at_least) / (1 + len(held_out))
    if adjust is not None:
        p[scored] = false_discovery_control(p[scored], method="bh")
    return p


def conformal_threshold(held_out: np.ndarray, fpr: float) -> float:
    """Threshold that a share ``fpr`` of normal rows exceeds, by sorted held-out scores (m,).

    Raises
    ------
    ValueError
        If ``fpr`` is not a number between 0 and 1, or needs more held-out samples.
    """
    if not isinstance(fpr, Real) or not 0 < fpr < 1:
        raise ValueError(f"`fpr` must be a number between 0 and 1. Got {fpr!r} instead.")
    allowed = int(np.floor(fpr * (1 + len(held_out)) * (1 + 1e-12)))  # rank from the top
    if allowed < 1:
        raise ValueError(
            f"fpr={fpr} needs at least {np.ceil(1 / fpr) - 1:.0f} held-out rows; "
            f"`calibrate` got {len(held_out)}. Calibrate on more rows or raise `fpr`."
        )
    return float(held_out[-allowed])
