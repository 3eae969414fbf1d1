"""The routes of the scoring server, its checks and its errors."""

from __future__ import annotations

import logging
import time
from collections.abc import AsyncIterator, Awaitable, Callable, MutableMapping, Sequence
from contextlib import asynccontextmanager, suppress
from importlib.metadata import version
from typing import Any

import numpy as np
import pandas as pd
from fastapi import FastAPI, HTTPException, Request, Response
from fastapi.exceptions import RequestValidationError
from fastapi.responses import JSONResponse
from prometheus_client import CONTENT_TYPE_LATEST, CollectorRegistry, Histogram, generate_latest
from prometheus_client import Counter as Count
from pydantic import BaseModel, Field
from starlette.exceptions import HTTPException as AnyHTTPException

from .._support.exceptions import UnreadableTableError
from ..api.fitted import model_of
from ..detector import GANDetector
from .batcher import Batcher, TooBusyError

PATHS = ("/score", "/explain", "/health", "/metrics")
MOST_EXPLAINED = 1_000  # rows of a request; meanwhile others wait
MOST_ERRORS = 20  # of a request that are named
SECONDS = (0.001, 0.002, 0.005, 0.01, 0.02, 0.05, 0.1, 0.2, 0.5, 1, 2, 5, 10)
ROWS = (1, 10, 100, 1_000, 10_000)
Message = MutableMapping[str, Any]
Receive = Callable[[], Awaitable[Message]]
Send = Callable[[Message], Awaitable[None]]
logger = logging.getLogger("pyod_gan")


class Rows(BaseModel):
    """Rows to score: objects with the columns of the model, or lists of their values in order."""

    rows: list[dict[str, Any]] | list[list[Any]] = Field(min_length=1)


class RowsToExplain(Rows):
    """Rows to explain, and how many reasons each gets at most."""

    top: int = Field(default=3, ge=1, le=100)


class Scores(BaseModel):
    """Scores of rows, higher = more anomalous; 1 for those above the threshold."""

    scores: list[float]
    labels: list[int]
    threshold: float


class Reason(BaseModel):
    """One reason for the score of a row, the largest share first."""

    column: str
    share: float
    reason: str


class Reasons(Scores):
    """Scores of rows, and their reasons."""

    reasons: list[list[Reason]]


class Health(BaseModel):
    """What is served."""

    status: str
    version: str
    gan: str
    columns: list[str]
    threshold: float


class BadRowsError(ValueError):
    """What is wrong with rows: messages with the number of the row and the name of the column."""

    def __init__(self, errors: Sequence[dict[str, Any]]) -> None:
        super().__init__(errors[0]["message"])
        self.errors = list(errors[:MOST_ERRORS])


class Columns:
    """The columns of a model, and tables of the rows of requests."""

    def __init__(self, detector: GANDetector) -> None:
        front_end = model_of(detector).front_end
        self.names = list(front_end.names)
        self.has_names = hasattr(front_end, "feature_names_in_")
        self.are_numbers = getattr(front_end, "encoder_", None) is None

    def in_order(self, rows: Sequence[Any], max_rows: int) -> list[list[Any]]:
        """The values of rows in the order of the columns.

        Raises
        ------
        HTTPException
            If there are too many rows.
        BadRowsError
            If rows have other columns, or cells that are no single values.
        """
        if len(rows) > max_rows:
            raise HTTPException(413, f"A request has at most {max_rows} rows. Got {len(rows)}.")
        errors: list[dict[str, Any]] = []
        for i, row in enumerate(rows):
            if len(errors) >= MOST_ERRORS:
                break
            errors += self._errors_of(i, row)
        if errors:
            raise BadRowsError(errors)
        if isinstance(rows[0], dict):
            return [[row[name] for name in self.names] for row in rows]
        return list(rows)

    def table(self, rows: Sequence[list[Any]]) -> pd.DataFrame | np.ndarray:
        """Make a table as the model takes it."""
        all_numbers = all(type(cell) in (float, int) for row in rows for cell in row)
        if self.are_numbers and all_numbers:
            with suppress(OverflowError):  # of a whole number beyond 1e308
                values = np.array(rows, dtype=np.float64)
                return pd.DataFrame(values, columns=self.names) if self.has_names else values
        if not self.has_names:
            return np.array(rows, dtype=object)
        return pd.DataFrame(rows, columns=self.names, dtype=object)

    def _errors_of(self, i: int, row: dict[str, Any] | list[Any]) -> list[dict[str, Any]]:
        """What is wrong with a row."""
        if isinstance(row, dict):
            if len(row) != len(self.names) or any(name not in row for name in self.names):
                missing = [name for name in self.names if name not in row]
                unknown = [name for name in row if name not in self.names]
                said = [(name, "It is missing.") for name in missing]
                said += [(name, "The model has no such column.") for name in unknown]
                return [_error(message, i, name) for name, message in said]
            row = [row[name] for name in self.names]
        elif len(row) != len(self.names):
            return [_error(f"{len(row)} values for {len(self.names)} columns.", i)]
        return [
            _error("A value is a number, a text, true, false or null.", i, name)
            for name, cell in zip(self.names, row, strict=True)
            if isinstance(cell, dict | list)
        ]


def app_of(detector: GANDetector, max_rows: int, max_bytes: int) -> FastAPI:
    """Make the application, see :func:`~pyod_gan.serving.make_app`."""
    columns = Columns(detector)

    def score(rows: list[list[Any]]) -> np.ndarray:
        return detector.decision_function(columns.table(rows))

    @asynccontextmanager
    async def lifespan(app: FastAPI) -> AsyncIterator[None]:
        yield
        await app.state.batcher.close()
        app.state.batcher = Batcher(score, measured.together.observe)  # if it starts again

    app = FastAPI(title="pyod-gan", version=version("pyod-gan"), lifespan=lifespan)
    measured = Measures()
    app.state.batcher = Batcher(score, measured.together.observe)
    app.add_middleware(Limited, max_bytes=max_bytes)
    app.add_middleware(Measured, measures=measured)

    async def scores_of(rows: list[list[Any]]) -> dict[str, Any]:
        scores = await app.state.batcher.scores(rows)
        labels = (scores > detector.threshold_).astype(int)
        measured.rows.inc(len(labels))
        measured.outliers.inc(int(labels.sum()))
        threshold = float(detector.threshold_)
        return {"scores": scores.tolist(), "labels": labels.tolist(), "threshold": threshold}

    @app.post("/score", response_model=Scores)
    async def score_rows(body: Rows) -> Response:
        """Score rows."""
        return JSONResponse(await scores_of(columns.in_order(body.rows, max_rows)))

    @app.post("/explain", response_model=Reasons)
    async def explain_rows(body: RowsToExplain) -> Response:
        """Score rows, and say why."""
        rows = columns.in_order(body.rows, min(max_rows, MOST_EXPLAINED))
        found = await scores_of(rows)
        table = columns.table(rows)
        frame = await app.state.batcher.run(lambda: detector.explain_frame(table, top=body.top))
        reasons: list[list[dict[str, Any]]] = [[] for _ in range(len(rows))]
        for line in frame.itertuples():
            said = {"column": line.column, "share": line.share, "reason": line.reason}
            reasons[line.row].append(said)
        return JSONResponse(found | {"reasons": reasons})

    @app.get("/health")
    async def health() -> Health:
        """Tell what is served."""
        return Health(
            status="ok",
            version=app.version,
            gan=type(detector.gan_).__name__,
            columns=columns.names,
            threshold=float(detector.threshold_),
        )

    @app.get("/metrics")
    async def metrics() -> Response:
        """Numbers of requests, rows and outliers, and times, in the format of Prometheus."""
        return Response(generate_latest(measured.registry), media_type=CONTENT_TYPE_LATEST)

    _add_errors(app)
    return app


class Measures:
    """What is counted and timed."""

    def __init__(self) -> None:
        self.registry = r = CollectorRegistry()
        self.requests = Count("pyod_gan_requests", "Requests.", ("path", "status"), registry=r)
        self.seconds = Histogram(
            "pyod_gan_request_seconds", "Time of requests.", ("path",), buckets=SECONDS, registry=r
        )
        self.rows = Count("pyod_gan_rows", "Rows that were scored.", registry=r)
        self.outliers = Count("pyod_gan_outliers", "Rows above the threshold.", registry=r)
        self.together = Histogram(
            "pyod_gan_batch_rows", "Rows that were scored together.", buckets=ROWS, registry=r
        )


class Measured:
    """Counts and times requests."""

    def __init__(self, app: Any, measures: Measures) -> None:
        self.app, self.measures = app, measures

    async def __call__(self, scope: Message, receive: Receive, send: Send) -> None:
        """Pass a request on."""
        if scope["type"] != "http":
            await self.app(scope, receive, send)
            return
        start = time.perf_counter()
        path = scope["path"] if scope["path"] in PATHS else "other"
        status = 500

        async def noted(message: Message) -> None:
            nonlocal status
            status = message.get("status", status)
            await send(message)

        try:
            await self.app(scope, receive, noted)
        finally:
            self.measures.requests.labels(path, status).inc()
            self.measures.seconds.labels(path).observe(time.perf_counter() - start)


class Limited:
    """Refuses requests whose body is too large, before it is read."""

    def __init__(self, app: Any, max_bytes: int) -> None:
        self.app, self.max_bytes = app, max_bytes

    async def __call__(self, scope: Message, receive: Receive, send: Send) -> None:
        """Pass a request on."""
        headers = dict(scope.get("headers", ()))
        length = headers.get(b"content-length", b"")
        if length.isdigit() and int(length) > self.max_bytes:
            answer = JSONResponse(_errors([_error(self._said)]), 413)
            await answer(scope, receive, send)
            return
        n_bytes = 0

        async def counted() -> Message:
            nonlocal n_bytes
            message = await receive()
            n_bytes += len(message.get("body", b""))
            if n_bytes > self.max_bytes:
                raise HTTPException(413, self._said)
            return message

        await self.app(scope, counted, send)

    @property
    def _said(self) -> str:
        return f"The body of a request has at most {self.max_bytes} bytes."


def _add_errors(app: FastAPI) -> None:
    """Answer every error as JSON: a list of messages, with row and column where they have one."""

    @app.exception_handler(BadRowsError)
    async def bad_rows(request: Request, error: BadRowsError) -> JSONResponse:
        return JSONResponse(_errors(error.errors), 422)

    @app.exception_handler(UnreadableTableError)
    async def unreadable(request: Request, error: UnreadableTableError) -> JSONResponse:
        found = [
            _error(p.sentence(f"row {p.row}"), None if p.row is None else int(p.row), p.column)
            for p in error.problems
        ]
        return JSONResponse(_errors(found[:MOST_ERRORS]), 422)

    @app.exception_handler(ValueError)
    async def other_value(request: Request, error: ValueError) -> JSONResponse:
        logger.info("Rows could not be scored: %s", error)
        return JSONResponse(_errors([_error(str(error))]), 422)

    @app.exception_handler(RequestValidationError)
    async def invalid(request: Request, error: RequestValidationError) -> JSONResponse:
        said: list[dict[str, Any]] = []
        for found in map(_said_of, error.errors()):
            said += [] if found in said else [found]
        return JSONResponse(_errors(said[:MOST_ERRORS]), 422)

    @app.exception_handler(TooBusyError)
    async def busy(request: Request, error: TooBusyError) -> JSONResponse:
        return JSONResponse(_errors([_error(str(error))]), 503, {"Retry-After": "1"})

    @app.exception_handler(AnyHTTPException)
    async def http(request: Request, error: AnyHTTPException) -> JSONResponse:
        return JSONResponse(_errors([_error(str(error.detail))]), error.status_code)

    @app.exception_handler(Exception)
    async def unexpected(request: Request, error: Exception) -> JSONResponse:
        logger.exception("A request failed.", exc_info=error)
        return JSONResponse(_errors([_error("The server failed; its log says why.")]), 500)


def _said_of(error: dict[str, Any]) -> dict[str, Any]:
    """An error of the form of a request, with the row it is about."""
    _, *place = error["loc"]  # the first is the body
    if error["type"] == "json_invalid":
        return _error(f"The body is no JSON: {error['msg']}.")
    if not place:
        return _error('The body must be a JSON object such as {"rows": [...]}, sent as JSON.')
    numbers = [part for part in place if isinstance(part, int)]
    if place[0] == "rows" and numbers:
        return _error("A row is an object, or a list; all rows are the same.", numbers[0])
    return _error(f"{place[0]}: {error['msg']}")


def _error(message: str, row: int | None = None, column: str | None = None) -> dict[str, Any]:
    return {"message": message, "row": row, "column": column}


def _errors(errors: Sequence[dict[str, Any]]) -> dict[str, Any]:
    return {"errors": list(errors)}
