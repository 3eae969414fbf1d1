"""Lists of detectors with one thing changed at a time.

``ablation`` asks what game, broad negatives, ensemble size and averaging of weights each do, on
four GANs of three members, to keep the cost low; every game also meets the plain GAN without broad
negatives, where the two depend on each other most. ``parts`` takes the default apart.
``robustness`` halves and doubles its main settings.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from ..harness import detectors
from ..harness.detectors import OURS

MEMBERS = "n_estimators=3"
GANS = ("prototype", "gan", "anogan", "fanogan")
PARTS = (
    "prototype",
    "prototype+max_iter=1+lr=1e-30",  # critics as they were drawn
    "prototype-no-generator",
    "prototype-generated-bank+discrimination_weight=0",  # a generator and no critic
    "prototype-generated-bank",
    "prototype+broad_negatives=False",
    "prototype+n_estimators=1",
    "prototype+discrimination_weight=0",
    "prototype+discrimination_weight=1",
    "prototype-bulk",
    "prototype-gap",
    "prototype-one-bank",
)
ROBUSTNESS = (
    "max_iter",
    "hidden_layer_sizes",
    "n_estimators",
    "lr",
    "batch_size",
    "latent_dim",
    "n_groups",
    "group_size",
    "discrimination_weight",
)


def expand(names: str | None) -> list[str]:
    """Turn the command line's list into names; the tables of this module are lists too."""
    return detectors.expand(names, lists())


def lists() -> dict[str, tuple[str, ...]]:
    """Detector names of each table, for :func:`benchmarks.harness.detectors.expand`."""
    tables = {
        "ablation": (change for gan in GANS for change in _changes(gan)),
        "parts": PARTS,
        "robustness": _halved_and_doubled(),
    }
    return {name: tuple(f"{OURS}:{d}" for d in table) for name, table in tables.items()}


def _halved_and_doubled() -> Iterator[str]:
    """The default, then each setting halved and doubled."""
    from pyod_gan.gans import PrototypeGAN

    defaults = {"n_estimators": PrototypeGAN.n_estimators, **PrototypeGAN().get_params()}
    yield "prototype"
    for name in ROBUSTNESS:
        for factor in (0.5, 2):
            yield f"prototype+{name}={_times(defaults[name], factor)}".replace(" ", "")


def _times(value: Any, factor: float) -> Any:
    """A number, or each of a tuple, times a factor; whole numbers stay whole."""
    if isinstance(value, tuple):
        return tuple(_times(v, factor) for v in value)
    return type(value)(value * factor)


def _changes(gan: str) -> Iterator[str]:
    """The base of one GAN, then each change."""
    from pyod_gan.games import GAMES
    from pyod_gan.gans import get_gan

    spec = get_gan(gan)
    yield f"{gan}+{MEMBERS}"
    yield from (f"{gan}+{MEMBERS}+game={game}" for game in GAMES if game != spec.game)
    yield f"{gan}+{MEMBERS}+broad_negatives={not spec.broad_negatives}"
    if gan == "gan":
        without = f"{gan}+{MEMBERS}+broad_negatives=False"
        yield from (f"{without}+game={game}" for game in GAMES if game != spec.game)
    yield from (f"{gan}+n_estimators={n}" for n in (1, 8))
    yield f"{gan}+{MEMBERS}+ema_decay=0.0"
