"""How a command meets the terminal: signals that stop it, warnings and errors as plain lines."""

from __future__ import annotations

import signal
import sys
import threading
import warnings
from collections.abc import Iterator
from contextlib import contextmanager
from typing import TextIO

from .._support.exceptions import TrainingCollapseWarning


@contextmanager
def interrupts() -> Iterator[list[int]]:
    """Let SIGTERM and SIGHUP interrupt the block as Ctrl-C does, and list the one that came.

    After the first of them all are ignored, so that the block can tidy up. One that is ignored from
    the start, as by nohup, stays so. Outside of the main thread nothing is changed.
    """
    names = ("SIGTERM", "SIGHUP")  # Windows has no SIGHUP
    numbers = [getattr(signal, name) for name in names if hasattr(signal, name)]
    before = {number: signal.getsignal(number) for number in numbers}
    came: list[int] = []

    def interrupt(number: int, frame: object) -> None:
        came.append(number)
        for each in handled:
            signal.signal(each, signal.SIG_IGN)
        raise KeyboardInterrupt

    in_main_thread = threading.current_thread() is threading.main_thread()
    handled = [n for n in numbers if in_main_thread and before[n] not in (None, signal.SIG_IGN)]
    try:
        for number in handled:
            signal.signal(number, interrupt)
        yield came
    finally:
        for number in handled:
            signal.signal(number, before[number])


@contextmanager
def plain_warnings(quiet: bool) -> Iterator[None]:
    """Write warnings of the block as lines without code. With ``quiet``, only of lost members."""

    def show(
        message: Warning | str,
        category: type[Warning],
        filename: str,
        lineno: int,
        file: TextIO | None = None,
        line: str | None = None,
    ) -> None:
        say(f"warning: {message}")

    with warnings.catch_warnings():
        if quiet:
            warnings.simplefilter("ignore")
            warnings.simplefilter("default", TrainingCollapseWarning)
        warnings.showwarning = show
        yield


def plain(error: Exception) -> str:
    """Text of an error, without the number that the system gives to it."""
    if isinstance(error, OSError) and error.strerror and error.filename:
        return f"{error.filename}: {error.strerror}."
    return str(error)


def say(line: str) -> None:
    """Write a line to standard error, because standard output may be the scored table."""
    sys.stderr.write(f"{' '.join(line.split())}\n")
