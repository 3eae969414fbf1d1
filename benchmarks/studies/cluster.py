"""What a cluster of Dask takes to fit and to score a table: time, memory, and bytes that move.

The cluster is one of processes on this machine, with one thread each. Its table lies in Parquet
files, and no worker has more of it than the partitions that it works on.
"""

from __future__ import annotations

import time
from argparse import Namespace
from collections.abc import Callable
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import pandas as pd
from tqdm import tqdm

from ..harness import report
from .large import GIB, GROWTH, resident, write_rows

ROWS = 10_000_000
WORKERS = (1, 2)
MIB = 2**20


def command(options: Namespace, home: Path | None) -> int:
    """Print a table, and write it to ``cluster.md``."""
    del home
    rows = options.max_rows or ROWS
    text = report.markdown(measure([rows // GROWTH, rows]))
    report.publish(text, options.out, "cluster.md")
    return 0


def measure(sizes: list[int]) -> pd.DataFrame:
    """Fit and score a table of each number of rows on clusters of one and of two workers."""
    lines = []
    with TemporaryDirectory() as folder:
        for n_rows in sizes:
            write_rows(Path(folder) / str(n_rows), n_rows)
        for n_workers in tqdm(WORKERS, desc="clusters"):
            for n_rows in sizes:
                lines += _on_cluster(n_workers, Path(folder) / str(n_rows), n_rows)
    return pd.DataFrame(lines)


def _on_cluster(n_workers: int, data: Path, n_rows: int) -> list[dict[str, str]]:
    """Fit and score on a new cluster, whose processes have nothing else in memory."""
    import dask.dataframe as dd
    from dask.distributed import Client, LocalCluster

    from pyod_gan import GANDetector

    lines = []
    size = {"n_workers": n_workers, "threads_per_worker": 1, "dashboard_address": None}
    with LocalCluster(**size) as cluster, Client(cluster) as client:
        table = dd.read_parquet(data, split_row_groups=True)
        client.run(_imports)
        detector = GANDetector(random_state=0)
        works: dict[str, Callable[[], Any]] = {
            "fit": lambda: detector.fit(table),
            "decision_function": lambda: detector.decision_function(table).max().compute(),
        }
        for name, work in works.items():
            start, before = time.perf_counter(), _bytes_moved()
            work()
            seconds, moved = time.perf_counter() - start, _bytes_moved() - before
            peak = max(client.run(resident, peak=True).values())
            lines.append(
                {
                    "workers": str(n_workers),
                    "rows": f"{n_rows:,}",
                    "partitions": str(table.npartitions),
                    "of": name,
                    "seconds": f"{seconds:.1f}",
                    "rows a second": f"{n_rows / seconds:,.0f}",
                    "MiB moved": f"{moved / MIB:.1f}",
                    "peak GiB of a worker": f"{peak / GIB:.2f}",
                }
            )
    return lines


def _imports() -> None:
    """Import what scoring needs, which a worker does once."""
    import pyod_gan.views  # noqa: F401


def _bytes_moved() -> int:
    """Number of bytes that have gone over the loopback interface, by which processes talk."""
    for line in Path("/proc/net/dev").read_text().splitlines():
        name, _, numbers = line.partition(":")
        if name.strip() == "lo":
            return int(numbers.split()[0])
    raise OSError("The bytes of the loopback interface are read from Linux's /proc/net/dev.")
