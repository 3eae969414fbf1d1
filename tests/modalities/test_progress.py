"""Progress bars say which part is being trained."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

from pyod_gan import ImageDetector, SeriesDetector, TextDetector
from pyod_gan.callbacks import Callback

RNG = np.random.default_rng(0)
CASES: list[tuple[type, Any, dict[str, Any], list[str]]] = [
    (
        TextDetector,
        [f"word {i} of {i % 7}" for i in range(40)],
        {},
        ["style", "words", "characters"],
    ),
    (
        ImageDetector,
        RNG.normal(size=(30, 12, 12)),
        {"parts": ("shape", "sections")},
        ["shape", "sections, 1 of 4", "sections, 4 of 4"],
    ),
    (
        SeriesDetector,
        np.sin(np.arange(300)),
        {"window_size": (16, 48)},
        ["windows of 16", "windows of 48"],
    ),
]


@pytest.mark.parametrize(("kind", "X", "params", "names"), CASES)
def test_bars_name_the_parts(
    kind: type, X: Any, params: dict[str, Any], names: list[str], capsys: pytest.CaptureFixture[str]
) -> None:
    calls = Callback()
    detector = kind(max_iter=3, random_state=0, verbose=1, callbacks=[calls], **params).fit(X)
    shown = capsys.readouterr().err
    for name in names:
        assert f"fit {name}:" in shown
    found = detector.detectors_
    for part in found.values() if isinstance(found, dict) else found:
        for inner in part if isinstance(part, list) else [part]:
            assert (inner.verbose, inner.callbacks) == (1, [calls])
    detector.set_params(verbose=0).fit(X)
    assert "fit " not in capsys.readouterr().err
