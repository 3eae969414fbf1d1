"""Export of a fitted detector as one ONNX graph: preprocessing, networks, score and label."""

from __future__ import annotations

import json
import logging
import warnings
from collections.abc import Iterator
from contextlib import contextmanager
from importlib.metadata import version
from typing import Any

import numpy as np
import torch
from torch import Tensor

from .._support.optional_imports import import_optional
from .._support.own_settings import own_settings
from ..engine.mlp import MLP
from ..engine.threads import on_one_thread
from ..front_ends.table import TableFrontEnd
from ..model import FittedModel
from .onnx_scorer import RowScorer

EXTRA = "onnx"
OPSET = 18  # the exporter's own opset, which every later runtime reads
CHUNK = 8  # rows scored at once, so that their distances fit in the CPU's caches
TOLERANCE = 1e-5  # tolerance of the score, relative and absolute
LOUD = ("torch", "onnxscript", "onnx_ir")  # loggers of warnings that the user can do nothing about

# The rows go through the networks chunk by chunk, so that memory does not grow with their number.
# Every chunk has the same height. The last chunk is filled up with the last row.
MODEL = """
<ir_version: 10, opset_import: ["": {opset}, "pyod_gan": 1]>
detector (double[n, {n_columns}] X) => (double[n] score, int64[n] label) {{
    zero = Constant <value_int = 0> ()
    one = Constant <value_int = 1> ()
    most = Constant <value_int = {chunk}> ()
    as_many_as_fit = Constant <value_ints = [-1]> ()
    from_the_first = Constant <value_ints = [0]> ()
    n_rows = Shape <end = 1> (X)
    last_row = Sub (n_rows, one)
    at_most = Min (most, n_rows)
    height = Max (at_most, one)
    rounded_up = Add (last_row, height)
    n_chunks = Div (rounded_up, height)
    n_places = Mul (n_chunks, height)
    end = Squeeze (n_places)
    counted = Range (zero, end, one)
    places = Min (counted, last_row)
    shape = Concat <axis = 0> (as_many_as_fit, height)
    chunks = Reshape (places, shape)
    score_chunks, label_chunks = Scan <num_scan_inputs = 1, body = one_chunk (int64[h] chunk)
    => (double[h] chunk_score, int64[h] chunk_label) {{
        rows = Gather (X, chunk)
        chunk_score, chunk_label = pyod_gan.score_rows (rows)
    }}> (chunks)
    scores = Reshape (score_chunks, as_many_as_fit)
    labels = Reshape (label_chunks, as_many_as_fit)
    score = Slice (scores, from_the_first, n_rows)
    label = Slice (labels, from_the_first, n_rows)
}}
"""


@own_settings()
def onnx_model(model: FittedModel, threshold: float) -> bytes:
    """Make the content of an ONNX file that scores as the model does.

    Raises
    ------
    ValueError
        If the model encodes a table, or would not score the same in onnxruntime.
    ImportError
        If onnx, onnxscript or onnxruntime is not installed. The extra ``onnx`` has them.
    """
    front_end = _front_end_of_numbers(model)
    onnx, runtime = (import_optional(name, EXTRA) for name in ("onnx", "onnxruntime"))
    import_optional("onnxscript", EXTRA)  # the exporter imports it
    rows = _probes(front_end)
    try:
        scorer = RowScorer(model, front_end, threshold)
        some = torch.from_numpy(rows[:3])
        graph = on_one_thread(model.networks, lambda: _rows_graph(scorer, some))
        exported = _whole(onnx, graph, rows.shape[1])
        onnx.helper.set_model_props(exported, _about(model, threshold))
        content: bytes = exported.SerializeToString()
        scores, labels = _run(runtime, content, rows)
    except Exception as error:  # exporter and runtime raise many kinds
        raise _not_exported(model, _reason(error)) from error
    expected = model.row_scores(front_end.scale(rows))
    if not np.allclose(scores, expected, rtol=TOLERANCE, atol=TOLERANCE):
        apart = np.abs(scores - expected).max()
        raise _not_exported(model, f"in onnxruntime it differs by {apart:.2g}")
    if not np.array_equal(labels, scores > threshold):
        raise _not_exported(model, "in onnxruntime labels are not those of the scores")
    return content


def _front_end_of_numbers(model: FittedModel) -> TableFrontEnd:
    """Return the model's front end, or raise a ValueError if it encodes a table."""
    front_end = model.front_end
    if isinstance(front_end, TableFrontEnd) and front_end.encoder_ is None:
        return front_end
    raise ValueError(
        "A detector can be exported where it was fitted on numbers without missing values. "
        f"This one encodes a table of the columns {front_end.names}. Encode the table before "
        "`fit`, or serve the detector by `save` and `load`."
    )


def _probes(front_end: TableFrontEnd) -> np.ndarray:
    """Rows to compare scores on, some near and some far, in more than two chunks."""
    of_columns = front_end.scaler_.to_arrays()
    z = np.random.default_rng(0).normal(size=(2 * CHUNK + 3, len(of_columns["mean"])))
    z[CHUNK::3] *= 100
    return np.asarray(of_columns["mean"] + of_columns["scale"] * z)


def _rows_graph(scorer: RowScorer, rows: Tensor) -> Any:
    """Make the ONNX graph of ``scorer``, for any number of rows."""
    with _quiet():
        scorer(rows)  # operations that cannot be exported raise their own errors here
        program = torch.onnx.export(
            scorer,
            (rows,),
            dynamo=True,
            dynamic_shapes=({0: torch.export.Dim("n")},),
            opset_version=OPSET,
            verbose=False,
        )
    return program.model_proto.graph  # type: ignore[union-attr]  # only older exporters have None


def _whole(onnx: Any, graph: Any, n_columns: int) -> Any:
    """Make the whole model, in which ``graph`` is the function that scores a chunk."""
    model = onnx.parser.parse_model(MODEL.format(opset=OPSET, n_columns=n_columns, chunk=CHUNK))
    make = onnx.helper.make_node
    constants = [make("Constant", [], [tensor.name], value=tensor) for tensor in graph.initializer]
    for part in (*graph.initializer, *graph.node):
        part.ClearField("metadata_props")  # stack traces with paths of this machine
    inputs, outputs = ([value.name for value in ends] for ends in (graph.input, graph.output))
    score_rows = onnx.helper.make_function(
        "pyod_gan",
        "score_rows",
        inputs,
        outputs,
        [*constants, *graph.node],
        [onnx.helper.make_opsetid("", OPSET)],
    )
    model.functions.append(score_rows)
    onnx.checker.check_model(model, full_check=True)
    return model


def _about(model: FittedModel, threshold: float) -> dict[str, str]:
    """Metadata of the file."""
    return {
        "written_by": f"pyod-gan {version('pyod-gan')}",
        "gan": type(model.gan).__name__,
        "feature_names": json.dumps(model.front_end.names),
        "threshold": repr(threshold),
    }


def _run(runtime: Any, content: bytes, rows: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Scores and labels in onnxruntime, one row first and then the others, (n, D) -> (n,), (n,)."""
    options = runtime.SessionOptions()
    options.intra_op_num_threads, options.log_severity_level = 1, 4
    session = runtime.InferenceSession(content, options, providers=["CPUExecutionProvider"])
    parts = [session.run(["score", "label"], {"X": part}) for part in np.split(rows, [1])]
    scores, labels = (np.concatenate(part) for part in zip(*parts, strict=True))
    return scores, labels


def _reason(error: BaseException) -> str:
    """First line of the error that led to ``error``."""
    while error.__cause__ is not None:
        error = error.__cause__
    return (str(error).splitlines() or [type(error).__name__])[0].rstrip(".")


def _not_exported(model: FittedModel, reason: str) -> ValueError:
    """Make the error for a model that cannot be exported, which says what to do instead."""
    network = model.settings.network
    is_plain = isinstance(network, MLP)
    instead = "another GAN, such as the default" if is_plain else f"network='mlp', not {network!r}"
    return ValueError(
        "A detector can be exported where the score of its GAN runs, and is the same, in ONNX. "
        f"That of {type(model.gan).__name__} cannot: {reason}. Serve it by `save` and "
        f"`load`, or fit {instead}."
    )


@contextmanager
def _quiet() -> Iterator[None]:
    """Silence warnings and log messages of the exporter. Filters and levels are restored."""
    loggers = [logging.getLogger(name) for name in LOUD]
    levels = [logger.level for logger in loggers]
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            for logger in loggers:
                logger.setLevel(logging.ERROR)
            yield
    finally:
        for logger, level in zip(loggers, levels, strict=True):
            logger.setLevel(level)
