"""Lists of detectors with one thing changed at a time.

``ablation`` asks what game, broad negatives, ensemble size and averaging of weights each do, on
four GANs of three members, to keep the cost low; every game also meets the plain GAN without broad
negatives, where the two depend on each other most. ``parts`` takes the default apart.
``robustness`` halves and doubles its main settings.
"""

from __future__ import annotations

from collections.abc import Iterator

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
ROBUSTNESS: dict[str, tuple[object, object]] = {
    "max_iter": (100, 400),
    "hidden_layer_sizes": ((32, 16), (128, 64)),
    "n_estimators": (4, 16),
    "lr": (0.0025, 0.01),
    "batch_size": (32, 128),
    "latent_dim": (8, 32),
    "n_groups": (32, 128),
    "group_size": (4, 16),
    "discrimination_weight": (0.05, 0.2),
}


def lists(ours: str) -> dict[str, tuple[str, ...]]:
    """Detector names of each table.

    Parameters
    ----------
    ours : str
        How names of this project's detector begin.

    Returns
    -------
    dict of str to tuple of str
        For :func:`benchmarks.detectors.expand`.
    """
    tables = {
        "ablation": (change for gan in GANS for change in _changes(gan)),
        "parts": PARTS,
        "robustness": _halved_and_doubled(),
    }
    return {name: tuple(f"{ours}:{d}" for d in table) for name, table in tables.items()}


def _halved_and_doubled() -> Iterator[str]:
    """The default, then each setting halved and doubled."""
    yield "prototype"
    for name, values in ROBUSTNESS.items():
        yield from (f"prototype+{name}={value}".replace(" ", "") for value in values)


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
