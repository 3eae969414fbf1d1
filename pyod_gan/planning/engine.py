"""PyOD's engine with our detectors in its knowledge."""

from __future__ import annotations

from typing import Any

import numpy as np
from pyod.utils.ad_engine import ADEngine

from ..front_ends.frames import is_frame, is_number, missing_in
from .knowledge import Knowledge

MIXED, GAPS = "mixed_table", "series_with_gaps"  # PyOD's detectors take neither


class GANEngine(ADEngine):
    """PyOD's engine with our detectors in its knowledge.

    Departures from PyOD's engine:

    - A table that has missing values, or columns of other kinds than numbers, is a "mixed_table",
      and a time series with missing values is a "series_with_gaps", so that no detector of PyOD is
      planned for it. An array of three or four dimensions holds images.
    - A profile has the entry "clean". Set it to True if no training row is an anomaly.
    - One of our detectors is built with the default parameters that its knowledge names.
    - Findings of our detectors have reasons.

    Parameters
    ----------
    random_state : int or None
        Seed of the detectors that it builds.
    """

    def __init__(self, random_state: int | None = None) -> None:
        super().__init__(random_state=random_state)
        self.kb = Knowledge()

    def profile_data(self, X: Any, data_type: str | None = None) -> dict[str, Any]:
        """Tell what the data is like, as in PyOD's engine.

        Parameters
        ----------
        X : array-like, data frame, list or dict
            The data.
        data_type : str or None
            One of PyOD's, "mixed_table" or "series_with_gaps". None finds all but "audio",
            "time_series" and "series_with_gaps" by itself, and lists of arrays.

        Returns
        -------
        profile : dict
            What :meth:`plan_detection` takes.
        """
        kind = data_type or _kind_of(X)
        if kind == MIXED:
            n_samples, n_features = np.shape(X)
            profile = {"data_type": kind, "n_samples": n_samples, "n_features": n_features}
        else:
            profile = super().profile_data(X, kind)
        if profile["data_type"] == "time_series" and profile["has_nan"]:
            profile["data_type"] = GAPS
        return {**profile, "clean": False}

    def build_detector(self, plan: dict[str, Any]) -> Any:
        """Build the detector of a plan, which is not fitted.

        Parameters
        ----------
        plan : dict
            Of :meth:`plan_detection` or :meth:`make_plan`.

        Returns
        -------
        detector : BaseDetector
            With the engine's ``random_state``, if it has one and the plan has none.
        """
        known = self.kb.get_algorithm(plan["detector_name"])
        if known and known["class_path"].startswith("pyod_gan."):
            plan = {**plan, "params": {**known["default_params"], **plan.get("params", {})}}
        return super().build_detector(plan)

    def explain_findings(
        self,
        result: dict[str, Any],
        indices: list[int] | None = None,
        top_k: int = 5,
        X: Any = None,
        feature_names: list[str] | None = None,
    ) -> list[dict[str, Any]]:
        """Say why items are anomalies, as in PyOD's engine.

        Parameters
        ----------
        result : dict
            Of :meth:`run_detection`, or one of the ``results`` of an investigation.
        indices : list of int or None
            Positions of the items. None takes those that score highest.
        top_k : int
            How many of those.
        X : array-like, data frame, list or dict, default=None
            The data of ``result``. Without it there are no reasons.
        feature_names : list of str or None
            Names of the columns.

        Returns
        -------
        findings : list of dict
            Those of PyOD's engine, and "reasons", a list of sentences, if the detector is ours.

        Raises
        ------
        ImportError
            If there are reasons to say, and pandas is not installed. The extra ``tabular`` has it.
        """
        findings: list[dict[str, Any]] = super().explain_findings(
            result, indices, top_k, X, feature_names
        )
        detector = result.get("detector")
        if X is None or not hasattr(detector, "explain_frame"):
            return findings
        from .reasons import reasons_of  # whoever has fitted such a detector has imported torch

        reasons = reasons_of(detector, X, [finding["index"] for finding in findings])
        return [
            {**finding, "reasons": said} for finding, said in zip(findings, reasons, strict=True)
        ]


def pyod_engine(random_state: int | None = None) -> ADEngine:
    """PyOD's ``ADEngine`` with the detectors of this package in its knowledge.

    The engine profiles data, plans detectors for it, builds, runs and explains them, and takes
    feedback. Its knowledge is PyOD's own, and that of our detectors: which data they are for, what
    they need, and how good they were in this project's benchmarks. PyOD's own engine stays as it
    is.

    Parameters
    ----------
    random_state : int or None, default=None
        Seed of every detector that it builds, if the detector has a ``random_state``.

    Returns
    -------
    engine : pyod.utils.ad_engine.ADEngine
        The engine.

    Examples
    --------
    >>> import numpy as np
    >>> from pyod_gan import pyod_engine
    >>> X = np.random.default_rng(0).normal(size=(200, 3))
    >>> X[7] = 6
    >>> engine = pyod_engine(random_state=0)
    >>> plan = engine.plan_detection(engine.profile_data(X))
    >>> plan["detector_name"]
    'GANDetector'
    >>> engine.run_detection(X, plan)["scores_train"].argmax()
    np.int64(7)
    """
    return GANEngine(random_state=random_state)


def _kind_of(X: Any) -> str | None:
    """Kind of data that PyOD's engine does not tell by itself, or None."""
    if is_frame(X):
        columns = [X[name] for name in X.columns]
        numbers = all(is_number(dtype) for dtype in X.dtypes)
        return (
            None if numbers and not any(missing_in(column).any() for column in columns) else MIXED
        )
    if not isinstance(X, np.ndarray):
        return None
    if X.ndim in (3, 4):
        return "image"
    has_gaps = X.dtype.kind == "f" and bool(np.isnan(X).any())
    return MIXED if X.ndim == 2 and (has_gaps or X.dtype.kind in "OU") else None
