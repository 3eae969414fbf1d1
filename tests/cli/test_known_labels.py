"""Known labels: which value is the anomaly, and when there is no figure."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from pyod_gan.cli.csv_records import CSVFormat
from pyod_gan.cli.known_labels import KnownLabels
from pyod_gan.cli.readers import open_table

SCORES = np.array([0.0, 1.0, 2.0, 3.0, 4.0, 9.0])


def said(values: pd.Series, folder: Path) -> str:
    """What is said of labels that come in two chunks, without the name of the column."""
    (folder / "in.csv").write_text("y\n0\n")
    known = KnownLabels(open_table(str(folder / "in.csv"), CSVFormat()), "y")
    for part in (values[:2], values[2:]):
        known.add(part)
    return known.compared_with(SCORES[: len(values)]).removeprefix("known labels 'y': ")


CASES = {
    "1 beside 0": ([1, 1, 1, 1, 0, 0], "1 is the anomaly, 4 of 6 rows; AUROC 0.000, AP "),
    "texts of numbers": (["0", "0.0", "0", "NA", "", "1"], "1 is the anomaly, 1 of 4 rows; "),
    "booleans": ([True, False, False, False, False, True], "1 is the anomaly, 2 of 6 rows; "),
    "words for flags": (["false"] * 5 + ["TRUE"], "1 is the anomaly, 1 of 6 rows; AUROC 1.000, A"),
    "-1 beside 1": ([1, 1, -1, -1, -1, -1], "-1 is the anomaly, 4 of 6 rows; AUROC 1.000, AP 1"),
    "words": (["Normal"] + ["Outlier"] * 5, "'Outlier' is the anomaly, 5 of 6 rows; AUROC 1.000"),
    "others": ([2, 4, 4, 4, 4, 2], "2 is the anomaly as the rarer value, 2 of 6 rows; AUROC 0.5"),
    "number and word": (["ok", "ok", "ok", "7", "ok", "ok"], "7 is the anomaly as the rarer value"),
    "equal": (["a", "b", "b", "a", "a", "b"], "no AUROC, because 'a' and 'b' are equally frequent"),
    "one": ([0, 0, 0, None, 0, 0], "no AUROC, because all are 0"),
    "none": ([None, None, None, "NaN", "", "NA"], "no AUROC, because all are missing"),
}


@pytest.mark.parametrize("case", CASES)
def test_which_value_is_the_anomaly(case: str, tmp_path: Path) -> None:
    values, expected = CASES[case]
    assert said(pd.Series(values), tmp_path).startswith(expected)
    if isinstance(values[0], int):  # as from Parquet
        typed = pd.Series(values).convert_dtypes(dtype_backend="pyarrow")
        assert said(typed, tmp_path).startswith(expected)


def test_ranks_of_known_rows_only_count(tmp_path: Path) -> None:
    values = pd.Series(["1", "0", "0", "1", "", "1"])
    assert said(values, tmp_path) == (
        "1 is the anomaly, 3 of 5 rows; AUROC 0.667, AP 0.867"  # 4 of 6 pairs; (1 + 1 + 3/5) / 3
    )
