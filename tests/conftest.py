"""Fixtures that many tests share."""

from __future__ import annotations

import os
import shutil
from collections.abc import Callable, Iterator
from functools import cache
from pathlib import Path
from typing import Any

# Small matrix products: one thread each, also in worker processes.
os.environ.setdefault("OMP_NUM_THREADS", "1")

# Each worker process has compiled code of its own. Where two write numba's cache of one gufunc, as
# librosa has, at the same time, either can crash on what it reads.
if worker := os.environ.get("PYTEST_XDIST_WORKER"):
    own = Path(__file__).parent.parent / ".pytest_cache" / "numba" / worker
    os.environ.setdefault("NUMBA_CACHE_DIR", str(own))

import numpy as np
import pytest
from hypothesis import HealthCheck, settings
from sklearn.datasets import load_breast_cancer

from pyod_gan import GAN, USAD, GANDetector, GANomaly
from pyod_gan.gans import BaseGAN
from tests.helpers import FAMILY, QUICK, Labelled, table

# The same examples every time, and no time limits. ``--hypothesis-profile long`` tries many more.
SAME = {"deadline": None, "derandomize": True, "suppress_health_check": [HealthCheck.too_slow]}
settings.register_profile("usual", max_examples=500, **SAME)
settings.register_profile("long", max_examples=10_000, **SAME)
settings.load_profile("usual")


@pytest.fixture(params=FAMILY, ids=lambda gan: gan.__name__)
def gan_class(request: pytest.FixtureRequest) -> type[BaseGAN]:
    """Every GAN of the registry in turn."""
    return request.param


SHARES_FITS = ("cli", "display", "modalities", "persist")  # folders whose tests run file by file


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Tests of every GAN are the contract: ``-m contract``. Those of one GAN run in one process.

    So do the tests of a file whose tests read the same fitted detectors. What is left comes last,
    and is shared out one by one.
    """
    order = {}
    for item in items:
        place = item.path.relative_to(item.config.rootpath).parts
        if "gan_class" in getattr(item, "fixturenames", ()):
            item.add_marker(pytest.mark.contract)
            item.add_marker(pytest.mark.xdist_group(item.callspec.params["gan_class"].__name__))
            order[item] = 0
        elif place[0] == "tests" and place[1] in SHARES_FITS:
            item.add_marker(pytest.mark.xdist_group("/".join(place)))
            order[item] = 1
        else:  # those of one group, such as the site, are long
            order[item] = 1 if item.get_closest_marker("xdist_group") else 2
    items.sort(key=order.__getitem__)


Fit = Callable[..., GANDetector]


@pytest.fixture(scope="session")
def fitted() -> Fit:
    """Full-length fits; each is made once in a session, and only to be read.

    ``fitted(gan_class, data, seed)`` fits the first part of ``data(seed)``, a function of
    :mod:`tests.helpers`. Two members keep the suite short; GANs whose members differ more need
    three to reach the floors.
    """

    @cache
    def fit(gan_class: type[BaseGAN], data: Callable[[int], Labelled], seed: int) -> GANDetector:
        members = 3 if gan_class in (GAN, USAD, GANomaly) else 2
        detector = GANDetector(gan_class(), n_estimators=members, random_state=seed)
        return detector.fit(data(seed)[0])

    return fit


@pytest.fixture(scope="session")
def quick() -> Fit:
    """``quick(gan_class)``: a fit of 20 steps on ``table()``, made once and only to be read."""

    @cache
    def fit(gan_class: type[BaseGAN]) -> GANDetector:
        return GANDetector(gan_class(), **QUICK).fit(table())

    return fit


@pytest.fixture(scope="session")
def cancer() -> tuple[np.ndarray, np.ndarray]:
    """ODDS's wbc recipe on real data: 357 benign rows and 21 of the malignant, in random order."""
    X, benign = load_breast_cancer(return_X_y=True)
    keep = np.r_[np.flatnonzero(benign == 1), np.flatnonzero(benign == 0)[:21]]
    keep = np.random.RandomState(0).permutation(keep)
    return X[keep], 1 - benign[keep]


@pytest.fixture(scope="session")
def odds_folder() -> Path:
    """The folder that PYOD_GAN_DATA names; tests that need it are skipped without."""
    folder = os.environ.get("PYOD_GAN_DATA")
    if not folder:
        pytest.skip("set PYOD_GAN_DATA to a folder with ODDS files to run this test")
    return Path(folder)


@pytest.fixture(scope="module")
def browser() -> Iterator[Any]:
    """Chromium or Chrome, driven by playwright. Tests that need it are skipped without.

    It is of one module, because an event loop of playwright's runs until the browser is closed, and
    no other can run beside it in this thread.
    """
    playwright = pytest.importorskip("playwright.sync_api", reason="needs playwright")
    names = ("chromium", "chromium-browser", "google-chrome", "google-chrome-stable")
    path = next(filter(None, map(shutil.which, names)), None)
    if path is None:
        pytest.skip("needs Chromium or Chrome")
    with playwright.sync_playwright() as started:
        opened = started.chromium.launch(executable_path=path, args=["--no-sandbox"])
        yield opened
        opened.close()
