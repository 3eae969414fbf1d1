"""Planted errors: the tables, the rules, ranks and reasons, the command."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from benchmarks.__main__ import main
from benchmarks.harness import detectors, mixed_tables
from benchmarks.harness.planted_errors import (
    RULES,
    CleanTable,
    PlantedError,
    plant,
    with_errors,
)
from benchmarks.studies import errors


def small_table() -> pd.DataFrame:
    """120 rows of all kinds of columns; ``size`` follows ``kind``, ``wide`` is above ``size``."""
    rng = np.random.default_rng(0)
    kind = rng.permutation(np.repeat(["ant", "bee", "cow"], 40))
    size = pd.Series(kind).map({"ant": 10, "bee": 20, "cow": 60}) + rng.uniform(0, 5, 120)
    return pd.DataFrame(
        {
            "kind": kind,
            "size": size,
            "wide": size + 10,
            "day": pd.date_range("2020-01-01", periods=120),
            "year": rng.integers(2001, 2009, 120),
            "name": [f"{word}{number}" for number, word in enumerate(kind)],
            "flag": kind == "cow",
        }
    )


@pytest.fixture(scope="module")
def clean() -> CleanTable:
    return CleanTable(small_table())


@pytest.fixture(scope="module")
def planted(clean: CleanTable) -> dict[str, list[PlantedError]]:
    found = plant(clean, 4, np.random.default_rng(0))
    return {kind: [error for error in found if error.kind == kind] for kind in RULES}


def test_all_tables_are_there_and_mostly_mixed() -> None:
    frames = {name: mixed_tables.load(name, 200) for name in mixed_tables.TABLES}
    assert len(frames) >= 14
    kinds = {name: {*CleanTable(frame).kinds.values()} for name, frame in frames.items()}
    assert all(len(held) > 1 for held in kinds.values()), kinds
    assert set().union(*kinds.values()) == {
        *("number", "year", "date", "date text", "category", "text")
    }
    for name, frame in frames.items():
        assert list(frame.index) == list(range(len(frame)))
        pd.testing.assert_frame_equal(frame, mixed_tables.load(name, 200))
    with pytest.raises(ValueError, match="Unknown table: iriss"):
        mixed_tables.load("iriss")


def test_kinds_of_columns(clean: CleanTable) -> None:
    assert clean.kinds == {
        "kind": "category",
        "size": "number",
        "wide": "number",
        "day": "date",
        "year": "year",
        "name": "text",
        "flag": "category",
    }


def test_every_kind_is_planted_in_rows_of_its_own(
    planted: dict[str, list[PlantedError]],
) -> None:
    assert {kind: len(found) for kind, found in planted.items()} == dict.fromkeys(RULES, 4)
    rows = [error.row for found in planted.values() for error in found]
    assert len(set(rows)) == len(rows)


def test_errors_of_numbers_are_no_values_of_the_column(
    clean: CleanTable, planted: dict[str, list[PlantedError]]
) -> None:
    for kind in ("decimal point", "unit", "sign", "code for missing"):
        for error in planted[kind]:
            ((column, value),) = error.cells.items()
            assert error.right == (column,)
            low, high = clean.frame[column].min(), clean.frame[column].max()
            assert not low <= value <= high, error
    for error in planted["sign"]:
        ((column, value),) = error.cells.items()
        assert value == -clean.frame[column][error.row]


def test_dates_and_years_are_out_of_range(
    clean: CleanTable, planted: dict[str, list[PlantedError]]
) -> None:
    for error in planted["date out of range"]:
        ((column, value),) = error.cells.items()
        assert column in ("day", "year")
        assert not clean.frame[column].min() <= value <= clean.frame[column].max()


def test_new_spellings_and_strange_texts_are_new(
    clean: CleanTable, planted: dict[str, list[PlantedError]]
) -> None:
    for kind, column in (("new spelling", "kind"), ("strange text", "name")):
        for error in planted[kind]:
            assert list(error.cells) == [column]
            assert error.cells[column] not in set(clean.frame[column])


def test_swapped_numbers_break_their_order(
    clean: CleanTable, planted: dict[str, list[PlantedError]]
) -> None:
    for error in planted["swapped columns"]:
        assert set(error.right) == {"size", "wide"}
        assert error.cells["size"] == clean.frame["wide"][error.row]
        assert error.cells["wide"] == clean.frame["size"][error.row]


def test_contradictions_are_usual_by_themselves(
    clean: CleanTable, planted: dict[str, list[PlantedError]]
) -> None:
    for error in planted["other category"]:
        ((column, value),) = error.cells.items()
        assert value in set(clean.frame[column])
        assert value != clean.frame[column][error.row]
    for error in planted["broken dependence"]:
        column, value = next(iter(error.cells.items()))
        assert error.right[0] == column
        assert len(error.right) > 1
        assert clean.frame[column].min() <= value <= clean.frame[column].max()


def test_a_column_that_explains_nothing_is_not_contradicted() -> None:
    rng = np.random.default_rng(0)
    noise = pd.DataFrame({"a": rng.normal(size=100), "b": rng.normal(size=100)})
    found = plant(CleanTable(noise), 3, rng, kinds=["broken dependence", "other category"])
    assert found == []


def test_tables_with_errors_differ_in_the_planted_cells_only(
    clean: CleanTable, planted: dict[str, list[PlantedError]]
) -> None:
    found = [error for several in planted.values() for error in several]
    wrong = with_errors(clean.frame, found)
    differs = wrong.ne(clean.frame)
    assert {
        row: set(differs.columns[differs.loc[row]]) for row in np.flatnonzero(differs.any(axis=1))
    } == {error.row: set(error.cells) for error in found}
    pd.testing.assert_frame_equal(clean.frame, small_table())


def test_the_same_seed_plants_the_same() -> None:
    first, again, other = (
        plant(CleanTable(small_table()), 2, np.random.default_rng(seed)) for seed in (1, 1, 2)
    )
    assert first == again
    assert first != other


def test_encoded_tables_know_where_columns_come_from() -> None:
    frame = small_table().assign(size=lambda t: t["size"].where(t.index > 3))
    X, sources = errors.encoded(frame)
    assert np.isfinite(X).all()
    assert X.shape == (120, len(sources))
    assert sources.count("kind") == 3
    assert set(sources) == set(frame.columns)


def test_summary_of_lines_made_by_hand() -> None:
    lines = pd.DataFrame(
        {
            "table": "t",
            "kind": ["unit", "unit", "sign", "sign"],
            "detector": "D",
            "n": [300, 300, 60, 60],
            "rank": [3, 4, 1, 6],
            "right": [1, 1, 0, 1],
        }
    )
    rows = errors.summary(lines, "D").set_index("kind")
    assert rows["errors"].to_dict() == {"unit": 2, "sign": 2, "all": 4}
    assert rows["found at 1 %"].to_dict() == {"unit": 0.5, "sign": 0.5, "all": 0.5}
    assert rows["found at 10 %"].to_dict() == {"unit": 1, "sign": 1, "all": 1}
    assert rows[errors.RIGHT].to_dict() == {"unit": 1, "sign": 0.5, "all": 0.75}
    assert rows[errors.RIGHT_OF_FOUND].to_dict() == {"unit": 1, "sign": 0, "all": 0.5}


def test_command_writes_what_it_prints(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setitem(mixed_tables.TABLES, "small", small_table)
    monkeypatch.setattr(errors, "LEAST", 1)
    monkeypatch.setattr(errors, "SHARE", 0.1)  # all at once
    monkeypatch.setattr(errors, "MOST", 1)
    make = detectors.make

    def quick(name: str, seed: int) -> object:
        own = {"n_estimators": 2, "max_iter": 5} if detectors.is_ours(name) else {}
        return make(name, seed).set_params(**own)

    monkeypatch.setattr(detectors, "make", quick)
    arguments = ["errors", "--datasets", "small", "--out", str(tmp_path)]
    assert main(arguments) == 0
    printed = capsys.readouterr().out
    assert printed == (tmp_path / "errors.md").read_text(encoding="utf-8")
    for detector in errors.DETECTORS:
        assert f"## {detector}\n" in printed
    table = pd.read_csv(tmp_path / "errors.csv")
    assert table.groupby("detector")["kind"].nunique().to_dict() == dict.fromkeys(
        errors.DETECTORS, len(RULES)
    )
    assert table.loc[table["detector"] == "IForest", "right"].isna().all()
    assert table.loc[table["detector"] != "IForest", "right"].isin([0, 1]).all()
    assert table["rank"].between(1, table["n"]).all()
    assert main([*arguments, "--detectors", "ECOD"]) == 0
    own = table[table["detector"] == "ECOD"].reset_index(drop=True)
    pd.testing.assert_frame_equal(own, pd.read_csv(tmp_path / "errors.csv"), check_dtype=False)
    assert main(["errors", "--datasets", "iriss", "--out", str(tmp_path)]) == 2
    assert "Unknown table: iriss" in capsys.readouterr().err
