"""How fast: wall and CPU time, side by side in one run, on one thread.

Repeats are interleaved (each contender once, then all again), so that a busy moment of the machine
hits all of them; the median is reported.
"""

from __future__ import annotations

import time
from argparse import Namespace
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from pathlib import Path
from statistics import median
from tempfile import TemporaryDirectory
from typing import Any

import numpy as np
import pandas as pd
import torch
from sklearn.datasets import make_blobs
from torch.utils._python_dispatch import TorchDispatchMode
from torch.utils.flop_counter import flop_registry
from tqdm import tqdm

from pyod_gan.callbacks import Callback

from ..harness import datasets, detectors, report
from ..harness.isolation import isolated
from . import ablation

FloatArray = np.ndarray[Any, np.dtype[np.float64]]
CARDIO = ("6_cardio", "cardio")
CARDIO_SHAPE = (1831, 21)
SCORED_ROWS, SCORED_COLUMNS, FITTED_ROWS = 20_000, 20, 1_000
MEMBERS = (1, 2, 4, 8, 16, 32)
SINGLE_ROWS = 1_000
PRODUCTS = ("aten::bmm", "aten::baddbmm", "aten::mm", "aten::addmm")
SCORERS = tuple(name for name in detectors.DEFAULT if not name.startswith("PyOD-"))
Job = Callable[[], object]


def command(options: Namespace, home: Path | None) -> int:
    """Print the tables and write ``speed.md``."""
    names = ablation.expand(options.detectors) if options.detectors else None
    text = "\n\n".join(
        f"## {title}\n\n{report.markdown(table)}"
        for title, table in tqdm(measure(home, names), total=5)
    )
    report.publish(text, options.out, "speed.md")
    return 0


def measure(
    data_home: Path | None, names: list[str] | None = None, repeats: int = 3
) -> Iterator[tuple[str, pd.DataFrame]]:
    """Time members, fitting, training steps, scoring and serving.

    Parameters
    ----------
    data_home : Path or None
        Folder of the data files; without cardio in it, a random table of its size stands in.
    names : list of str or None
        Detectors of the scoring comparison; None means the default list without PyOD's GANs.
    repeats : int
        Runs per contender.

    Yields
    ------
    tuple of str and DataFrame
        A title and its table.
    """
    X, source = _cardio(data_home)
    members = {f"{detectors.OURS}, n_estimators={n}": _fit_members(X, n) for n in MEMBERS}
    yield f"More members, same steps, on {source}", timed(members, repeats)
    fits = {name: _fit(name, X) for name in (detectors.OURS, "AutoEncoder", "LUNAR")}
    yield f"Fit on {source}, each at its defaults", timed(fits, repeats)
    yield f"A training step of every GAN, eight members, on {source}", _steps(X, repeats)
    train, rows = _clusters(FITTED_ROWS), _clusters(SCORED_ROWS)
    table = timed(_scorers(names or list(SCORERS), train, rows), repeats)
    table["rows per second"] = [f"{len(rows) / s:,.0f}" for s in table["wall seconds"]]
    yield f"Score {len(rows):,} rows of {SCORED_COLUMNS} columns (fitted on {FITTED_ROWS:,})", table
    yield "Serve the same rows: decision_function and to_onnx", serving(train, rows, repeats)


def _cardio(data_home: Path | None) -> tuple[FloatArray, str]:
    """Cardio if it is at hand, else a random table of its size."""
    for name in CARDIO if data_home else ():
        if name in datasets.available(data_home):
            return datasets.load(name, data_home).X, f"cardio {CARDIO_SHAPE}"
    return np.random.RandomState(0).standard_normal(CARDIO_SHAPE), f"random rows {CARDIO_SHAPE}"


def _fit_members(X: FloatArray, n_estimators: int) -> Job:
    """Fit our detector with so many members."""

    def job() -> object:
        return detectors.make(detectors.OURS, 0).set_params(n_estimators=n_estimators).fit(X)

    return job


def _fit(name: str, X: FloatArray) -> Job:
    """Fit a detector at its defaults."""
    return lambda: detectors.make(name, 0).fit(X)


def _steps(X: FloatArray, repeats: int) -> pd.DataFrame:
    """Median milliseconds of a training step, and of its matrix products alone."""
    family = detectors.expand("family")
    whole: dict[str, list[float]] = {name: [] for name in family}
    products: dict[str, list[float]] = {name: [] for name in family}
    n_operations = {}
    for name in repeats * family:
        with isolated(0):
            detector = detectors.make(f"{name}+n_estimators=8", 0)
            fitted = detector.fit(X)
            whole[name].append(1000 * fitted.history_[-1]["seconds"] / fitted.n_iter_)
            noted = Operations()  # which ends the second run early
            detector.set_params(callbacks=[noted]).fit(X)
            products[name].append(noted.milliseconds_of_products())
            n_operations[name] = noted.n_operations / noted.n_steps
    table = pd.DataFrame({"detector": family})
    table["ms per step"] = [median(whole[name]) for name in family]
    table["ms of its products"] = [median(products[name]) for name in family]
    table["share"] = table["ms of its products"] / table["ms per step"]
    table["operations"] = [f"{n_operations[name]:,.0f}" for name in family]
    table["steps"] = [detectors.make(name, 0).gan.max_iter for name in family]
    return table


class _Noting(TorchDispatchMode):
    """Notes every operation of torch and the layouts of what matrix products multiply."""

    def __init__(self) -> None:
        super().__init__()
        self.products: list[tuple[Any, list[tuple[Any, ...]]]] = []
        self.n_operations = self.n_flops = 0

    def __torch_dispatch__(
        self, function: Any, types: Any, args: Any = (), kwargs: Any = None
    ) -> Any:
        self.n_operations += 1
        if function.name() in PRODUCTS:
            tensors = [t for t in args if isinstance(t, torch.Tensor)]
            layouts = [(t.shape, t.stride(), t.dtype) for t in tensors]
            self.products.append((function, layouts))
        out = function(*args, **(kwargs or {}))
        if count := flop_registry.get(function.overloadpacket):
            self.n_flops += int(count(*args, **(kwargs or {}), out_val=out))
        return out


class Operations(Callback):
    """Notes the operations of some training steps."""

    first, n_steps = 10, 40

    def on_train_begin(self, trainer: Any) -> None:
        """Have noted nothing yet."""
        self._noting, self._open = _Noting(), ExitStack()

    def on_batch_end(self, trainer: Any) -> None:
        """Begin after ten steps, and end after forty more, the run as well."""
        if trainer.step == self.first:
            self._open.enter_context(self._noting)
        elif trainer.step == self.first + self.n_steps:
            self._open.close()
            trainer.stop_training = True

    def on_train_end(self, trainer: Any) -> None:
        """End if training ends earlier."""
        self._open.close()

    @property
    def n_operations(self) -> int:
        """Number of operations in all steps."""
        return self._noting.n_operations

    @property
    def n_flops(self) -> int:
        """Number of floating-point operations of products and convolutions in all steps."""
        return self._noting.n_flops

    def milliseconds_of_products(self, repeats: int = 3) -> float:
        """Time of the same matrix products and nothing else, in one step."""
        work = []
        for function, layouts in self._noting.products:
            tensors = [torch.empty_strided(*ls[:2], dtype=ls[2]).normal_() for ls in layouts]
            work.append((function, tensors))
        taken = []
        for _ in range(repeats):
            start = time.perf_counter()
            for function, tensors in work:
                function(*tensors)
            taken.append(1000 * (time.perf_counter() - start) / self.n_steps)
        return min(taken)


def _clusters(n: int) -> FloatArray:
    """Rows in three clusters of unequal size."""
    sizes = [6 * n // 10, 3 * n // 10, n // 10]
    return np.asarray(make_blobs(sizes, n_features=SCORED_COLUMNS, random_state=0)[0])


def _scorers(names: list[str], train: FloatArray, rows: FloatArray) -> dict[str, Job]:
    """Fit once, outside the clock; the job is to score."""
    jobs: dict[str, Job] = {}
    for name in names:
        try:
            with isolated(0):
                fitted = detectors.make(name, 0)
                fitted.fit(train)  # some of PyOD's return nothing
        except Exception as error:  # shown in the table
            jobs[name] = _raises(error)
        else:
            jobs[name] = lambda fitted=fitted: fitted.decision_function(rows)  # type: ignore[misc]
    return jobs


def serving(train: FloatArray, rows: FloatArray, repeats: int) -> pd.DataFrame:
    """Our detector and its ONNX model, one row at a time and all rows at once."""
    detector = detectors.make(detectors.OURS, 0).fit(train)
    singles = rows[:SINGLE_ROWS, None]  # (rows, 1, columns)
    jobs: dict[str, Job] = {}
    for name, score in (
        ("decision_function", detector.decision_function),
        ("onnxruntime", _in_onnxruntime(detector)),
    ):
        jobs[f"{name}, row by row"] = lambda score=score: [score(row) for row in singles]  # type: ignore[misc]
        jobs[f"{name}, all rows"] = lambda score=score: score(rows)  # type: ignore[misc]
    table = timed(jobs, repeats).rename(columns={"detector": "scored by"})
    per_row = table["CPU seconds"] / [len(singles), len(rows), len(singles), len(rows)]
    table["CPU µs per row"] = [f"{1e6 * seconds:,.0f}" for seconds in per_row]
    table["rows per CPU second"] = [f"{1 / seconds:,.0f}" for seconds in per_row]
    return table


def _in_onnxruntime(detector: Any) -> Callable[[FloatArray], object]:
    """Scores of the exported model on one thread; without the extra a job that says so."""
    try:
        import onnxruntime

        with TemporaryDirectory() as folder, isolated(0):
            detector.to_onnx(Path(folder) / "model.onnx")
            options = onnxruntime.SessionOptions()
            options.intra_op_num_threads = 1
            session = onnxruntime.InferenceSession(Path(folder) / "model.onnx", options)
    except ImportError as error:
        missing = _raises(error)
        return lambda rows: missing()
    return lambda rows: session.run(["score"], {"X": rows})


def _raises(error: Exception) -> Job:
    """Make a job that fails as its preparation did."""

    def job() -> object:
        raise error

    return job


def timed(jobs: dict[str, Job], repeats: int) -> pd.DataFrame:
    """Median wall and CPU seconds of each job; a failure is shown by name."""
    wall: dict[str, list[float]] = {name: [] for name in jobs}
    cpu: dict[str, list[float]] = {name: [] for name in jobs}
    status = dict.fromkeys(jobs, "ok")
    for repeat in range(repeats):
        for name, job in jobs.items():
            try:
                seconds = _clock(job, repeat)
            except Exception as error:  # a failing contender must not stop the others
                status[name] = f"{type(error).__name__}: {error}"[:120]
                continue
            wall[name].append(seconds[0])
            cpu[name].append(seconds[1])
    return pd.DataFrame(
        {
            "detector": list(jobs),
            "wall seconds": [median(wall[name]) if wall[name] else np.nan for name in jobs],
            "CPU seconds": [median(cpu[name]) if cpu[name] else np.nan for name in jobs],
            "status": list(status.values()),
        }
    )


def _clock(job: Job, seed: int) -> tuple[float, float]:
    """Wall and CPU seconds of one call."""
    with isolated(seed):
        wall, cpu = time.perf_counter(), time.process_time()
        job()
        return time.perf_counter() - wall, time.process_time() - cpu
