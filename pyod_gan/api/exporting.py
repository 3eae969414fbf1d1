"""Serving a detector where there is no Python: ``to_onnx``."""

from __future__ import annotations

import os
from pathlib import Path

from .._support.atomic_files import atomic_write
from ..persist.onnx_export import onnx_model
from .fitted import FittedDetector, model_of


class OnnxMixin:
    """Adds ``to_onnx``."""

    def to_onnx(self: FittedDetector, path: str | os.PathLike[str]) -> None:
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
        content = onnx_model(model_of(self), self.threshold_)
        with atomic_write(Path(path)) as file:
            file.write(content)
