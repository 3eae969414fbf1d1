"""The report in a browser without a network: it draws, sorts, selects, and fits every screen."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pandas as pd
import pytest

from pyod_gan import GANDetector, report
from tests.helpers import QUICK, amounts_of_kinds

N_TOP = 30
EVIL = "<img src=x onerror=alert(1)>"
PLACE = """place => {
  for (const view of Bokeh.index.roots) {
    const rows = view.model.document.get_model_by_name("rows");
    if (!rows) continue;
    const box = view.canvas_view.el.getBoundingClientRect(), { x_scale, y_scale } = view.frame;
    const [x, y] = ["x", "y"].map(name => rows.get(name)[place]);
    return [box.left + x_scale.compute(x), box.top + y_scale.compute(y)];
  }
}"""
PIXELS = """canvas => {
  const { width, height } = canvas;
  const { data } = canvas.getContext("2d").getImageData(0, 0, width, height);
  return new Set(new Uint32Array(data.buffer));
}"""
CHOSEN = "Bokeh.documents.map(d => d.get_model_by_name('rows')).find(r => r).selected.indices"


@pytest.fixture(scope="module")
def page_file(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A report whose names, values and labels of rows are HTML."""
    rows = amounts_of_kinds(n=300).rename(columns={"amount": f"amount {EVIL}"})
    rows["kind"] = rows["kind"].replace("food", EVIL)
    rows.index = pd.Index([f"{i} {EVIL}" for i in range(300)], name=EVIL)
    detector = GANDetector(**QUICK).fit(rows)
    path = tmp_path_factory.mktemp("report") / "report.html"
    return report(detector, rows, path, top=N_TOP)


@contextmanager
def opened(browser: Any, path: Path, **options: Any) -> Iterator[Any]:
    """A page with its figures. It must ask for nothing, alert nothing, and have no errors."""
    context = browser.new_context(offline=True, **options)
    wrong: list[str] = []
    page = context.new_page()
    page.on("console", lambda said: wrong.append(said.text) if said.type == "error" else None)
    page.on("pageerror", lambda error: wrong.append(str(error)))
    page.on(
        "request", lambda asked: wrong.append(asked.url) if asked.url != path.as_uri() else None
    )
    page.on("dialog", lambda dialog: (wrong.append(dialog.message), dialog.dismiss()))
    page.goto(path.as_uri())
    page.wait_for_function("window.Bokeh && Bokeh.documents.length === 3")
    page.wait_for_function("[...Bokeh.index.roots].every(view => view.has_finished())")
    try:
        yield page
        assert wrong == []
    finally:
        context.close()


def column(page: Any, number: int) -> list[str]:
    """Texts of a column of the table of rows."""
    return page.locator(f"#rows tbody td:nth-child({number})").all_inner_texts()


def test_the_page_draws_without_errors_and_network(browser: Any, page_file: Path) -> None:
    with opened(browser, page_file) as page:
        heads = page.locator("h1, h2").all_inner_texts()
        assert heads[0] == "30 of 300 rows are flagged"
        assert heads[1:] == [
            "Scores",
            f"The {N_TOP} rows that score highest",
            "No column has moved by more than chance",
            "Losses over 20 steps of training",
        ]
        for name in ("scores", "map", "losses"):
            canvas = page.locator(f"#{name} canvas").first
            colours = canvas.evaluate(f"canvas => ({PIXELS})(canvas).size")
            assert colours > 10, name


def test_texts_of_the_user_are_texts(browser: Any, page_file: Path) -> None:
    with opened(browser, page_file) as page:
        assert page.locator("img").count() == 0
        assert page.locator("#rows th").first.inner_text() == EVIL
        assert all(label.endswith(EVIL) for label in column(page, 1))
        assert any(f"amount {EVIL} = " in reasons for reasons in column(page, 4))
        assert EVIL in page.locator("#drift").inner_text()
        page.locator("#map").scroll_into_view_if_needed()
        page.mouse.move(*page.evaluate(PLACE, 299))
        value = page.locator(".bk-Tooltip .bk-tooltip-row-value").first
        value.wait_for()
        assert value.inner_text().endswith(EVIL)
        assert page.locator("img").count() == 0


def test_a_click_on_a_head_sorts(browser: Any, page_file: Path) -> None:
    with opened(browser, page_file) as page:
        head = page.get_by_role("button", name="Score")
        highest_first = column(page, 2)
        assert highest_first == sorted(highest_first, key=float, reverse=True)
        head.click()
        assert column(page, 2) == highest_first[::-1]
        assert head.locator("..").get_attribute("aria-sort") == "ascending"
        head.click()
        assert column(page, 2) == highest_first
        page.get_by_role("button", name=EVIL).click()
        numbers = [int(label.split()[0]) for label in column(page, 1)]
        assert numbers == sorted(numbers)
        page.get_by_role("button", name="Reasons").click()
        assert column(page, 4) == sorted(column(page, 4), key=str.lower)
        assert page.locator("[aria-sort]").all_inner_texts()[0].startswith("Reasons")


def test_a_row_chooses_its_point_and_a_point_its_row(browser: Any, page_file: Path) -> None:
    with opened(browser, page_file, viewport={"width": 1280, "height": 1000}) as page:
        row = page.locator("#rows tbody tr").nth(3)
        row.click()
        assert page.evaluate(CHOSEN) == [300 - N_TOP + 3]
        assert row.get_attribute("aria-current") == "true"
        row.press("Enter")
        assert page.evaluate(CHOSEN) == []
        assert page.locator("[aria-current]").count() == 0
        page.locator("#map").scroll_into_view_if_needed()
        last = 299
        page.mouse.click(*page.evaluate(PLACE, last))
        chosen = page.locator("[aria-current]")
        chosen.first.wait_for()
        assert last in page.evaluate(CHOSEN)
        places = [
            int(place) for place in chosen.evaluate_all("rows => rows.map(r => r.dataset.place)")
        ]
        assert last in places
        box, seen = page.locator(".tall").bounding_box(), chosen.first.bounding_box()
        assert box["y"] <= seen["y"] and seen["y"] + seen["height"] <= box["y"] + box["height"] + 1


@pytest.mark.parametrize("width", [390, 768, 1280])
def test_it_fits_the_screen(browser: Any, page_file: Path, width: int) -> None:
    with opened(browser, page_file, viewport={"width": width, "height": 800}) as page:
        assert page.evaluate("document.documentElement.scrollWidth") <= width
        beyond = """[...document.querySelectorAll("body *")]
            .filter(e => e.getBoundingClientRect().right > innerWidth).map(e => e.outerHTML)"""
        assert page.evaluate(beyond) == []


def test_the_colours_follow_the_system(browser: Any, page_file: Path) -> None:
    has_ink = f"""([canvas, ink]) => ({PIXELS})(canvas)
        .has(new Uint32Array(new Uint8ClampedArray([...ink, 255]).buffer)[0])"""
    ground = "getComputedStyle(document.body).backgroundColor"
    of_light, of_dark = [90, 100, 109], [155, 165, 174]  # the ink of words on the axes
    with opened(browser, page_file, color_scheme="light") as page:
        canvas = page.locator("#losses canvas").first.element_handle()
        assert page.evaluate(ground) == "rgb(255, 255, 255)"
        assert page.evaluate(has_ink, [canvas, of_light])
        assert not page.evaluate(has_ink, [canvas, of_dark])
        page.emulate_media(color_scheme="dark")
        assert page.evaluate(ground) == "rgb(20, 24, 27)"
        page.wait_for_function(has_ink, arg=[canvas, of_dark])
        assert not page.evaluate(has_ink, [canvas, of_light])
    with opened(browser, page_file, color_scheme="dark") as page:
        canvas = page.locator("#losses canvas").first.element_handle()
        assert page.evaluate(has_ink, [canvas, of_dark])
