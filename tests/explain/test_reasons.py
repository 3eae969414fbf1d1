"""Tables of reasons: data frames, which notebooks show with whole sentences."""

from __future__ import annotations

import pickle

import numpy as np
import pandas as pd
import pytest

from pyod_gan import GANDetector, SeriesDetector


@pytest.fixture(scope="module")
def reasons() -> pd.DataFrame:
    rng = np.random.default_rng(0)
    frame = pd.DataFrame(rng.normal(size=(120, 3)), columns=["a", "<b>", "c"])
    frame.loc[7] = [9.0, 8.0, 0.0]
    detector = GANDetector(n_estimators=1, max_iter=20, random_state=0).fit(frame)
    return detector.explain_frame(frame.iloc[[7, 8]])


def test_a_notebook_shows_sentences_whole_and_escaped(reasons: pd.DataFrame) -> None:
    with pd.option_context("display.max_colwidth", 20):  # where pandas would cut
        html = reasons._repr_html_()
    assert html is not None
    assert reasons["reason"].str.len().max() > 30 and "…" not in html and "..." not in html
    assert "&lt;b&gt; = 8" in html and "<b>" not in html
    assert [html.count(f'<th style="text-align:left">{name}<') for name in ("row", "reason")] == [
        1,
        1,
    ]
    assert "observed" not in html  # the sentences say it
    assert html.count(">7</td>") == 1  # a row is named once
    shares = reasons["share"]
    assert f"{shares.iloc[1]:.3g}</td>" in html
    assert f".35) {round(100 * shares.iloc[1] / shares.max())}%" in html


def test_parts_of_the_table_are_shown_alike(reasons: pd.DataFrame) -> None:
    flagged = reasons[reasons["row"] == 7]
    assert ">8</td>" not in (flagged._repr_html_() or "")
    assert flagged["reason"].iloc[0] in (flagged.head(1)._repr_html_() or "").replace(
        "&lt;", "<"
    ).replace("&gt;", ">")


def test_columns_that_somebody_chose_are_all_shown(reasons: pd.DataFrame) -> None:
    with pd.option_context("display.max_colwidth", 20):
        chosen = reasons[["row", "column", "observed", "reason"]]._repr_html_() or ""
    assert "dataframe" in chosen and "<th>observed</th>" in chosen
    assert "…" not in chosen and "..." not in chosen  # sentences are whole here too
    added = reasons.assign(known=True)._repr_html_() or ""
    assert "<th>known</th>" in added


def test_reasons_of_series_are_shown_alike() -> None:
    series = np.sin(np.arange(400) / 5)
    series[300] += 4
    detector = SeriesDetector(n_estimators=1, max_iter=20, random_state=0).fit(series)
    shown = detector.explain_frame(series)._repr_html_() or ""
    assert "<th style" in shown and "dataframe" not in shown


def test_long_tables_are_cut_and_the_setting_for_text_is_kept(reasons: pd.DataFrame) -> None:
    with pd.option_context("display.max_rows", 2):
        assert f"{len(reasons) - 2} more reasons" in (reasons._repr_html_() or "")
    with pd.option_context("display.notebook_repr_html", False):
        assert reasons._repr_html_() is None


def test_it_is_a_data_frame_that_can_be_pickled(reasons: pd.DataFrame) -> None:
    copy = pickle.loads(pickle.dumps(reasons))
    pd.testing.assert_frame_equal(copy, reasons)
    assert copy._repr_html_() == reasons._repr_html_()
    assert isinstance(reasons, pd.DataFrame)
    assert reasons.groupby("column")["share"].sum().max() > 0.3
