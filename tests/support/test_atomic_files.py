"""Files that appear whole: names of any length, read-only files, pipes and devices."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path
from threading import Thread

import pytest

from pyod_gan._support.atomic_files import atomic_write, check_place


def write(path: Path, content: bytes = b"new") -> None:
    with atomic_write(path) as file:
        file.write(content)


@pytest.mark.parametrize("name", ["a" * 255, "é" * 127, ".hidden"])
def test_the_longest_name_can_be_written(name: str, tmp_path: Path) -> None:
    write(tmp_path / name)
    assert os.listdir(tmp_path) == [name]
    write(tmp_path / name, b"newer")
    assert (tmp_path / name).read_bytes() == b"newer"


def test_a_name_that_is_too_long_is_named(tmp_path: Path) -> None:
    with pytest.raises(OSError, match="name too long") as caught:
        write(tmp_path / ("a" * 256))
    assert caught.value.filename == str(tmp_path / ("a" * 256))
    assert not os.listdir(tmp_path)


def test_a_read_only_file_is_not_replaced(tmp_path: Path) -> None:
    path, link = tmp_path / "kept", tmp_path / "link"
    path.write_bytes(b"old")
    path.chmod(0o444)
    link.symlink_to(path)
    for place in (path, link):
        with pytest.raises(PermissionError, match=r"file .*kept is read-only"):
            write(place)
    assert path.read_bytes() == b"old"
    assert sorted(os.listdir(tmp_path)) == ["kept", "link"]


def test_a_file_of_somebody_else_is_not_replaced(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = tmp_path / "theirs"
    path.write_bytes(b"old")
    monkeypatch.setattr(os, "access", lambda place, mode: Path(place) != path)
    with pytest.raises(PermissionError, match="theirs is read-only"):
        write(path)
    assert path.read_bytes() == b"old"


def test_links_that_lead_to_each_other_are_an_os_error(tmp_path: Path) -> None:
    (tmp_path / "a").symlink_to(tmp_path / "b")
    (tmp_path / "b").symlink_to(tmp_path / "a")
    with pytest.raises(OSError, match=r"symbolic links|Symlink loop"):
        write(tmp_path / "a")


def test_a_device_takes_what_is_written() -> None:
    before = os.stat("/dev/null")
    write(Path("/dev/null"))
    assert os.path.samestat(before, os.stat("/dev/null"))
    assert check_place(Path("/dev/null")) == Path("/dev/null")


def test_a_pipe_takes_what_is_written(tmp_path: Path) -> None:
    path, read = tmp_path / "pipe", []
    os.mkfifo(path)
    reader = Thread(target=lambda: read.append(path.read_bytes()))
    reader.start()
    write(path)
    reader.join()
    assert read == [b"new"]
    assert os.listdir(tmp_path) == ["pipe"]


def test_standard_output_is_a_pipe_or_a_file(tmp_path: Path) -> None:
    code = (
        "from pathlib import Path; from pyod_gan._support.atomic_files import atomic_write\n"
        "with atomic_write(Path('/dev/stdout')) as file: file.write(b'new')"
    )
    command = [sys.executable, "-c", code]
    assert subprocess.run(command, stdout=subprocess.PIPE, check=True).stdout == b"new"
    log = tmp_path / "log"
    log.write_bytes(b"old ")
    with log.open("ab") as file:
        subprocess.run(command, stdout=file, check=True)
    assert log.read_bytes() == b"old new"
    assert os.listdir(tmp_path) == ["log"]
