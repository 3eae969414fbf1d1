"""The scoring server under load, on the loopback interface, beside a bare ``decision_function``.

Every request has one row. Connections stay open, and each sends its next request when the answer
to the last one has come. Each answer is compared with the score of the row, so that a lost, doubled
or mixed-up answer would be seen.
"""

from __future__ import annotations

import asyncio
import json
import re
import subprocess
import sys
import time
from argparse import Namespace
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import numpy as np
import pandas as pd
from sklearn.datasets import make_blobs
from tqdm import tqdm

from pyod_gan import GANDetector

from ..harness import report

REQUESTS, COLUMNS, FITTED = 100_000, 20, 2_000
CONNECTIONS = (1, 8, 64)
ALONE = 2_000  # calls of decision_function
Array = np.ndarray[Any, Any]


def command(options: Namespace, home: Path | None) -> int:
    """Print a table, and write it to ``serve.md``."""
    del home
    table = measure(options.max_rows or REQUESTS)
    text = report.markdown(table)
    report.publish(text, options.out, "serve.md")
    return 0 if table["wrong or lost"].sum() == 0 else 1


def measure(n_requests: int) -> pd.DataFrame:
    """Ask for scores over some numbers of connections, ``n_requests`` over the most of them."""
    names = [f"c{j}" for j in range(COLUMNS)]
    values = make_blobs(FITTED, COLUMNS, centers=8, random_state=0)[0]
    rows = pd.DataFrame(values, columns=names)
    detector = GANDetector(random_state=0).fit(rows)
    lines = [_alone("decision_function, a frame of one row", detector, rows)]
    plain = GANDetector(random_state=0).fit(values)
    lines.append(_alone("decision_function, an array of one row", plain, values))
    with TemporaryDirectory() as folder:
        model = Path(folder) / "m.safetensors"
        detector.save(model)
        command = [sys.executable, "-m", "pyod_gan", "serve", "--model", str(model), "--port", "0"]
        with subprocess.Popen(command, stderr=subprocess.PIPE, text=True) as server:
            try:
                port = _port_of(server)
                for n in CONNECTIONS:
                    asked = n_requests if n == max(CONNECTIONS) else n_requests // 10
                    lines.append(_asked(port, rows, detector.decision_scores_, asked, n))
            finally:
                server.terminate()
    return pd.DataFrame(lines)


def _alone(name: str, detector: GANDetector, rows: Any) -> dict[str, Any]:
    """Time of calls with one row each."""
    singles = [rows[i : i + 1] for i in range(len(rows))]
    seconds = []
    for i in range(ALONE):
        start = time.perf_counter()
        detector.decision_function(singles[i % len(singles)])
        seconds.append(time.perf_counter() - start)
    return _line(name, np.array(seconds), sum(seconds), 0)


def _port_of(server: subprocess.Popen[str]) -> int:
    """Port that a server says it listens at."""
    assert server.stderr is not None
    for line in server.stderr:
        if found := re.search(r"http://[\d.]+:(\d+)", line):
            return int(found[1])
    raise RuntimeError("The server did not start.")


def _asked(
    port: int, rows: pd.DataFrame, scores: Array, n_requests: int, n_connections: int
) -> dict[str, Any]:
    """Ask for the score of one row after the other, over several connections."""
    bodies = [json.dumps({"rows": [row]}).encode() for row in rows.to_dict(orient="records")]
    seconds: list[float] = []
    n_right = 0
    left = iter(range(n_requests))

    async def ask_on(bar: Any) -> None:
        nonlocal n_right
        reader, writer = await asyncio.open_connection("127.0.0.1", port)
        for number in left:
            body = bodies[number % len(bodies)]
            head = (
                "POST /score HTTP/1.1\r\nHost: localhost\r\nContent-Type: application/json\r\n"
                f"Content-Length: {len(body)}\r\n\r\n"
            )
            start = time.perf_counter()
            writer.write(head.encode() + body)
            answer = await reader.readuntil(b"\r\n\r\n")
            length = re.search(rb"content-length: (\d+)", answer, re.I)
            assert length is not None
            content = json.loads(await reader.readexactly(int(length[1])))
            seconds.append(time.perf_counter() - start)
            n_right += content.get("scores") == [scores[number % len(bodies)]]
            bar.update()
        writer.close()

    async def ask() -> None:
        with tqdm(total=n_requests, desc=f"{n_connections} connections") as bar:
            await asyncio.gather(*(ask_on(bar) for _ in range(n_connections)))

    start = time.perf_counter()
    asyncio.run(ask())
    took = time.perf_counter() - start
    name = f"server, {n_connections} connection{'s' * (n_connections > 1)}"
    return _line(name, np.array(seconds), took, n_requests - n_right)


def _line(name: str, seconds: Array, took: float, n_wrong: int) -> dict[str, Any]:
    middle, high = np.quantile(seconds, [0.5, 0.99])
    return {
        "of": name,
        "requests": f"{len(seconds):,}",
        "a second": f"{len(seconds) / took:,.0f}",
        "p50 ms": f"{1000 * middle:.2f}",
        "p99 ms": f"{1000 * high:.2f}",
        "wrong or lost": n_wrong,
    }
