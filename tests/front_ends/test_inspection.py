"""What the columns of a table are read as, before a fit."""

from __future__ import annotations

import numpy as np
import pandas as pd

from pyod_gan.tables import TableReader, inspect_table

N = 80
FRAME = pd.DataFrame(
    {
        "id": range(N),
        "amount": [f"{i * 37 % 900 + 1}.{100 + i},50 €" for i in range(N)],
        "when": [f"{i % 28 + 1:02d}.{i % 12 + 1:02d}.2024" for i in range(N)],
        "postcode": [f"0{i % 30:04d}" for i in range(N)],
        "person": [f"person {i}" for i in range(N)],
        "kind": ["a", "b", None, None] * (N // 4),
        "day": [20240101 + i % 28 for i in range(N)],
        "same": 1,
        "ticket": [str(i) if i % 4 else f"PC {i}" for i in range(N)],
        "nothing": None,
        "lists": [[1]] * N,
        "mixed": [*map(str, range(N - 1)), "many"],
        "measured": np.linspace(0, 1, N),
    }
)


def test_each_column_is_described() -> None:
    lines = inspect_table(FRAME).set_index("column")
    assert dict(lines["kind"]) == {
        "id": "identifier",
        "amount": "number",
        "when": "date",
        "postcode": "number",
        "person": "identifier",
        "kind": "category",
        "day": "number",
        "same": "constant",
        "ticket": "identifier",
        "nothing": "nothing",
        "lists": "unreadable",
        "mixed": "identifier",
        "measured": "number",
    }
    assert lines["written"]["amount"] == "a number like 1.234,5 €"
    assert lines["example"]["when"] == "01.01.2024"
    assert lines["read_as"]["when"] == "2024-01-01"
    assert set(lines["read_as"].drop("when")) == {""}
    assert lines["missing"]["kind"] == 0.5
    for column, said in {
        "id": "differs in nearly every row",
        "postcode": "leading zeros",
        "day": "may be dates",
        "ticket": "75% of its texts look like numbers",
        "lists": "type list",
        "mixed": "1 value(s) that cannot be read as a number",
    }.items():
        assert said in lines["notes"][column]
    for column in ("amount", "kind", "same", "measured"):
        assert lines["notes"][column] == ""


def test_it_is_read_as_the_reader_says() -> None:
    reader = TableReader(text=["postcode"], date_format="%Y%m%d", na=["many"])
    frame = FRAME.assign(day=FRAME["day"].astype(str))
    lines = inspect_table(frame[["postcode", "day", "mixed"]], reader).set_index("column")
    assert list(lines["kind"]) == ["category", "date", "identifier"]
