"""Why a row is flagged: ``explain`` and ``explain_frame``."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import ArrayLike

from ..explain.attribution import explain_rows
from ..explain.sentences import by_column, reasons_frame
from .fitted import FittedDetector, model_of, typical_score

if TYPE_CHECKING:
    import pandas as pd


class ExplainMixin:
    """Adds ``explain`` and ``explain_frame``."""

    def explain(self: FittedDetector, X: ArrayLike) -> np.ndarray:
        """Share of each column in the score of each row.

        Where the GAN's score is a sum over columns, its terms are the shares. Elsewhere they are
        integrated gradients of the score along the line from what the GAN expected to the row
        (Sundararajan et al. 2017, eq. 1), over the half near the row, without negative ones. Both
        are scaled to the row's excess.

        Parameters
        ----------
        X : array-like of shape (n_samples, n_features)
            Rows to explain; the columns of ``fit`` in the same order.

        Returns
        -------
        shares : ndarray of shape (n_samples, n_features)
            At least 0. A row sums to what its score exceeds the median of the training scores by;
            a row below the median has none.

        Raises
        ------
        NotFittedError
            Before ``fit``.
        ValueError
            For other columns than in ``fit``, missing or infinite values.

        References
        ----------
        Sundararajan, Taly and Yan, "Axiomatic Attribution for Deep Networks", ICML 2017, arXiv
        1703.01365.
        """
        model = model_of(self)
        explained = explain_rows(model, X, typical_score(self))
        return by_column(explained.shares, model.front_end.outputs)

    def explain_frame(self: FittedDetector, X: ArrayLike, *, top: int = 3) -> pd.DataFrame:
        """Reasons in words and numbers: one line per row and reason, the largest share first.

        Parameters
        ----------
        X : array-like of shape (n_samples, n_features)
            Rows to explain.
        top : int, default=3
            Reasons per row; fewer where fewer columns have a share.

        Returns
        -------
        reasons : DataFrame
            ``row`` (its label in a data frame, else its number), ``column``, ``share``,
            ``observed``, ``expected`` (the mean of what the GAN expected instead), ``low`` and
            ``high`` (10 % and 90 % of it), in the units of ``X``, and ``reason``, a sentence. For a
            category ``expected`` is the likeliest one; for a text there is none.

        Raises
        ------
        NotFittedError
            Before ``fit``.
        ValueError
            If ``top`` is less than 1, or the rows cannot be read.
        ImportError
            Without pandas, which the extra ``tabular`` has.
        """
        if top < 1:
            raise ValueError(f"`top` must be at least 1. Got {top!r} instead.")
        model = model_of(self)
        explained = explain_rows(model, X, typical_score(self))
        return reasons_frame(explained, model.front_end.outputs, model.front_end.names, X, top)
