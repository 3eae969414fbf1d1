"""A fitted detector as one ONNX graph: preprocessing, networks, score and label."""

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

from .ensemble import combine
from .inputs import column_names
from .onnx_scorer import RowScorer
from .optional import import_optional
from .threads import one_thread

EXTRA = "onnx"
OPSET = 18  # the exporter's own, which every later runtime reads
CHUNK = 16  # rows scored at once: what the distances of that many need stays in a CPU's caches
TOLERANCE = 1e-5  # of the score, relative and absolute
LOUD = ("torch", "onnxscript", "onnx_ir")  # loggers that warn of what is no fault of the user's

# The rows go through the networks chunk by chunk, so that memory does not grow with them.
LOOP = """
<ir_version: 10, opset_import: ["": {opset}, "pyod_gan": 1]>
detector (double[n, {n_columns}] X) => (double[n] score, int64[n] label) {{
    size = Constant <value_ints = [{size}]> ()
    size_less_1 = Constant <value_ints = [{size_less_1}]> ()
    n_rows = Shape <end = 1> (X)
    rounded_up = Add (n_rows, size_less_1)
    n_chunks = Div (rounded_up, size)
    trips = Squeeze (n_chunks)
    no_scores = SequenceEmpty <dtype = 11> ()
    no_labels = SequenceEmpty <dtype = 7> ()
    all_scores, all_labels = Loop (trips, , no_scores, no_labels) <body = chunk (
        int64 i, bool go, seq(double[m]) scores, seq(int64[m]) labels
    ) => (bool on, seq(double[m]) more_scores, seq(int64[m]) more_labels) {{
        start = Mul (i, size)
        stop = Add (start, size)
        rows = Slice (X, start, stop)
        chunk_score, chunk_label = pyod_gan.score_rows (rows)
        on = Identity (go)
        more_scores = SequenceInsert (scores, chunk_score)
        more_labels = SequenceInsert (labels, chunk_label)
    }}>
    score = ConcatFromSequence <axis = 0> (all_scores)
    label = ConcatFromSequence <axis = 0> (all_labels)
}}
"""


def to_onnx(detector: Any) -> bytes:
    """The model file of a fitted detector; an error where it would not score the same."""
    onnx, runtime = (import_optional(name, EXTRA) for name in ("onnx", "onnxruntime"))
    import_optional("onnxscript", EXTRA)  # by the exporter
    rows = _probes(detector)
    try:
        with one_thread(detector.networks_), _quiet():
            graph = _rows_graph(RowScorer(detector), torch.from_numpy(rows[:3]))
        model = _whole(onnx, graph, rows.shape[1])
        onnx.helper.set_model_props(model, _about(detector))
        content: bytes = model.SerializeToString()
        scores, labels = _run(runtime, content, rows)
    except Exception as error:  # of the exporter's and the runtime's many kinds
        raise _not_exported(detector, _reason(error)) from error
    with one_thread(detector.networks_):
        expected = combine(detector._member_scores(rows), detector.units_)
    if not np.allclose(scores, expected, rtol=TOLERANCE, atol=TOLERANCE):
        apart = np.abs(scores - expected).max()
        raise _not_exported(detector, f"in onnxruntime it differs by {apart:.2g}")
    if not np.array_equal(labels, scores > detector.threshold_):
        raise _not_exported(detector, "in onnxruntime labels are not those of the scores")
    return content


def _probes(detector: Any) -> np.ndarray:
    """Rows to compare scores on, more than two chunks, some near and some far."""
    scaler = detector.scaler_.scaler_
    z = np.random.default_rng(0).normal(size=(2 * CHUNK + 3, len(scaler.mean_)))
    z[CHUNK::3] *= 100
    return np.asarray(scaler.mean_ + scaler.scale_ * z)


def _rows_graph(scorer: RowScorer, rows: Tensor) -> Any:
    """ONNX of ``scorer``, for any number of rows."""
    scorer(rows)  # what cannot be exported is found at once, and said in its own words
    program = torch.onnx.export(
        scorer,
        (rows,),
        dynamo=True,
        dynamic_shapes=({0: torch.export.Dim("n")},),
        opset_version=OPSET,
        verbose=False,
    )
    return program.model_proto.graph  # type: ignore[union-attr]  # None is of older exporters


def _whole(onnx: Any, graph: Any, n_columns: int) -> Any:
    """The model of which ``graph``, as a function, scores a chunk."""
    model = onnx.parser.parse_model(
        LOOP.format(opset=OPSET, n_columns=n_columns, size=CHUNK, size_less_1=CHUNK - 1)
    )
    make = onnx.helper.make_node
    constants = [make("Constant", [], [tensor.name], value=tensor) for tensor in graph.initializer]
    for part in (*graph.initializer, *graph.node):
        part.ClearField("metadata_props")  # stack traces, with the paths of this machine
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


def _about(detector: Any) -> dict[str, str]:
    """What the file says about itself."""
    return {
        "written_by": f"pyod-gan {version('pyod-gan')}",
        "gan": type(detector.gan_).__name__,
        "feature_names": json.dumps(column_names(detector)),
        "threshold": repr(float(detector.threshold_)),
    }


def _run(runtime: Any, content: bytes, rows: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Scores and labels in onnxruntime, (n, D) -> (n,), (n,)."""
    options = runtime.SessionOptions()
    options.intra_op_num_threads, options.log_severity_level = 1, 4
    session = runtime.InferenceSession(content, options, providers=["CPUExecutionProvider"])
    scores, labels = session.run(["score", "label"], {"X": rows})
    return scores, labels


def _reason(error: BaseException) -> str:
    """The first line of what led to an error."""
    while error.__cause__ is not None:
        error = error.__cause__
    return (str(error).splitlines() or [type(error).__name__])[0].rstrip(".")


def _not_exported(detector: Any, reason: str) -> ValueError:
    return ValueError(
        "A detector can be exported where the score of its GAN runs, and is the same, in ONNX. "
        f"That of {type(detector.gan_).__name__} cannot: {reason}. Serve it by `save` and "
        "`load`, or fit another GAN, such as the default."
    )


@contextmanager
def _quiet() -> Iterator[None]:
    """No warnings and log messages of the exporter; filters and levels are restored."""
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
