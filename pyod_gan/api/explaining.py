"""Reasons why a row is flagged: ``explain`` and ``explain_frame``."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from .._support.optional_imports import import_optional
from ..explain.attribution import by_column, explain_rows
from ..explain.reasons import check_top
from ..explain.sentences import explain_in_words
from ..front_ends.batches import Part, TableLike, map_parts
from ..front_ends.frames import EXTRA
from .fitted import FittedDetector, model_of, typical_score

if TYPE_CHECKING:
    import pandas as pd


class ExplainMixin:
    """Adds ``explain`` and ``explain_frame``."""

    def explain(self: FittedDetector, X: TableLike) -> np.ndarray:
        """Share of each column in the score of each row.

        If the GAN's score is a sum over columns, its terms are the shares. Otherwise the shares are
        integrated gradients of the score (Sundararajan et al. 2017, eq. 1). Gradients are taken
        along the line from the row that the GAN expected to the row, on the half near the row. If
        the score does not rise along the line, the distances between both rows are the shares.
        Negative values are set to 0. All shares are scaled, so that they sum to the row's score
        minus the median of the training scores.

        Parameters
        ----------
        X : array-like of shape (n_samples, n_features), or batches
            Rows to explain, with the columns of ``fit`` in the same order.

        Returns
        -------
        shares : ndarray of shape (n_samples, n_features)
            Shares of at least 0. A row whose score is below the median has shares of 0.

        Raises
        ------
        NotFittedError
            If the detector is not fitted.
        ValueError
            As in ``decision_function``.

        References
        ----------
        Sundararajan, Taly and Yan, "Axiomatic Attribution for Deep Networks", ICML 2017, arXiv
        1703.01365.
        """
        model = model_of(self)
        typical, outputs = typical_score(self), model.front_end.outputs

        def of_part(part: Part) -> np.ndarray:
            rows = model.front_end.read(part.rows).values
            return by_column(explain_rows(model, rows, typical).shares, outputs)

        return np.concatenate(map_parts(of_part, X))

    def explain_frame(self: FittedDetector, X: TableLike, *, top: int = 3) -> pd.DataFrame:
        """Reasons in words and numbers: one line per row and reason, the largest share first.

        Parameters
        ----------
        X : array-like of shape (n_samples, n_features), or batches
            Rows to explain.
        top : int, default=3
            Largest number of reasons per row. A row has fewer if fewer columns have a share.

        Returns
        -------
        reasons : DataFrame
            ``row`` (its label in a frame, else its number in the table), ``column``, ``share``,
            ``observed``, ``expected``, ``low``, ``high`` and ``reason``, a sentence. ``expected``
            is the mean of the values that the GAN expected instead. ``low`` and ``high`` are their
            10 % and 90 % quantiles. Values are in the units of ``X``, and durations in seconds. For
            a category or a boolean ``expected`` is the likeliest one. For a text or a date it is
            None. A value that lies between ``low`` and ``high``, or is the likeliest one, is usual
            by itself. Its reason names the columns that it does not fit.

        Raises
        ------
        NotFittedError
            If the detector is not fitted.
        ValueError
            If ``top`` is less than 1, or the rows cannot be read.
        ImportError
            If pandas is not installed. The extra ``tabular`` has it.
        """
        check_top(top)
        model, typical = model_of(self), typical_score(self)

        def of_part(part: Part) -> pd.DataFrame:
            rows, first = part.rows, part.first
            return explain_in_words(model, rows, typical, top, self.reservoir_, first)

        frames = map_parts(of_part, X)
        if len(frames) == 1:
            return frames[0]
        return import_optional("pandas", EXTRA).concat(frames, ignore_index=True)
