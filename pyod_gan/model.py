"""The fitted model: everything that scores a row, and nothing of the estimator."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any, NamedTuple

import numpy as np
import torch

from ._support.own_settings import own_settings
from .engine.callbacks import Callback
from .engine.combination import Judge, Units, combine, find_units, in_units
from .engine.networks import Networks
from .engine.row_source import ArrayRows
from .engine.scoring import chunk_rows, member_scores
from .engine.spec import BaseGAN, Settings
from .engine.threads import on_one_thread
from .engine.training import Trained, build, continue_members, fit_members, member_streams
from .front_ends.batches import Part, concatenated, map_parts
from .front_ends.front_end import FrontEnd, Rows


@dataclass
class FittedModel:
    """A front end and the trained networks of an ensemble.

    A user's data X goes through :meth:`rows`, :meth:`member_scores` and
    :func:`~pyod_gan.engine.combination.combine` to scores. There is no other way. Explanations,
    files, exports, thresholds and pictures only read a model. Nothing changes it except :meth:`to`.

    Parameters
    ----------
    gan : BaseGAN
        The GAN spec that was fitted.
    settings : Settings
        Its training settings.
    networks : Networks
        Networks and buffers of the members that are left, in double precision.
    front_end : FrontEnd
        Turns a user's data into rows.
    units : Units
        Centre and scale of each member's training scores.
    judge : Judge or None
        What weighs the views of a row, if the GAN has one. Otherwise the largest view counts.
    """

    gan: BaseGAN
    settings: Settings
    networks: Networks
    front_end: FrontEnd
    units: Units
    judge: Judge | None = None

    @property
    def n_members(self) -> int:
        """Number of members E."""
        return self.networks.n_members

    def to(self, device: torch.device) -> FittedModel:
        """Move the networks to a device, and return this model."""
        if self.networks.reference.device != device:
            self.networks.to(device)
        return self

    @own_settings()
    def rows(self, X: Any) -> np.ndarray:
        """A user's data as the networks see it, (n, D) float32.

        Raises
        ------
        ValueError
            If the data is not as it was in ``fit``.
        """
        return self.front_end.rows(X).values

    def member_scores(self, rows: np.ndarray, *, progress: bool = False) -> np.ndarray:
        """Scores of rows by every member, chunk by chunk, (n, D) -> (E, n, V) float64."""
        return _member_scores(self.gan, self.networks, rows, progress)

    @own_settings()
    def scores(self, X: Any, *, progress: bool = False) -> np.ndarray:
        """Scores of a user's data, higher = more anomalous, (n,) float64."""

        def of_part(part: Part) -> np.ndarray:
            values, owner = self.front_end.rows(part.rows)
            return self.front_end.pool(self.row_scores(values, progress=progress), owner)

        return concatenated(map_parts(of_part, X, "score" if progress else ""))

    @own_settings()
    def row_scores(self, rows: np.ndarray, *, progress: bool = False) -> np.ndarray:
        """Scores of rows as the networks see them, (n, D) -> (n,)."""
        by_member = self.member_scores(rows, progress=progress)
        return combine(by_member, self.units, rows, self.judge)

    @own_settings()
    def views(self, rows: np.ndarray) -> np.ndarray:
        """Views of rows in units of training scores, means over members, (n, D) -> (n, V)."""
        return np.asarray(in_units(self.member_scores(rows), self.units).mean(axis=0))

    @own_settings()
    def expected(self, rows: np.ndarray) -> np.ndarray:
        """Rows that were expected in place of rows, K opinions, (n, D) -> (K, n, D)."""
        if self.judge is not None:
            return self.judge.expected(rows)
        x = torch.from_numpy(rows).to(self.networks.reference)
        with torch.no_grad():
            opinions = self.gan.expected(self.networks, x.expand(self.n_members, -1, -1))
        return np.asarray(opinions.cpu().numpy())

    def misfits(self, rows: np.ndarray) -> np.ndarray:
        """Distances of values from the mean of what was expected, chunk by chunk, (n, D)."""
        size = chunk_rows(self.expected(rows[:1]).size + self.gan.floats_per_row(self.networks))

        def of_chunks() -> list[np.ndarray]:
            chunks = (rows[i : i + size] for i in range(0, len(rows), size))
            return [np.abs(chunk - self.expected(chunk).mean(axis=0)) for chunk in chunks]

        return np.concatenate(on_one_thread(self.networks, of_chunks))

    def to_arrays(self) -> dict[str, np.ndarray]:
        """Return everything learnt as arrays that hold no class; see :meth:`from_arrays`."""
        arrays = {f"networks.{name}": a for name, a in self.networks.to_arrays().items()}
        arrays |= {f"units.{name}": a for name, a in self.units._asdict().items()}
        if self.judge is not None:
            arrays |= {f"judge.{name}": a for name, a in self.judge.to_arrays().items()}
        return arrays | self.front_end.to_arrays()

    @classmethod
    @own_settings()
    def from_arrays(
        cls,
        arrays: Mapping[str, np.ndarray],
        gan: BaseGAN,
        settings: Settings,
        front_end: FrontEnd,
    ) -> FittedModel:
        """Make a model from :meth:`to_arrays` and a front end that was made from the same arrays.

        Raises
        ------
        ValueError, KeyError, TypeError
            If the arrays do not fit the GAN and its settings.
        """
        networks = _part(arrays, "networks.")
        units = Units(**_part(arrays, "units."))
        net = _load(networks, gan, settings, len(front_end.outputs))
        judge = gan.load_judge(_part(arrays, "judge."))
        return cls(gan, settings, net, front_end, units, judge)

    @own_settings()
    def split(self, members: Sequence[int]) -> FittedModel:
        """Make a model of some of the members, by their numbers. This model keeps all members.

        Raises
        ------
        ValueError
            If there is no such member, or if members depend on each other (``pairing="all"``).
        """
        self._check_independent()
        chosen = list(members)
        if not chosen or not set(chosen) <= set(range(self.n_members)):
            raise ValueError(
                f"`members` must be numbers from 0 to {self.n_members - 1}, at least one. Got "
                f"{chosen} instead."
            )
        units = Units(*(unit[chosen] for unit in self.units))
        return replace(self, networks=self.networks.of(chosen), units=units)

    @own_settings()
    def join(self, *others: FittedModel) -> FittedModel:
        """Make a model of these members, followed by the members of ``others``.

        All models must be trained on the same rows. The new model scores, bit for bit, as a model
        whose members were never apart.

        Raises
        ------
        ValueError
            If a model has another GAN, other settings, another front end, or members that depend
            on each other (``pairing="all"``).
        """
        models = (self, *others)
        for model in models:
            model._check_independent()
        for other in others:
            if other._identity() != self._identity():
                raise ValueError(
                    "Models can be joined where they have the same GAN, settings and front end. "
                    f"Got {other.gan!r} beside {self.gan!r}. Train all on rows scaled alike."
                )
        networks = self.networks.joined_with([other.networks for other in others])
        parts = zip(*(model.units for model in models), strict=True)
        return replace(self, networks=networks, units=Units(*map(np.concatenate, parts)))

    def _check_independent(self) -> None:
        """Raise a ValueError if a member's score depends on the critics of other members."""
        if self.networks.all_pairs:
            raise ValueError(
                "Members can be split and joined where they do not depend on each other. These "
                "were trained with pairing='all'; use pairing='one'."
            )

    def _identity(self) -> tuple[Any, ...]:
        """Values that must be equal in models that are joined."""
        front_end = {name: array.tobytes() for name, array in self.front_end.to_arrays().items()}
        front_end.pop("encoder", None)  # its bytes hold memory addresses
        judge = {} if self.judge is None else self.judge.to_arrays()
        judged = {name: array.tobytes() for name, array in judge.items()}
        gan = (type(self.gan), repr(self.gan.get_params()))
        return (*gan, repr(self.settings), self.front_end.names, front_end, judged)

    def __getstate__(self) -> dict[str, Any]:
        """Return the state for pickles, which holds arrays and no class of torch."""
        return {**vars(self), "networks": self.networks.to_arrays()}

    @own_settings()
    def __setstate__(self, state: dict[str, Any]) -> None:
        n_columns = len(state["front_end"].outputs)
        networks = _load(state["networks"], state["gan"], state["settings"], n_columns)
        self.__dict__.update(state | {"networks": networks})


@dataclass(frozen=True)
class Fit:
    """A new model, with the scores and the history of its training."""

    model: FittedModel
    scores: np.ndarray  # (n,) scores of the training samples
    history: list[dict[str, float]]  # see Trainer
    n_steps: int


class Negatives(NamedTuple):
    """Scaled rows that are not normal. Critics learn to reject them."""

    anomalies: np.ndarray  # (k, D) known anomalies, which a judge learns from, too
    augmented: np.ndarray  # (a, D) changed training rows

    @classmethod
    def none(cls, rows: Rows) -> Negatives:
        """Make negatives for training rows that have none."""
        return cls(rows.values[:0], rows.values[:0])


@own_settings()
def fit_model(
    gan: BaseGAN,
    settings: Settings,
    front_end: FrontEnd,
    rows: Rows,
    streams: Sequence[torch.Generator],
    callbacks: Sequence[Callback],
    device: torch.device,
    *,
    negatives: Negatives | None = None,
    start: Networks | None = None,
    n_jobs: int | None = None,
    progress: bool = False,
) -> Fit:
    """Train an ensemble on the scaled rows of a fitted front end, and score them.

    ``negatives`` are further scaled rows. For ``start`` and ``n_jobs`` see
    :func:`~pyod_gan.engine.training.fit_members`.

    Raises
    ------
    ValueError
        If the parts of the GAN do not fit together, or if ``start`` has networks of other sizes.
    TrainingCollapsedError
        If no member could be trained.
    """
    negatives = negatives or Negatives.none(rows)
    source = _source(rows, negatives, device)
    trained = fit_members(gan, source, settings, streams, callbacks, start, n_jobs)
    return _scored(gan, settings, front_end, rows, negatives, trained, progress)


@own_settings()
def continue_model(
    model: FittedModel,
    settings: Settings,
    front_end: FrontEnd,
    rows: Rows,
    streams: Sequence[torch.Generator],
    callbacks: Sequence[Callback],
    device: torch.device,
    n_steps: int,
    *,
    renews: bool,
    negatives: Negatives | None = None,
    progress: bool = False,
) -> Fit:
    """Train the ensemble of a fitted model further, and score its new rows.

    ``negatives`` are as in :func:`fit_model`. For ``n_steps`` and ``renews`` see
    :func:`~pyod_gan.engine.training.continue_members`.

    Raises
    ------
    ValueError
        If the parts of the GAN do not fit together.
    """
    gan, negatives = model.gan, negatives or Negatives.none(rows)
    source = _source(rows, negatives, device)
    trained = continue_members(
        gan, source, settings, streams, callbacks, model.networks, n_steps, renews=renews
    )
    return _scored(gan, settings, front_end, rows, negatives, trained, progress)


def _source(rows: Rows, negatives: Negatives, device: torch.device) -> ArrayRows:
    """Scaled rows and negatives on a device, to train on."""
    first, *pools = (torch.from_numpy(values).to(device) for values in (rows.values, *negatives))
    return ArrayRows(first, pools)


def _scored(
    gan: BaseGAN,
    settings: Settings,
    front_end: FrontEnd,
    rows: Rows,
    negatives: Negatives,
    trained: Trained,
    progress: bool,
) -> Fit:
    """Find the units of a trained ensemble, and score the rows that it was trained on."""
    values, owner = rows
    by_member = _member_scores(gan, trained.networks, values, progress)
    units = find_units(by_member)
    judge = gan.judge(values, negatives.anomalies)
    model = FittedModel(gan, settings, trained.networks, front_end, units, judge)
    scores = front_end.pool(combine(by_member, units, values, judge), owner)
    return Fit(model, scores, trained.history, trained.n_steps)


def _member_scores(gan: BaseGAN, net: Networks, rows: np.ndarray, progress: bool) -> np.ndarray:
    """Scores of rows in memory by every member, (n, D) -> (E, n, V)."""
    source = ArrayRows(torch.from_numpy(rows))
    return on_one_thread(net, lambda: member_scores(gan, net, source, progress=progress))


def _part(arrays: Mapping[str, np.ndarray], prefix: str) -> dict[str, np.ndarray]:
    """Select arrays whose names begin with a prefix, and name them by the rest of their names."""
    return {n.removeprefix(prefix): a for n, a in arrays.items() if n.startswith(prefix)}


def _load(
    arrays: Mapping[str, np.ndarray], gan: BaseGAN, settings: Settings, n_columns: int
) -> Networks:
    """Make networks from their arrays, which have all the weights that are needed."""
    n_members = len(next(iter(arrays.values())))
    n_weights = sum(array.size for array in arrays.values())
    net = build(gan, n_columns, settings, member_streams(0, n_members), n_weights)
    return net.load_arrays(arrays)
