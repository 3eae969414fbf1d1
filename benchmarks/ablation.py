"""What game, broad negatives, ensemble size and averaging of weights each do, on four GANs.

One thing is changed at a time, from a base of three members to keep the cost low; every game also
meets the plain GAN without broad negatives, where the two depend on each other most.
"""

from __future__ import annotations

from collections.abc import Iterator

MEMBERS = "n_estimators=3"
GANS = ("prototype", "gan", "anogan", "fanogan")


def names(ours: str) -> tuple[str, ...]:
    """Detector names of the whole table.

    Parameters
    ----------
    ours : str
        How names of this project's detector begin.

    Returns
    -------
    tuple of str
        For :func:`benchmarks.detectors.expand`.
    """
    return tuple(f"{ours}:{change}" for gan in GANS for change in _changes(gan))


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
