"""The site builds without a warning, its links lead somewhere, and a browser shows it."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
import threading
from collections.abc import Iterator
from functools import partial
from html.parser import HTMLParser
from http.server import SimpleHTTPRequestHandler, ThreadingHTTPServer
from importlib import import_module
from pathlib import Path
from typing import Any
from urllib.parse import unquote, urlsplit

import pytest

ROOT = Path(__file__).parent.parent
MODULES = ["augmentations", "callbacks", "games", "gans", "model_selection", "networks", "serving"]
PUBLIC = ["pyod_gan", *(f"pyod_gan.{name}" for name in [*MODULES, "tables"])]
pytestmark = [
    pytest.mark.xdist_group("site"),  # built once
    pytest.mark.timeout(1200),
    pytest.mark.skipif(not (ROOT / "docs" / "images").exists(), reason="a source archive, without"),
]


class Page(HTMLParser):
    """Addresses that a page leads to, and the places in it that others may lead to."""

    def __init__(self, path: Path) -> None:
        super().__init__()
        self.targets: list[str] = []
        self.places: set[str] = set()
        self.feed(path.read_text())

    def handle_starttag(self, tag: str, attributes: list[tuple[str, str | None]]) -> None:
        named = dict(attributes)
        self.targets += [named[key] or "" for key in ("href", "src") if key in named]
        self.places |= {named[key] or "" for key in ("id", "name") if key in named}


class Quiet(SimpleHTTPRequestHandler):
    """A server of files that logs nothing."""

    def log_message(self, *arguments: Any) -> None:
        pass


@pytest.fixture(scope="module")
def site(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The built site, of a copy of the pages, so that the checkout stays as it is."""
    root = tmp_path_factory.mktemp("site")
    made = shutil.ignore_patterns("_build", "examples", "reference")
    shutil.copytree(ROOT / "docs", root / "docs", ignore=made)
    shutil.copy(ROOT / "CHANGELOG.md", root)
    command = ["-m", "sphinx", "-q", "-W", "--keep-going", "docs", "docs/_build/html"]
    offline = os.environ | dict.fromkeys(("http_proxy", "https_proxy"), "http://127.0.0.1:9")
    run = {"cwd": root, "env": offline, "capture_output": True, "text": True}
    built = subprocess.run([sys.executable, *command], **run)
    assert built.returncode == 0, built.stdout[-3000:] + built.stderr[-3000:]
    return root / "docs" / "_build" / "html"


@pytest.fixture(scope="module")
def address(site: Path) -> Iterator[str]:
    """Where the site is served, on this machine."""
    server = ThreadingHTTPServer(("127.0.0.1", 0), partial(Quiet, directory=str(site)))
    threading.Thread(target=server.serve_forever, daemon=True).start()
    yield f"http://127.0.0.1:{server.server_port}"
    server.shutdown()
    server.server_close()


def test_links_within_the_site_lead_somewhere(site: Path) -> None:
    pages = {path: Page(path) for path in site.rglob("*.html") if "_static" not in path.parts}
    assert len(pages) > 100
    lost = []
    for path, page in pages.items():
        for target in page.targets:
            parts = urlsplit(target)
            if parts.scheme or parts.netloc:
                assert not parts.path.endswith((".js", ".css")), target  # it works offline
                continue
            goal = (path.parent / unquote(parts.path)).resolve() if parts.path else path
            place = unquote(parts.fragment)
            if not goal.exists() or (place and goal in pages and place not in pages[goal].places):
                lost.append(f"{path.relative_to(site)}: {target}")
    assert lost == []


def test_every_public_name_has_a_page(site: Path) -> None:
    pages = {page.stem for page in (site / "reference").glob("*.html")}
    for module in PUBLIC:
        for name in import_module(module).__all__:  # some names are in two modules
            has_page = any(f"{one}.{name}" in pages for one in PUBLIC)
            assert has_page, f"{module}.{name} is missing in docs/api.md"


def test_there_are_examples_with_pictures(site: Path) -> None:
    pages = list((site / "examples").rglob("plot_*.html"))
    assert len(pages) >= 15
    for page in pages:
        assert any("sphx_glr" in target for target in Page(page).targets), page.name


def opened(browser: Any, address: str, **options: Any) -> tuple[Any, list[str]]:
    """A page of the browser, and the errors that it will log."""
    page = browser.new_page(**options)
    errors: list[str] = []
    page.on("console", lambda line: errors.append(line.text) if line.type == "error" else None)
    page.on("pageerror", lambda error: errors.append(str(error)))
    page.goto(address)
    return page, errors


def shown_pictures(page: Any) -> int:
    """How many pictures of an example are loaded and visible."""
    widths = "all => all.filter(one => one.checkVisibility()).map(one => one.naturalWidth)"
    return sum(width > 200 for width in page.eval_on_selector_all("article img", widths))


def test_a_browser_shows_front_page_and_search(browser: Any, address: str) -> None:
    page, errors = opened(browser, f"{address}/index.html")
    assert page.inner_text("h1").startswith("pyod-gan")
    assert page.locator("article .sd-card").count() >= 4
    page.goto(f"{address}/search.html?q=threshold")
    page.wait_for_selector("#search-results li a")
    assert "Thresholds" in page.inner_text("#search-results")
    assert errors == []
    page.close()


EXAMPLES = ["tables", "series_and_streams", "choosing_and_explaining"]


@pytest.mark.parametrize("folder", EXAMPLES)
def test_a_browser_shows_examples(browser: Any, site: Path, address: str, folder: str) -> None:
    example = min((site / "examples" / folder).glob("plot_*.html"))
    page, errors = opened(browser, f"{address}/{example.relative_to(site)}")
    assert len(page.inner_text("h1")) > 5
    assert shown_pictures(page) >= 1
    assert errors == []
    page.close()


def test_a_phone_shows_all_texts_of_all_pages(browser: Any, site: Path) -> None:
    look = Path(__file__).with_name("page_faults.js").read_text()
    page = browser.new_page(viewport={"width": 390, "height": 844})
    faults = {}
    for path in sorted(site.rglob("*.html")):
        name = path.relative_to(site)
        if name.parts[0] == "_static":
            continue
        page.goto(path.as_uri(), wait_until="domcontentloaded")
        for theme in ("light", "dark"):
            page.evaluate("theme => { document.documentElement.dataset.theme = theme }", theme)
            if found := page.evaluate(look):
                faults[f"{name}, {theme}"] = found[:3]
        assert page.evaluate("document.documentElement.scrollWidth") <= 390, name
    page.close()
    assert faults == {}


def test_a_dark_system_gets_a_dark_site(browser: Any, address: str) -> None:
    backgrounds = []
    for scheme in ("light", "dark"):
        page, _ = opened(browser, f"{address}/index.html", color_scheme=scheme)
        script = "getComputedStyle(document.body).backgroundColor.match(/[0-9]+/g).map(Number)"
        backgrounds.append(sum(page.evaluate(script)[:3]))
        page.close()
    assert backgrounds[0] > 700 and backgrounds[1] < 150
