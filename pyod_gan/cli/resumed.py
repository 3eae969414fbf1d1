"""An output of ``score`` that goes on where an interrupted run stopped."""

from __future__ import annotations

import hashlib
import json
import os
from argparse import Namespace
from pathlib import Path
from typing import TYPE_CHECKING, Any, Self

from .._support.atomic_files import atomic_write, check_place
from .writers import Output, csv_writer

if TYPE_CHECKING:
    import pandas as pd

NOT_COMPARED = ("out", "quiet", "taken", "fail")  # options that change no row


class ResumedOutput(Output):
    """A CSV file that grows as ``OUT.part``, beside ``OUT.part.json``, which says how far it is.

    What stands behind that, of a run that was stopped while it wrote, is cut off. So each row is
    written once. When all rows are written, the file gets its name, and the other one goes.

    Parameters
    ----------
    options : Namespace
        Options of the command. A run goes on only with the same options, model and data.
    delimiter : str
        Of fields.

    Raises
    ------
    ValueError
        If there is a part of another run.
    """

    def __init__(self, options: Namespace, delimiter: str) -> None:
        super().__init__(options.out, delimiter)
        path = check_place(Path(options.out))
        self.whole, self.part = path, path.with_name(f"{path.name}.part")
        self.state = path.with_name(f"{path.name}.part.json")
        self.run, self.n_bytes = _run_of(options), 0
        if self.state.exists() and self.part.exists():
            state = json.loads(self.state.read_text(encoding="utf-8"))
            if state["run"] != self.run:
                raise ValueError(
                    f"{self.part} is of another run: DATA, the model or an option was another. "
                    f"Run that again, or remove {self.part} and {self.state}."
                )
            self.n_rows, self.n_outliers = state["rows"], state["outliers"]
            self.n_bytes = state["bytes"]
        elif self.part.exists():
            raise ValueError(f"{self.part} exists and no {self.state.name} beside it. Remove it.")
        self.n_before = self.n_rows

    def __enter__(self) -> Self:
        self.file = open(self.part, "r+b" if self.n_bytes else "wb")
        self.file.truncate(self.n_bytes)
        self.file.seek(self.n_bytes)
        delimiter = "\t" if self.whole.suffix.lower() == ".tsv" else self.delimiter
        self._write = csv_writer(self.file, delimiter, header=not self.n_bytes)
        return self

    def __exit__(self, *failure: Any) -> None:
        self.file.close()
        if failure[0] is None:
            os.replace(self.part, self.whole)
            self.state.unlink(missing_ok=True)

    def left_of(self, chunk: pd.DataFrame) -> pd.DataFrame:
        """Rows of the next chunk of the data that are not written yet."""
        n = min(len(chunk), self.n_before)
        self.n_before -= n
        return chunk.iloc[n:]

    def write(self, chunk: pd.DataFrame, n_outliers: int) -> None:
        """Write the next rows, and note that they are written."""
        super().write(chunk, n_outliers)
        self.file.flush()
        os.fsync(self.file.fileno())
        state = {"run": self.run, "rows": self.n_rows, "outliers": self.n_outliers}
        with atomic_write(self.state) as file:
            file.write(json.dumps(state | {"bytes": self.file.tell()}).encode())


def _run_of(options: Namespace) -> str:
    """What makes the output: the options, the content of the model, size and time of the data."""
    about: dict[str, Any] = {
        name: str(value) for name, value in vars(options).items() if name not in NOT_COMPARED
    }
    data = options.data.stat()
    about |= {"size": data.st_size, "time": data.st_mtime_ns}
    about["model_sha256"] = hashlib.sha256(options.model.read_bytes()).hexdigest()
    return hashlib.sha256(json.dumps(about, sort_keys=True).encode()).hexdigest()
