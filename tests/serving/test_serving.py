"""The scoring server: scores and reasons, requests together, errors by row and column, limits."""

from __future__ import annotations

import asyncio
import json
import os
import re
import signal
import subprocess
import sys
import threading
import time
import urllib.error
import urllib.request
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from functools import cache
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest
import uvicorn
from fastapi import FastAPI
from sklearn.datasets import load_wine

from pyod_gan import GANDetector, GANOutlierDetector
from pyod_gan.cli import main
from pyod_gan.serving import batcher, make_app

WINE = load_wine(as_frame=True).data


def payments() -> pd.DataFrame:
    """A number, a category and a date."""
    rng = np.random.default_rng(0)
    return pd.DataFrame(
        {
            "amount": rng.normal(50, 5, 300).round(2),
            "kind": rng.choice(["food", "rent"], 300),
            "day": (pd.Timestamp("2026-01-01") + pd.to_timedelta(np.arange(300), "D")).strftime(
                "%Y-%m-%d"
            ),
        }
    )


@cache
def fitted(kind: str) -> GANDetector:
    X: Any = {"wine": WINE, "payments": payments(), "numbers": WINE.to_numpy()}[kind]
    return GANDetector(max_iter=10, n_estimators=2, random_state=0).fit(X)


class Client:
    """Asks a server for JSON."""

    def __init__(self, port: int) -> None:
        self.port = port

    def ask(self, path: str, body: Any = None) -> tuple[int, Any]:
        """Status and answer. A body is sent as JSON, or as it is if it is bytes or an iterator."""
        plain = body is None or isinstance(body, bytes) or hasattr(body, "__next__")
        data = body if plain else json.dumps(body).encode()
        request = urllib.request.Request(f"http://127.0.0.1:{self.port}{path}", data)
        if data is not None:
            request.add_header("Content-Type", "application/json")
        try:
            with urllib.request.urlopen(request, timeout=60) as answer:
                return answer.status, _read(answer)
        except urllib.error.HTTPError as error:
            return error.code, _read(error)


def _read(answer: Any) -> Any:
    text = answer.read().decode()
    return json.loads(text) if "json" in answer.headers["Content-Type"] else text


@contextmanager
def served(app: Any) -> Iterator[Client]:
    """A server in a thread."""
    server = uvicorn.Server(uvicorn.Config(app, port=0, log_level="error"))
    thread = threading.Thread(target=server.run)
    thread.start()
    while not server.started:
        time.sleep(0.01)
    yield Client(server.servers[0].sockets[0].getsockname()[1])
    server.should_exit = True
    thread.join()


@pytest.fixture(scope="module")
def client() -> Iterator[Client]:
    with served(make_app(fitted("payments"), max_rows=300, max_bytes=100_000)) as found:
        yield found


def records(frame: pd.DataFrame) -> list[dict[str, Any]]:
    return json.loads(frame.to_json(orient="records"))  # type: ignore[no-any-return]


def test_scores_are_those_of_the_detector(client: Client) -> None:
    detector = fitted("payments")
    status, answer = client.ask("/score", {"rows": records(payments())})
    assert status == 200
    assert answer["scores"] == detector.decision_scores_.tolist()
    assert answer["labels"] == detector.labels_.tolist()
    assert answer["threshold"] == detector.threshold_
    lists = [list(row.values()) for row in records(payments())]
    assert client.ask("/score", {"rows": lists}) == (200, answer)
    reordered = [dict(reversed(row.items())) for row in records(payments())]
    assert client.ask("/score", {"rows": reordered}) == (200, answer)


def test_reasons(client: Client) -> None:
    odd = [{"amount": 5000, "kind": "food", "day": "2026-02-01"}, *records(payments()[:1])]
    status, answer = client.ask("/explain", {"rows": odd, "top": 1})
    assert status == 200
    first, second = answer["reasons"]
    assert first[0]["column"] == "amount"
    assert first[0]["reason"].startswith("amount = 5000")
    assert len(first) == 1 and len(second) <= 1
    assert answer["scores"] == client.ask("/score", {"rows": odd})[1]["scores"]
    assert client.ask("/explain", {"rows": odd, "top": 0})[0] == 422


def test_health_and_metrics() -> None:
    with served(make_app(fitted("wine"))) as client:
        status, health = client.ask("/health")
        assert status == 200
        assert health["columns"] == list(WINE.columns)
        assert health["status"] == "ok" and health["gan"] == "ViewGAN"
        client.ask("/score", {"rows": records(WINE[:7])})
        client.ask("/score", {"rows": [{}]})
        client.ask("/nowhere")
        _, text = client.ask("/metrics")
        for line in (
            'pyod_gan_requests_total{path="/score",status="200"} 1.0',
            'pyod_gan_requests_total{path="/score",status="422"} 1.0',
            'pyod_gan_requests_total{path="other",status="404"} 1.0',
            "pyod_gan_rows_total 7.0",
            f"pyod_gan_outliers_total {fitted('wine').labels_[:7].sum():.1f}",
            'pyod_gan_request_seconds_count{path="/score"} 2.0',
            "pyod_gan_batch_rows_count 1.0",
        ):
            assert line in text
        assert "explain" in json.dumps(client.ask("/openapi.json")[1])


def test_a_model_without_names() -> None:
    with served(make_app(fitted("numbers"))) as client:
        _, answer = client.ask("/score", {"rows": WINE.to_numpy().tolist()})
        assert answer["scores"] == fitted("numbers").decision_scores_.tolist()
        for cell, said in ((None, "NaN"), ("oops", "could not convert")):
            status, answer = client.ask("/score", {"rows": [[cell, *range(12)]]})
            assert status == 422
            assert said in answer["errors"][0]["message"]
        status, answer = client.ask("/explain", {"rows": WINE.to_numpy()[:2].tolist()})
        assert status == 200 and len(answer["reasons"]) == 2


ROW = {"amount": 1.0, "kind": "food", "day": "2026-01-01"}
BAD: dict[str, tuple[Any, int, str, int | None, str | None]] = {
    "no JSON": (b"{oops", 422, "JSON", None, None),
    "no rows": ({}, 422, "rows: Field required", None, None),
    "not one row": ({"rows": []}, 422, "at least 1 item", None, None),
    "no object": ([ROW], 422, "must be a JSON object", None, None),
    "a row that is none": ({"rows": [ROW, 3]}, 422, "an object, or a list", 1, None),
    "a missing column": ({"rows": [ROW, {**ROW, "x": 1}]}, 422, "no such column", 1, "x"),
    "an unknown column": ({"rows": [{"amount": 1, "kind": ""}]}, 422, "missing", 0, "day"),
    "too few values": ({"rows": [[1, "food"]]}, 422, "2 values for 3 columns", 0, None),
    "a nested value": ({"rows": [{**ROW, "kind": ["a"]}]}, 422, "a number, a text", 0, "kind"),
    "a number that is none": (
        {"rows": [ROW, ROW, {**ROW, "amount": "oops"}]},
        422,
        "row 2: 'oops'",
        2,
        "amount",
    ),
    "a number that is too large": (
        {"rows": [{**ROW, "amount": 10**400}]},
        422,
        "cannot be read as a number",
        0,
        "amount",
    ),
    "too many rows": ({"rows": [ROW] * 301}, 413, "at most 300 rows", None, None),
    "too many bytes": (b" " * 100_001, 413, "at most 100000 bytes", None, None),
    "too many bytes, in chunks": (
        iter([b" " * 50_000] * 3),
        413,
        "at most 100000 bytes",
        None,
        None,
    ),
}


@pytest.mark.parametrize("kind", BAD)
def test_what_is_wrong_is_named(client: Client, kind: str) -> None:
    body, status, said, row, column = BAD[kind]
    found, answer = client.ask("/score", body)
    assert found == status
    (first, *_) = answer["errors"]
    assert said in first["message"]
    assert (first["row"], first["column"]) == (row, column)


def test_all_errors_at_once_but_not_too_many(client: Client) -> None:
    assert len(client.ask("/score", {"rows": [{}, {}]})[1]["errors"]) == 6
    assert len(client.ask("/score", {"rows": [{}] * 300})[1]["errors"]) == 20
    assert client.ask("/score")[0] == 405
    assert client.ask("/nowhere")[0] == 404


def test_many_requests_at_once_lose_nothing() -> None:
    detector = fitted("wine")
    rows, scores = records(WINE), detector.decision_scores_
    order = np.random.default_rng(0).integers(len(WINE), size=400)

    def ask(i: int) -> bool:
        if i % 40 == 0:  # a request that fails, among those that do not
            return client.ask("/score", {"rows": [{**rows[i % 178], "alcohol": "x"}]})[0] == 422
        n = int(order[i])
        return client.ask("/score", {"rows": [rows[n]]})[1]["scores"] == [scores[n]]

    with served(make_app(detector)) as client:
        with ThreadPoolExecutor(16) as pool:
            assert all(pool.map(ask, range(400)))
        metrics = client.ask("/metrics")[1]
    assert "pyod_gan_rows_total 390.0" in metrics
    together = re.search(r"pyod_gan_batch_rows_count ([\d.]+)", metrics)
    assert together is not None and float(together[1]) < 400


def test_a_server_that_is_too_busy_says_so(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(batcher, "MOST_WAITING", 100)
    slow = fitted("wine")
    release = threading.Event()
    monkeypatch.setattr(
        GANDetector,
        "decision_function",
        lambda self, X: release.wait(30) and np.zeros(len(X)),
    )
    with served(make_app(slow)) as client, ThreadPoolExecutor(4) as pool:
        asked = []
        for _ in range(4):  # one is scored, one waits, and the others are refused
            asked.append(pool.submit(client.ask, "/score", {"rows": records(WINE[:80])}))
            time.sleep(0.3)
        release.set()
        statuses = [one.result()[0] for one in asked]
    assert statuses == [200, 200, 503, 503]


def test_models_of_arrays_and_labels_that_are_no_strings() -> None:
    mixed = payments().to_numpy(dtype=object)
    of_arrays = GANDetector(max_iter=5, preprocessing="table", random_state=0).fit(mixed)
    labels = payments().set_axis([7, 8, 9], axis=1)
    of_labels = GANDetector(max_iter=5, random_state=0).fit(labels)
    rows = [list(row.values()) for row in records(payments())]
    for detector in (of_arrays, of_labels):
        with served(make_app(detector)) as client:
            status, answer = client.ask("/score", {"rows": rows})
            assert (status, answer["scores"]) == (200, detector.decision_scores_.tolist())
            assert client.ask("/explain", {"rows": rows[:3]})[0] == 200
    with served(make_app(GANOutlierDetector(max_iter=2, random_state=0).fit(WINE))) as client:
        assert client.ask("/score", {"rows": records(WINE[:2])})[0] == 200


def test_an_app_within_another_has_no_lifespan_of_its_own() -> None:
    outer = FastAPI()
    outer.mount("/gan", make_app(fitted("wine")))
    with served(outer) as client:
        _, answer = client.ask("/gan/score", {"rows": records(WINE[:3])})
        assert answer["scores"] == fitted("wine").decision_scores_[:3].tolist()


def test_what_is_scored_while_the_server_stops_is_answered() -> None:
    async def stop() -> None:
        noted: list[int] = []
        waits = batcher.Batcher(lambda rows: time.sleep(0.2) or np.zeros(len(rows)), noted.append)
        asked = asyncio.create_task(waits.scores([1, 2]))
        await asyncio.sleep(0.05)
        await waits.close()
        assert (await asked == 0).all() and noted == [2]
        with pytest.raises(batcher.TooBusyError, match="stops"):
            await waits.scores([1])

    asyncio.run(stop())


def test_limits_and_extras(monkeypatch: pytest.MonkeyPatch) -> None:
    with pytest.raises(ValueError, match="max_rows"):
        make_app(fitted("wine"), max_rows=0)
    monkeypatch.setitem(sys.modules, "fastapi", None)
    with pytest.raises(ImportError, match=r"pyod-gan\[serve\]"):
        make_app(fitted("wine"))


@pytest.mark.skipif(os.name != "posix", reason="signals of POSIX")
def test_the_command(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    model = tmp_path / "m.safetensors"
    fitted("wine").save(model)
    command = [sys.executable, "-m", "pyod_gan", "serve", "--model", str(model), "--port", "0"]
    environment = {**os.environ, "PYTHONPATH": str(Path(__file__).parents[2])}
    with subprocess.Popen(command, stderr=subprocess.PIPE, text=True, env=environment) as process:
        assert process.stderr is not None
        port = next(found for line in process.stderr if (found := re.search(r":(\d+) ", line)))
        _, answer = Client(int(port[1])).ask("/score", {"rows": records(WINE[:3])})
        assert answer["scores"] == fitted("wine").decision_scores_[:3].tolist()
        process.send_signal(signal.SIGTERM)
        assert process.wait(30) == 143
    assert main(["serve", "--model", str(tmp_path / "none")]) == 2
    with pytest.raises(SystemExit):
        main(["serve"])
    assert "required: --model" in capsys.readouterr().err
