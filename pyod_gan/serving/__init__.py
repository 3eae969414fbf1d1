"""A scoring server: rows as JSON in, scores and reasons out."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from .._support.optional_imports import import_optional

if TYPE_CHECKING:
    from ..detector import GANDetector
    from ..outlier import GANOutlierDetector

__all__ = ["make_app"]

EXTRA = "serve"


def make_app(
    detector: GANDetector | GANOutlierDetector,
    *,
    max_rows: int = 10_000,
    max_bytes: int = 10_000_000,
) -> Any:
    """Make a web application that scores rows.

    It answers ``POST /score`` and ``POST /explain`` with JSON, ``GET /health`` and ``GET
    /metrics``, the latter in the format of Prometheus. ``GET /docs`` describes them. Requests that
    come while others are scored are scored together. A row has the score that it has alone.

    Parameters
    ----------
    detector : GANDetector or GANOutlierDetector
        Fitted, on a table. Scores and labels are those of ``GANDetector``.
    max_rows : int, default=10,000
        Largest number of rows of a request.
    max_bytes : int, default=10,000,000
        Largest size of the body of a request, in bytes.

    Returns
    -------
    app : fastapi.FastAPI
        For any ASGI server, such as uvicorn: ``uvicorn.run(make_app(detector))``.

    Raises
    ------
    ImportError
        If FastAPI, prometheus-client or pandas is missing. The extra ``serve`` has them.
    NotFittedError
        If the detector is not fitted.
    TypeError
        If it is another estimator.
    ValueError
        If a limit is less than 1.
    """
    for module in ("fastapi", "prometheus_client", "pandas"):
        import_optional(module, EXTRA)
    for name, limit in (("max_rows", max_rows), ("max_bytes", max_bytes)):
        if limit < 1:
            raise ValueError(f"`{name}` must be at least 1. Got {limit!r} instead.")
    from .app import app_of

    inner: Any = getattr(detector, "detector_", detector)
    return app_of(inner, max_rows, max_bytes)
