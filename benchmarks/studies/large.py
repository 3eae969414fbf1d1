"""How much memory and time tables take that do not fit into memory.

Every fit and every scoring is a process of its own, which reads Parquet files of generated rows.
Its peak is the largest resident memory that the system saw, libraries included.
"""

from __future__ import annotations

import multiprocessing
import re
import resource
import sys
import time
from argparse import Namespace
from collections.abc import Callable
from concurrent.futures import ProcessPoolExecutor
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import numpy as np
import pandas as pd
import pyarrow
from pyarrow import parquet
from tqdm import tqdm

from ..harness import report

ROWS, COLUMNS, CLUSTERS = 10_000_000, 20, 8
ROWS_OF_A_FILE = 1_000_000
GROWTH = 10  # of the number of rows, up to that of --max-rows
FEWEST = 100_000
GIB = 2**30


def command(options: Namespace, home: Path | None) -> int:
    """Print a table, and write it to ``large.md``."""
    del home
    sizes = [options.max_rows or ROWS]
    while sizes[-1] >= GROWTH * FEWEST:
        sizes.append(sizes[-1] // GROWTH)
    text = report.markdown(measure(sorted(sizes)))
    report.publish(text, options.out, "large.md")
    return 0


def measure(sizes: list[int]) -> pd.DataFrame:
    """Fit and score tables of each number of rows; also import alone, for what libraries take."""
    lines = [{"rows": "–", "of": "import", **_apart(_nothing)}]
    with TemporaryDirectory() as folder:
        for n_rows in tqdm(sizes, desc="tables"):
            data, model = Path(folder) / str(n_rows), Path(folder) / f"{n_rows}.safetensors"
            write_rows(data, n_rows)
            for name, work in (("fit", _fit), ("decision_function", _score)):
                lines.append({"rows": f"{n_rows:,}", "of": name, **_apart(work, data, model)})
    return pd.DataFrame(lines)


def rows_of_clusters(n_rows: int, n_columns: int, *, seed: int) -> np.ndarray[Any, Any]:
    """Draw rows of eight clusters, in single precision. The clusters are the same for all seeds."""
    centres = 3 * np.random.default_rng(0).normal(size=(CLUSTERS, n_columns))
    rng = np.random.default_rng(seed)
    rows = rng.normal(size=(n_rows, n_columns)) + centres[rng.integers(CLUSTERS, size=n_rows)]
    return np.asarray(rows, dtype=np.float32)


def write_rows(folder: Path, n_rows: int) -> None:
    """Write rows of eight clusters as Parquet files of up to a million rows, single precision."""
    folder.mkdir(parents=True)
    for number, first in enumerate(range(0, n_rows, ROWS_OF_A_FILE)):
        n = min(ROWS_OF_A_FILE, n_rows - first)
        rows = rows_of_clusters(n, COLUMNS, seed=1 + number)
        columns = {f"c{j}": rows[:, j] for j in range(COLUMNS)}
        parquet.write_table(
            pyarrow.table(columns), folder / f"{number:05d}.parquet", row_group_size=2**17
        )


def _apart(work: Callable[..., Any], *args: Any) -> dict[str, str]:
    """Seconds and peak memory of work in a process of its own."""
    context = multiprocessing.get_context("spawn")
    with ProcessPoolExecutor(1, mp_context=context) as pool:
        seconds, peak = pool.submit(_measured, work, *args).result()
    return {"seconds": f"{seconds:.1f}", "peak GiB": f"{peak / GIB:.2f}"}


def _measured(work: Callable[..., Any], *args: Any) -> tuple[float, float]:
    start = time.perf_counter()
    fitted = work(*args)
    measured = time.perf_counter() - start, resident(peak=True)
    if fitted is not None:
        fitted.save(args[-1])
    return measured


def resident(*, peak: bool = False) -> float:
    """Resident memory of this process in bytes, now or at its peak."""
    status = Path("/proc/self/status")
    if status.exists():  # Linux, whose getrusage begins with the peak of the parent
        field = "VmHWM" if peak else "VmRSS"
        found = re.search(rf"{field}:\s+(\d+) kB", status.read_text())
        assert found is not None
        return 1024.0 * int(found[1])
    unit = 1 if sys.platform == "darwin" else 1024
    return float(unit * resource.getrusage(resource.RUSAGE_SELF).ru_maxrss)


def _nothing() -> None:
    import pyod_gan  # noqa: F401


def _fit(data: Path, model: Path) -> Any:
    from pyod_gan import GANDetector

    return GANDetector(random_state=0).fit(data)


def _score(data: Path, model: Path) -> None:
    from pyod_gan import GANDetector

    GANDetector.load(model).decision_function(data)
