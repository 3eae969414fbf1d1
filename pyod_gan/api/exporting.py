"""Export of a detector to where there is no Python: ``to_onnx``."""

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

        The input of the model is ``X``, float64 of shape (n, n_features), with the columns of
        ``fit`` in the same order. Any n is possible. The model has two outputs:

        - ``score``, float64 of shape (n,), is ``decision_function(X)``.
        - ``label``, int64 of shape (n,), is ``predict(X)``.

        These methods refuse a row with a missing or infinite value. The ONNX model gives it the
        score NaN and the label 1. Before the file is written, scores are compared in onnxruntime.
        They must be equal within 1e-5, relative or absolute. The file appears under its name when
        it is complete.

        Parameters
        ----------
        path : str or path-like
            Path of the file. An existing file is replaced.

        Raises
        ------
        NotFittedError
            If the detector is not fitted.
        ValueError
            If the detector encodes a table (``encoder_`` is not None), or if the scores in
            onnxruntime are not equal. Also if ONNX or onnxruntime lacks what the score of the GAN
            needs: :class:`AnoGAN` searches by gradient descent.
        ImportError
            If onnx, onnxscript or onnxruntime is not installed. The extra ``onnx`` has them.
        OSError
            If the file cannot be written. An existing file is then as it was.
        """
        content = onnx_model(model_of(self), self.threshold_)
        with atomic_write(Path(path)) as file:
            file.write(content)
