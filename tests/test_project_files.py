"""pyproject.toml, the pins, the README and the checks before a commit say the same."""

from __future__ import annotations

import re
import tomllib
from pathlib import Path

ROOT = Path(__file__).parent.parent
PROJECT = tomllib.loads((ROOT / "pyproject.toml").read_text())
BUILD = PROJECT["tool"]["hatch"]


def pins(name: str) -> dict[str, str]:
    """Versions of a file of pins by normalised name."""
    lines = re.findall(r"^([\w.-]+)==(\S+)$", (ROOT / ".ci" / name).read_text(), re.M)
    return {normalised(package): version for package, version in lines}


def normalised(package: str) -> str:
    return re.sub(r"[-_.]+", "-", package).lower()


def lower_bounds() -> dict[str, str]:
    """Lower bounds of all dependencies, also of the extras."""
    project = PROJECT["project"]
    groups = [project["dependencies"], *project["optional-dependencies"].values()]
    found = [re.fullmatch(r"([\w-]+)>=([\d.]+)", one) for group in groups for one in group]
    return {normalised(one[1]): one[2] for one in found if one}


def test_the_package_page_has_absolute_links_that_lead_somewhere() -> None:
    readme = (ROOT / "README.md").read_text()
    for change in BUILD["metadata"]["hooks"]["fancy-pypi-readme"]["substitutions"]:
        readme = re.sub(change["pattern"], change["replacement"], readme)
    targets = re.findall(r"\]\(([^)\s]+)\)", readme)
    assert [target for target in targets if not target.startswith("https://")] == []
    ours = (
        r"https://(?:raw\.githubusercontent|github)\.com/pyod-gan/pyod-gan/(?:blob/)?main/([^#]+)"
    )
    paths = [found[1] for target in targets if (found := re.match(ours, target))]
    assert "docs/images/ranks-contaminated.png" in paths and "CHANGELOG.md" in paths
    for path in paths:
        assert (ROOT / path).exists(), path


def test_the_oldest_versions_are_the_lower_bounds() -> None:
    oldest = pins("oldest.txt")
    for package, bound in lower_bounds().items():
        assert f"{oldest[package]}.".startswith(f"{bound}."), package


def test_every_dependency_has_a_tested_version() -> None:
    assert set(lower_bounds()) <= set(pins("constraints.txt"))


def test_the_readme_names_the_lower_bounds() -> None:
    rows = dict(
        re.findall(
            r"^\| ([\w-]+) \| ([\d.]+) \| [\d.]+ \|$", (ROOT / "README.md").read_text(), re.M
        )
    )
    bounds = lower_bounds() | {"python": PROJECT["project"]["requires-python"].removeprefix(">=")}
    named = {"Python": "python", "PyTorch": "torch", "scikit-learn": "scikit-learn", "PyOD": "pyod"}
    assert rows == {name: bounds[package] for name, package in named.items()}


def test_checks_before_a_commit_have_the_pinned_versions() -> None:
    tested = pins("constraints.txt")
    used = re.findall(r"\[([\w-]+)==([\d.]+)\]", (ROOT / ".pre-commit-config.yaml").read_text())
    assert used
    assert {(package, tested[package]) for package, _ in used} == set(used)


def test_the_workflow_runs_on_every_supported_python() -> None:
    workflow = (ROOT / ".github/workflows/ci.yml").read_text()
    says = "Programming Language :: Python :: 3."
    supported = [
        c.rpartition(" ")[2] for c in PROJECT["project"]["classifiers"] if c.startswith(says)
    ]
    assert f"python: {supported!s}".replace("'", '"') in workflow
