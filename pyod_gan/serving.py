"""Serving a detector where there is no Python."""

from __future__ import annotations

import os
from pathlib import Path

from sklearn.utils.validation import check_is_fitted

from .atomic import atomic_write
from .explain import ExplainedDetector
from .onnx_export import to_onnx


class ServedDetector(ExplainedDetector):
    """Adds ``to_onnx`` to a detector with fitted networks."""

    def to_onnx(self, path: str | os.PathLike[str]) -> None:
        """Write preprocessing, networks, score and label as one ONNX model.

        The model's input is ``X``, float64 of shape (n, n_features_in_), the columns of ``fit`` in
        the same order; n is free. Its outputs are ``score``, float64 of shape (n,), which is
        ``decision_function(X)``, and ``label``, int64 of shape (n,), which is ``predict(X)``. A row
        with a missing or infinite value, which those refuse, gets the score NaN and the label 1.
        Scores are equal within 1e-5, relative or absolute: they are compared in onnxruntime before
        the file is written. The file appears under its name when it is complete.

        Parameters
        ----------
        path : str or path-like
            Where to; an existing file is replaced.

        Raises
        ------
        NotFittedError
            Before ``fit``.
        ValueError
            If the detector encodes a table (``encoder_`` is not None); if ONNX or onnxruntime lacks
            what the score of its GAN needs, as that of :class:`AnoGAN`, which searches by gradient
            descent; if the scores in onnxruntime are not equal.
        ImportError
            Without onnx, onnxscript or onnxruntime, which the extra ``onnx`` has.
        OSError
            If the file cannot be written; an existing one is then as it was.
        """
        check_is_fitted(self)
        if self.encoder_ is not None:
            raise ValueError(
                "A detector can be exported where it was fitted on numbers without missing values. "
                f"This one encodes a table of the columns {self.encoder_.names_}. Encode the table "
                "before `fit`, or serve the detector by `save` and `load`."
            )
        content = to_onnx(self)
        with atomic_write(Path(path)) as file:
            file.write(content)
