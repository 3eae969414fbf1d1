"""Training and scoring on a GPU beside the CPU: time, share of the peak, and whether scores agree.

Without a GPU the same is measured on the CPU alone, which the table then says.
"""

from __future__ import annotations

import time
from argparse import Namespace
from collections.abc import Callable
from functools import partial
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
import pandas as pd
import torch
from tqdm import tqdm

from pyod_gan import GANDetector
from pyod_gan.networks import Conv2d

from ..harness import report
from .speed import Operations

SIDE = 16  # of images, in pixels
FITTED, SCORED = 4_000, 200_000
PEAK_SIZE, PEAK_REPEATS = 2_048, 10
SEED = 0
Array = np.ndarray[Any, Any]


class Case(NamedTuple):
    """What is trained."""

    name: str
    params: dict[str, Any]
    columns: int


CASES = (
    Case("default", {}, 20),
    Case("alad, 8 members", {"gan": "alad", "max_iter": 200}, 20),
    Case("alad, 64 members", {"gan": "alad", "max_iter": 200, "n_estimators": 64}, 20),
    Case(
        "gan on images, conv2d",
        {"gan": "gan", "network": Conv2d(shape=(1, SIDE, SIDE)), "max_iter": 100},
        SIDE**2,
    ),
)


def command(options: Namespace, home: Path | None) -> int:
    """Print a table, and write it to ``gpu.md``."""
    del home
    text = "\n\n".join((said(), report.markdown(measure(options.max_rows or SCORED))))
    report.publish(text, options.out, "gpu.md")
    return 0


def devices() -> list[str]:
    """Names of the devices at hand, the CPU first."""
    return ["cpu", *(["cuda"] if torch.cuda.is_available() else [])]


def said() -> str:
    """Say what the devices are."""
    if not torch.cuda.is_available():
        return "There is no GPU: the CPU alone was measured."
    return f"GPU: {torch.cuda.get_device_name()}, torch {torch.__version__}."


def measure(n_scored: int = SCORED, cases: tuple[Case, ...] = CASES) -> pd.DataFrame:
    """Train and score each case on each device."""
    lines = []
    peaks = {device: peak(device) for device in devices()}
    for case in tqdm(cases, desc="gpu"):
        rows, new = _rows(FITTED, case.columns, 0), _rows(n_scored, case.columns, 1)
        on_cpu: Array | None = None
        for device in devices():
            detector = GANDetector(**case.params, random_state=SEED, device=device)
            first = detector.fit(rows).decision_function(new)  # also compiles and warms up
            _, again = _clock(device, partial(detector.fit, rows))
            seconds, scores = _clock(device, partial(detector.decision_function, new))
            step = again.history_[-1]["seconds"] / again.n_iter_
            noted = Operations()
            detector.set_params(callbacks=[noted]).fit(rows)
            flops = noted.n_flops / noted.n_steps
            on_cpu = scores if on_cpu is None else on_cpu
            spread = np.subtract(*np.percentile(on_cpu, [75, 25]))
            lines.append(
                {
                    "case": case.name,
                    "device": device,
                    "ms a step": f"{1000 * step:.2f}",
                    "share of the peak": f"{flops / step / peaks[device]:.1%}",
                    "rows scored a second": f"{n_scored / seconds:,.0f}",
                    "same scores again": str(bool((first == scores).all())),
                    "largest difference to the CPU, in interquartile ranges": (
                        f"{np.abs(scores - on_cpu).max() / spread:.1e}"
                    ),
                    "correlation of ranks with the CPU": f"{_spearman(scores, on_cpu):.4f}",
                }
            )
    return pd.DataFrame(lines)


def peak(device: str) -> float:
    """Floating-point operations a second of a large matrix product in single precision."""
    a = torch.ones(PEAK_SIZE, PEAK_SIZE, device=device)
    seconds = min(_clock(device, lambda: a @ a)[0] for _ in range(PEAK_REPEATS))
    return 2 * PEAK_SIZE**3 / seconds


def _rows(n: int, columns: int, seed: int) -> Array:
    """Correlated normal rows in single precision."""
    rng = np.random.default_rng(10 + seed)
    mixing = np.random.default_rng(0).normal(size=(columns, columns)) / np.sqrt(columns)
    return np.asarray(rng.normal(size=(n, columns)) @ mixing, dtype=np.float32)


def _clock(device: str, work: Callable[[], Any]) -> tuple[float, Any]:
    """Seconds of work, until the device has done it."""
    if device == "cuda":
        torch.cuda.synchronize()
    start = time.perf_counter()
    result = work()
    if device == "cuda":
        torch.cuda.synchronize()
    return time.perf_counter() - start, result


def _spearman(a: Array, b: Array) -> float:
    return float(pd.Series(a).corr(pd.Series(b), method="spearman"))
