"""Global settings of a program do not matter: the same bits come out, whatever they are."""

from __future__ import annotations

import copy
import pickle
import sys
import warnings
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager
from pathlib import Path
from types import FrameType

import numpy as np
import pandas as pd
import pytest
import sklearn
import torch

from pyod_gan import GANDetector
from pyod_gan._support.own_settings import own_settings
from tests.helpers import QUICK, table


@contextmanager
def default(set_default: Callable[[object], None], value: object, before: object) -> Iterator[None]:
    """A default of torch, for a while."""
    set_default(value)
    try:
        yield
    finally:
        set_default(before)


@contextmanager
def warnings_as_errors() -> Iterator[None]:
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        warnings.filterwarnings("ignore", "metadata on a dtype")  # of NumPy 1, as skops uses it
        yield


SETTINGS: dict[str, Callable[[], AbstractContextManager[object]]] = {
    "pandas output": lambda: sklearn.config_context(transform_output="pandas"),
    "polars output": lambda: sklearn.config_context(transform_output="polars"),
    "double by default": lambda: default(torch.set_default_dtype, torch.float64, torch.float32),
    "device by default": lambda: default(torch.set_default_device, "meta", "cpu"),
    "device of a block": lambda: torch.device("meta"),
    "autocast": lambda: torch.autocast("cpu"),
    "inference mode": torch.inference_mode,
    "no gradients": torch.no_grad,
    "floating-point errors": lambda: np.errstate(all="raise"),
    "warnings as errors": warnings_as_errors,
}
KINDS = ["x", "y", None, "x"] * 50
NUMBERS = table()
FRAME = pd.DataFrame(NUMBERS, columns=list("abcde")).assign(
    kind=KINDS, day=pd.date_range("2020-01-01", periods=200), text=[f"row {i}" for i in range(200)]
)


def everything(data: np.ndarray | pd.DataFrame, folder: Path) -> list[np.ndarray]:
    """What a user sees of a detector."""
    detector = GANDetector(**QUICK).fit(data)
    seen = [detector.decision_scores_, detector.decision_function(data), detector.explain(data[:5])]
    seen += [detector.predict_proba(data, method=how) for how in ("linear", "unify")]
    seen.append(detector.calibrate(data[:50]).p_values(data))
    seen.append(detector.explain_frame(data[:5])["share"].to_numpy())
    detector.save(folder / "model")
    loaded = GANDetector.load(folder / "model")
    for twin in (loaded, pickle.loads(pickle.dumps(detector)), copy.deepcopy(detector)):
        seen += [twin.decision_function(data), twin.explain(data[:5])]
    seen.append(detector.partial_fit(data[:150]).decision_scores_)
    seen.append(detector.explain(data[:5]))
    return seen


@pytest.fixture(scope="module", params=["numbers", "frame"])
def plain(
    request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory
) -> tuple[np.ndarray | pd.DataFrame, list[np.ndarray]]:
    """A table and what is seen with no setting changed."""
    data = NUMBERS if request.param == "numbers" else FRAME
    return data, everything(data, tmp_path_factory.mktemp("plain"))


@pytest.mark.parametrize("setting", SETTINGS)
def test_global_settings_do_not_matter(setting: str, plain, tmp_path: Path) -> None:
    data, expected = plain
    with SETTINGS[setting]():
        seen = everything(data, tmp_path)
    for ours, theirs in zip(seen, expected, strict=True):
        np.testing.assert_array_equal(ours, theirs)


def test_an_interrupt_at_any_line_leaves_later_blocks_as_they_should_be() -> None:
    lines = 0

    def interrupt(frame: FrameType, event: str, arg: object) -> object:
        nonlocal lines
        if Path(frame.f_code.co_filename).name not in ("own_settings.py", "contextlib.py"):
            return None
        lines -= event == "line"
        if lines == 0 and event == "line":
            raise KeyboardInterrupt
        return interrupt

    for last in range(1, 200):
        lines = last
        before = sys.gettrace()
        try:
            sys.settrace(interrupt)
            with own_settings():
                pass
        except KeyboardInterrupt:
            pass
        finally:
            sys.settrace(before)
        if lines > 0:
            break
        with torch.autocast("cpu"), np.errstate(all="raise"), own_settings():
            assert not torch.is_autocast_enabled("cpu")
            assert set(np.geterr().values()) == {"ignore"}
    assert 10 < last < 199


def test_settings_are_left_as_they_were() -> None:
    GANDetector(**QUICK).fit(NUMBERS)  # what torch imports now adds a filter of its own
    with sklearn.config_context(transform_output="pandas"), np.errstate(all="raise"):
        before = np.geterr(), torch.get_num_threads(), list(warnings.filters)
        GANDetector(**QUICK).fit(NUMBERS).explain(NUMBERS[:3])
        assert sklearn.get_config()["transform_output"] == "pandas"
        assert (np.geterr(), torch.get_num_threads(), list(warnings.filters)) == before
