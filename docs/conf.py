"""How Sphinx builds the site: ``python -m sphinx -W docs docs/_build/html`` (extra ``docs``)."""

from __future__ import annotations

import inspect
import re
from importlib import import_module
from importlib.metadata import version as installed_version
from pathlib import Path
from typing import Any

import pandas as pd
from sphinx.application import Sphinx
from sphinx_gallery.sorting import ExplicitOrder

import pyod_gan

pd.set_option("display.max_colwidth", None)  # examples show reasons as whole sentences

ROOT = Path(pyod_gan.__file__).parents[1]
REPOSITORY = "https://github.com/pyod-gan/pyod-gan"

project = "pyod-gan"
author = "The pyod-gan developers"
project_copyright = "2026, the pyod-gan developers"
version = release = installed_version("pyod-gan")

extensions = [
    "myst_nb",  # Markdown pages and the tutorial
    "numpydoc",
    "sphinx.ext.autodoc",
    "sphinx.ext.autosummary",
    "sphinx.ext.linkcode",
    "sphinx_copybutton",
    "sphinx_design",
    "sphinx_gallery.gen_gallery",
]
exclude_patterns = ["_build", "_templates", "gallery", "examples/**/*.ipynb"]
templates_path = ["_templates"]

# Pages are Markdown; a link to a heading is written as on GitHub.
myst_enable_extensions = ["colon_fence", "dollarmath"]
myst_heading_anchors = 4
nb_execution_mode = "off"  # the tests run the tutorial; the site shows what it once said
nb_ipywidgets_js = {}  # nothing is loaded from elsewhere

# The reference is made of docstrings.
autosummary_generate = True
toc_object_entries_show_parents = "hide"
autodoc_typehints = "none"
autodoc_inherit_docstrings = True
numpydoc_show_class_members = False
numpydoc_use_plots = False

sphinx_gallery_conf = {
    "examples_dirs": "gallery",
    "gallery_dirs": "examples",
    "filename_pattern": "/plot_",
    "subsection_order": ExplicitOrder(
        [
            "gallery/tables",
            "gallery/choosing_and_explaining",
            "gallery/series_and_streams",
            "gallery/images_texts_audio",
            "gallery/production",
        ]
    ),
    "within_subsection_order": "FileNameSortKey",
    "abort_on_example_error": True,
    "image_srcset": ["2x"],
    "min_reported_time": 30,
    "show_memory": False,
    "remove_config_comments": True,
    "doc_module": ("pyod_gan",),
    "backreferences_dir": "reference/examples",
    "download_all_examples": False,
    "show_signature": False,
    "write_computation_times": False,
}

html_theme = "pydata_sphinx_theme"
html_title = "pyod-gan"
html_static_path = ["_static"]
html_css_files = ["site.css"]
html_logo = html_favicon = "_static/logo.svg"
html_show_sourcelink = False
html_theme_options = {
    "github_url": REPOSITORY,
    "logo": {"text": "pyod-gan"},
    "navbar_align": "left",
    "header_links_before_dropdown": 6,
    "show_prev_next": False,
    "footer_start": ["copyright"],
    "footer_end": [],
}
html_context = {"default_mode": "auto"}
html_sidebars = {"index": []}


def linkcode_resolve(domain: str, info: dict[str, str]) -> str | None:
    """Lead from a name of the reference to its lines in the repository."""
    found: Any = import_module(info["module"])
    for part in info["fullname"].split("."):
        found = getattr(found, part, None)
    found = inspect.unwrap(getattr(found, "fget", None) or found)
    try:
        lines, first = inspect.getsourcelines(found)
        path = Path(inspect.getsourcefile(found) or "").relative_to(ROOT)
    except (TypeError, OSError, ValueError):  # no source, or it is not ours
        return None
    return f"{REPOSITORY}/blob/main/{path.as_posix()}#L{first}-L{first + len(lines) - 1}"


def lead_to_the_repository(app: Sphinx, name: str, source: list[str]) -> None:
    """Let links to files beside ``docs/`` lead to the repository."""
    source[0] = re.sub(r"\]\(\.\./([^)]+)\)", rf"]({REPOSITORY}/blob/main/\1)", source[0])


def lead_from_the_root(app: Sphinx, path: Path, name: str, source: list[str]) -> None:
    """Let the links of an included page of the root lead to pages of the site."""
    source[0] = (
        source[0].replace("](docs/", "](").replace("](.ci/", f"]({REPOSITORY}/blob/main/.ci/")
    )


def of_others(
    app: Sphinx, kind: str, name: str, member: Any, skip: bool, options: Any
) -> bool | None:
    """Leave out what a class inherits from other packages: their own pages describe it."""
    home = getattr(getattr(member, "fget", member), "__module__", None) or "pyod_gan"
    return None if home.startswith("pyod_gan") else True


def setup(app: Sphinx) -> dict[str, Any]:
    """Connect what is ours."""
    app.connect("source-read", lead_to_the_repository)
    app.connect("include-read", lead_from_the_root)
    app.connect("autodoc-skip-member", of_others)
    return {"parallel_read_safe": True, "parallel_write_safe": True}
