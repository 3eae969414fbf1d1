"""The critic that was trained on other tables: a small network that weighs the views of a row."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping
from dataclasses import dataclass, fields
from importlib.metadata import version
from pathlib import Path
from typing import Any

import numpy as np
from safetensors import safe_open
from safetensors.numpy import save_file

from .checked_arrays import check_arrays
from .table_views import VIEWS

SHIPPED = Path(__file__).with_name("pretrained_critic.safetensors")
DIGEST = "10e34923738747b51b325cd0e025934cbb21a8785ec923a733e4f40e3906f980"  # of the shipped file
CEILING = 2.0  # height above which the network does not look
SLOPE = 5.0  # growth of the score with the mean height above the ceiling
OWN = ("critic of the table",)  # views of the table's own GAN, after those of VIEWS
Array = np.ndarray


@dataclass(frozen=True, kw_only=True, eq=False)
class PretrainedCritic:
    """Weights of a network of two hidden layers of H units with ReLU.

    Its inputs are the tails and the heights of the V views, and the heights of K views of the
    table's own GAN. Heights enter the network up to a ceiling. What they exceed it by is added to
    the score, so that no distance is far enough to look normal.
    """

    w1: Array  # (2 V + K, H)
    b1: Array  # (H,)
    w2: Array  # (H, H)
    b2: Array  # (H,)
    w3: Array  # (H,)
    b3: Array  # ()

    @classmethod
    def silent(cls) -> PretrainedCritic:
        """A critic without units, which says only how far heights are above the ceiling."""
        shapes = cls.shapes(2 * len(VIEWS) + len(OWN), 0)
        return cls(**{name: np.zeros(shape) for name, shape in shapes.items()})

    def to_arrays(self) -> dict[str, Array]:
        """The weights by name, in double precision."""
        return {field.name: getattr(self, field.name) for field in fields(self)}

    @classmethod
    def from_arrays(cls, arrays: Mapping[str, Array]) -> PretrainedCritic:
        """Make a critic of :meth:`to_arrays`.

        Raises
        ------
        ValueError
            If the weights are not those of such a network.
        """
        sizes = cls.shapes(2 * len(VIEWS) + len(OWN), np.size(arrays.get("b1", 0)))
        return cls(**check_arrays(arrays, {name: (of, np.float64) for name, of in sizes.items()}))

    @staticmethod
    def shapes(n_in: int, n_units: int) -> dict[str, tuple[int, ...]]:
        """Shapes of the weights, of a network of ``n_in`` inputs."""
        return {
            "w1": (n_in, n_units),
            "b1": (n_units,),
            "w2": (n_units, n_units),
            "b2": (n_units,),
            "w3": (n_units,),
            "b3": (),
        }

    def save(self, path: Path, about: Mapping[str, Any]) -> str:
        """Write the weights in single precision, and return the SHA-256 of the file.

        ``about`` is what is to be known of the training; it is kept in the file.
        """
        said = {"views": views_in_words(), "written_by": version("pyod-gan"), **about}
        arrays = {name: np.asarray(a, np.float32) for name, a in self.to_arrays().items()}
        save_file(arrays, path, {"pyod_gan": json.dumps(said)})
        return digest_of(path)

    @classmethod
    def load(cls, path: Path | str | None = None) -> PretrainedCritic:
        """Read a critic that was written by :meth:`save`, by default the one that is shipped.

        Raises
        ------
        FileNotFoundError
            If there is no such file.
        ValueError
            If the file is damaged, is no critic, or weighs other views than this version has.
        """
        path = SHIPPED if path is None else Path(path)
        if not path.is_file():
            raise FileNotFoundError(f"There is no pre-trained critic in {path}.")
        if path == SHIPPED and digest_of(path) != DIGEST:
            raise ValueError(f"{path} is not the file of this version. Install pyod-gan again.")
        try:
            with safe_open(path, framework="np") as file:
                said = json.loads((file.metadata() or {}).get("pyod_gan", "null"))
                arrays = {name: file.get_tensor(name) for name in file.keys()}  # noqa: SIM118
        except Exception as error:  # a damaged file can raise many kinds
            raise ValueError(f"{path} is no whole safetensors file ({error}).") from error
        if not isinstance(said, dict) or said.get("views") != views_in_words():
            raise ValueError(
                f"{path} was not made for the views of this version. Make it again by "
                "`python -m benchmarks pretrain`."
            )
        return cls.from_arrays({name: array.astype(np.float64) for name, array in arrays.items()})


def views_in_words() -> list[str]:
    """Names of the views in the order of the critic's inputs."""
    return [*map(str, VIEWS), *OWN]


def digest_of(path: Path) -> str:
    """SHA-256 of a file."""
    return hashlib.sha256(path.read_bytes()).hexdigest()
