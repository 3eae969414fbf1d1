"""Signals that stop a command leave nothing behind, and warnings are plain lines."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
import warnings
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from pyod_gan._support.exceptions import TrainingCollapseWarning
from pyod_gan.cli import commands, main
from pyod_gan.cli.terminal import plain_warnings

# a command that is writing a file when it is stopped, and waits
WRITING = """
import fcntl, os, sys, termios, types
from pathlib import Path
from pyod_gan import cli
from pyod_gan._support.atomic_files import atomic_write

def fit(options):
    with atomic_write(options.model) as file:
        os.write(1, b"x")
        os.read(int(sys.argv[1]), 1)

if sys.argv[2:]:
    fcntl.ioctl(1, termios.TIOCSCTTY, 0)  # this terminal can be closed
sys.modules["pyod_gan.cli.commands"] = types.SimpleNamespace(fit=fit, inspect=None, score=None)
raise SystemExit(cli.main(["fit", "in.csv", "--model", "m"]))
"""


@pytest.fixture(autouse=True)
def _in_a_folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)


@pytest.mark.parametrize(("name", "code"), [("SIGTERM", 143), ("SIGHUP", 129), ("SIGINT", 130)])
def test_a_signal_leaves_nothing(name: str, code: int) -> None:
    words = [sys.executable, "-c", WRITING, "0"]
    with subprocess.Popen(words, stdin=-1, stdout=-1, stderr=-1) as process:
        assert process.stdout.read(1) == b"x" and len(os.listdir()) == 1
        process.send_signal(getattr(signal, name))
        assert process.stderr.read() == b"interrupted\n"
    assert process.returncode == code and os.listdir() == []


def test_a_terminal_that_is_closed_leaves_nothing() -> None:
    terminal, inner = os.openpty()
    never, held = os.pipe()
    words = [sys.executable, "-c", WRITING, str(never), "closes"]
    channels = {"stdin": inner, "stdout": inner, "stderr": inner, "pass_fds": [never]}
    with subprocess.Popen(words, start_new_session=True, **channels) as process:
        os.close(inner)
        assert os.read(terminal, 1) == b"x" and len(os.listdir()) == 1
        os.close(terminal)
        assert process.wait(10) == 129
    os.close(never)
    os.close(held)
    assert os.listdir() == []


def test_nohup_is_heard() -> None:
    words = ["nohup", sys.executable, "-c", WRITING, "0"]
    with subprocess.Popen(words, stdin=-1, stdout=-1, stderr=-1) as process:
        assert process.stdout.read(1) == b"x"
        process.send_signal(signal.SIGHUP)
        process.stdin.write(b"x")
        process.stdin.close()
        process.stderr.read()
    assert process.returncode == 0 and os.listdir() == ["m"]


def test_a_command_is_terminated_while_it_waits_for_a_pipe() -> None:
    os.mkfifo("pipe")
    words = [sys.executable, "-m", "pyod_gan", "fit", "pipe", "--model", "m"]
    with subprocess.Popen(words, stderr=-1) as process, open("pipe", "w") as pipe:
        pipe.write("a,b\n1,2\n")
        pipe.flush()
        process.terminate()
        assert process.stderr.read() == b"interrupted\n"
    assert process.returncode == 143 and os.listdir() == ["pipe"]


def test_handlers_are_as_they_were_afterwards(monkeypatch: pytest.MonkeyPatch) -> None:
    def stopped(options: object) -> None:
        assert signal.getsignal(signal.SIGTERM) not in (before, signal.SIG_IGN)
        os.kill(os.getpid(), signal.SIGTERM)
        time.sleep(5)

    before = signal.getsignal(signal.SIGTERM)
    monkeypatch.setattr(commands, "fit", stopped)
    assert main(["fit", "in.csv", "--model", "m"]) == 143
    assert signal.getsignal(signal.SIGTERM) == before


def test_a_command_runs_in_another_thread_too(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(commands, "fit", lambda options: None)
    with ThreadPoolExecutor() as pool:
        assert pool.submit(main, ["fit", "in.csv", "--model", "m"]).result() == 0


@pytest.mark.parametrize("quiet", [False, True])
def test_a_warning_is_one_plain_line(
    quiet: bool, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    def warning(options: object) -> None:
        warnings.warn("first\n  line", FutureWarning, stacklevel=1)
        warnings.warn("2 of 8 members diverged", TrainingCollapseWarning, stacklevel=1)

    monkeypatch.setattr(commands, "fit", warning)
    show = warnings.showwarning
    assert main(["fit", "in.csv", "--model", "m", *["--quiet"] * quiet]) == 0
    lost = "warning: 2 of 8 members diverged\n"
    assert capsys.readouterr().err == (lost if quiet else f"warning: first line\n{lost}")
    assert warnings.showwarning == show


def test_filters_of_warnings_stay() -> None:
    before = list(warnings.filters)
    with plain_warnings(True):
        assert warnings.filters != before
    assert warnings.filters == before
