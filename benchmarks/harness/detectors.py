"""Names of the compared detectors; every one runs at its defaults, the same on every data set.

``GANDetector`` is this project's default. ``GANDetector:alad`` is ``GANDetector(gan="alad")``, and
so on for each GAN and for each spec of :mod:`benchmarks.peers.ablated`.
``GANDetector:alad+game=hinge+n_estimators=1`` sets parameters of the estimator or of the GAN. Names
that begin with ``PyOD-`` are PyOD's own GANs: as shipped, and repaired
(:mod:`benchmarks.peers.pyod_gans`). All others are PyOD's detectors and ``NearestPrototype``. Those
of ``LABELLED`` need known anomalies, so they are for the protocols ``known-1`` to ``known-10``.
"""

from __future__ import annotations

import ast
import inspect
import re
from collections.abc import Callable, Mapping, Sequence
from importlib import import_module
from typing import TYPE_CHECKING, Any

import numpy as np
from pyod.models.base import BaseDetector

if TYPE_CHECKING:
    from pyod_gan import GANDetector

OURS = "GANDetector"

PEERS = {
    "IForest": "pyod.models.iforest:IForest",
    "KNN": "pyod.models.knn:KNN",
    "LOF": "pyod.models.lof:LOF",
    "MCD": "pyod.models.mcd:MCD",
    "CBLOF": "pyod.models.cblof:CBLOF",
    "ECOD": "pyod.models.ecod:ECOD",
    "OCSVM": "pyod.models.ocsvm:OCSVM",
    "AutoEncoder": "pyod.models.auto_encoder:AutoEncoder",
    "VAE": "pyod.models.vae:VAE",
    "LUNAR": "pyod.models.lunar:LUNAR",
    "NearestPrototype": "benchmarks.peers.nearest_prototype:NearestPrototype",
    "PyOD-ALAD": "pyod.models.alad:ALAD",
    "PyOD-ALAD-repaired": "benchmarks.peers.pyod_gans:RepairedALAD",
    "PyOD-AnoGAN": "pyod.models.anogan:AnoGAN",
    "PyOD-AnoGAN-repaired": "benchmarks.peers.pyod_gans:RepairedAnoGAN",
    "PyOD-SO_GAAL": "pyod.models.so_gaal:SO_GAAL",
    "PyOD-SO_GAAL-repaired": "benchmarks.peers.pyod_gans:RepairedSOGAAL",
    "PyOD-MO_GAAL": "pyod.models.mo_gaal:MO_GAAL",
    "PyOD-MO_GAAL-repaired": "benchmarks.peers.pyod_gans:RepairedMOGAAL",
}

LABELLED = {
    "DevNet": "pyod.models.devnet:DevNet",
    "DevNet-repaired": "benchmarks.peers.labelled:RepairedDevNet",
    "XGBOD": "pyod.models.xgbod:XGBOD",  # needs xgboost
}

SLOW = {name for name in PEERS if name.startswith("PyOD-") and "SO_GAAL" not in name} | {"VAE"}
DEFAULT = (OURS, *(name for name in PEERS if name not in SLOW))


def is_ours(name: str) -> bool:
    """Whether a name stands for this project's detector, which scales its columns itself."""
    return re.split("[:+]", name)[0] == OURS


def chosen(
    names: str | None, default: Sequence[str], is_known: Callable[[str], bool], more: str
) -> list[str]:
    """Turn the command line's list into names of detectors of other data. None is the default.

    Raises
    ------
    ValueError
        If a name is unknown. ``more`` stands for known names that are not in the default.
    """
    wanted = names.split(",") if names else list(default)
    unknown = [name for name in wanted if not is_known(name)]
    if unknown:
        known = ", ".join([*default, more])
        raise ValueError(f"Unknown detector: {', '.join(unknown)}. Known: {known}.")
    return wanted


def expand(names: str | None, more_lists: Mapping[str, tuple[str, ...]] | None = None) -> list[str]:
    """Turn the command line's list into names.

    ``default``, ``all`` and ``family`` stand for lists of names.

    Parameters
    ----------
    names : str or None
        Names separated by commas; None means ``default``.
    more_lists : mapping of str to tuple of str, or None
        What other words stand for.

    Returns
    -------
    list of str
        Names without repetition.

    Raises
    ------
    ValueError
        If a name, or the GAN or a parameter in it, is unknown.
    """
    from pyod_gan.gans import GANS

    family = (f"{OURS}:{gan}" for gan in GANS if gan != "auto")
    lists = {"default": DEFAULT, "all": (OURS, *PEERS), "family": tuple(family)}
    lists |= more_lists or {}
    chosen: dict[str, None] = {}
    for name in re.split(r",(?![^(]*\))", names or "default"):  # a tuple keeps its commas
        chosen.update(dict.fromkeys(lists.get(name, (name,))))
    unknown = [name for name in chosen if name not in PEERS | LABELLED and not is_ours(name)]
    if unknown:
        known = ", ".join([OURS, f"{OURS}:<gan>", *PEERS, *LABELLED])
        raise ValueError(f"Unknown detector: {', '.join(unknown)}. Known: {known}.")
    for name in filter(is_ours, chosen):
        _ours(name, 0)
    return list(chosen)


def make(name: str, seed: int) -> BaseDetector:
    """Build a detector at its defaults, seeded where it can be.

    Parameters
    ----------
    name : str
        One of the names above.
    seed : int
        Passed as ``random_state`` to detectors that have one.

    Returns
    -------
    BaseDetector
        Not fitted.
    """
    if is_ours(name):
        return _ours(name, seed)
    module, _, attribute = (PEERS | LABELLED)[name].partition(":")
    detector = getattr(import_module(module), attribute)
    seeded = "random_state" in inspect.signature(detector).parameters
    return detector(random_state=seed) if seeded else detector()


def fit(name: str, detector: BaseDetector, X: np.ndarray, known: np.ndarray | None) -> None:
    """Fit a detector on rows, and on known anomalies (k, D) if it can learn from them.

    Raises
    ------
    ValueError
        If there are no known anomalies, and the detector needs some.
    """
    if name in LABELLED:
        if known is None or not len(known):
            raise ValueError(f"{name} needs known anomalies: run it under known-1 to known-10")
        detector.fit(np.vstack([X, known]), np.repeat([0, 1], [len(X), len(known)]))
    elif known is not None and is_ours(name):
        detector.fit(X, known_anomalies=known)
    else:
        detector.fit(X)


def _ours(name: str, seed: int) -> GANDetector:
    """Read ``GANDetector:<gan>+<parameter>=<value>+...``."""
    from pyod_gan import GANDetector
    from pyod_gan.gans import get_gan

    from ..peers.ablated import ABLATED

    gan_name, *changes = name.removeprefix(OURS).removeprefix(":").split("+")
    ablated = ABLATED.get(gan_name)
    gan = ablated() if ablated else get_gan(gan_name or "auto")
    estimator = GANDetector(random_state=seed)
    for change in changes:
        parameter, _, text = change.partition("=")
        for owner in (estimator, gan):
            if parameter in owner.get_params(deep=False):
                owner.set_params(**{parameter: _value(text)})
                break
        else:
            raise ValueError(f"Neither {type(gan).__name__} nor {OURS} has {parameter!r}: {name}.")
    return estimator.set_params(gan=gan)


def _value(text: str) -> Any:
    """Read a number, a tuple, a boolean, or else a word."""
    try:
        return ast.literal_eval(text)
    except (ValueError, SyntaxError):
        return text
