"""Learning from new rows: ``partial_fit``."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Protocol, TypeVar

import numpy as np
from numpy.typing import ArrayLike

from .._support.rollback import restored_on_failure
from ..engine.devices import find_device
from ..engine.spec import Settings
from ..engine.training import member_streams
from ..front_ends.batches import in_memory
from ..front_ends.front_end import Rows
from ..gans.registry import get_gan
from ..model import FittedModel, Negatives, continue_model
from .negatives import augmented_rows, other_rows, read_anomalies
from .parameters import all_callbacks, number_of_members, resolve_settings
from .reservoir import renewed
from .thresholds import Scored, use_scores

LEAST_STEPS = 10  # each run begins with new optimisers, which need some steps to settle


class Learning(Scored, Protocol):
    """What ``partial_fit`` uses of the detector."""

    gan: Any
    callbacks: Any
    augmentations: Any
    early_stopping: bool
    n_estimators: int | None
    reservoir_size: int
    random_state: Any
    device: str
    verbose: int
    model_: FittedModel
    history_: list[dict[str, float]]
    n_iter_: int
    n_samples_seen_: int
    steps_due_: float
    n_members_: int
    reservoir_: np.ndarray
    known_anomalies_: np.ndarray

    def fit(self, X: Any, y: Any = None, *, known_anomalies: Any = None) -> Any:
        """Train from the beginning."""

    def get_params(self, deep: bool = True) -> dict[str, Any]:
        """Parameters by name."""

    def _validate_params(self) -> None: ...


D = TypeVar("D", bound=Learning)


class PartialFitMixin:
    """Adds ``partial_fit``."""

    def partial_fit(
        self: D, X: ArrayLike, y: Any = None, *, known_anomalies: ArrayLike | None = None
    ) -> D:
        """Learn new rows, and forget old ones. Before any ``fit`` this is the same as ``fit``.

        The detector keeps a reservoir of ``reservoir_size`` rows and nothing else of the past. New
        rows take the places of random old rows in it. The networks are then trained on the
        reservoir. A whole ``fit`` has ``max_iter`` steps. A call has a share of them, which is the
        share of new rows in the reservoir. Steps are saved up until there are 10. The scaling, what
        the GAN prepares for its score (such as prototypes), the threshold and the labels are found
        again from the reservoir in each call.

        Bad luck in training keeps no row out. A member that diverges goes back to its weights of
        before. Each time ``max_iter`` steps have been done, lost members begin anew: those that
        diverged or collapsed, and those that ``fit`` dropped. They are trained on the reservoir for
        ``max_iter`` steps. If this fails too, the members stay as they were until the next time.

        Changed parameters count from now on. ``n_estimators`` counts when members begin anew.
        Exceptions are ``preprocessing``, and the parameters that made the networks: ``gan``,
        ``hidden_layer_sizes``, ``network`` and ``pairing``.

        Parameters
        ----------
        X : array-like of shape (n_samples, n_features)
            New rows, one or more, with the columns of ``fit`` in the same order.
        y : Ignored
            Present for API consistency.
        known_anomalies : array-like of shape (n_anomalies, n_features), default=None
            Rows that have turned out to be anomalies. They are learnt beside those that were known
            before. Each takes one equal row out of the reservoir.

        Returns
        -------
        self : GANDetector
            The detector. If ``partial_fit`` fails or is interrupted, it stays as it was before.
            Otherwise ``calibrate`` has to be called again.

        Raises
        ------
        ValueError
            If an input cannot be used, if the reservoir has less than 2 rows, or if ``gan``,
            ``hidden_layer_sizes``, ``network`` or ``pairing`` differs from that of the networks.
        TrainingCollapsedError
            As in ``fit``, if there was no ``fit`` before.

        Warns
        -----
        TrainingCollapseWarning
            If members diverged, or begin anew because they collapsed.

        References
        ----------
        Aggarwal, "On Biased Reservoir Sampling in the Presence of Stream Evolution", VLDB 2006.
        """
        if not hasattr(self, "model_"):
            self.fit(X, known_anomalies=known_anomalies)
            return self
        with restored_on_failure(self):
            go_on(self, X, known_anomalies)
        return self


def go_on(detector: Learning, X: Any, known_anomalies: Any = None) -> None:
    """Renew the reservoir of a fitted detector, and train on it when enough steps are due."""
    detector._validate_params()
    params = detector.get_params(deep=False)
    model, seen = detector.model_, detector.n_samples_seen_
    settings = settings_from_now_on(model, params)
    new = model.front_end.read(in_memory(X, "X of `partial_fit`")).values
    found = read_anomalies(model.front_end, known_anomalies)
    known = detector.known_anomalies_
    if len(found):
        known = np.concatenate([known, found])
    remembered = renewed(detector.reservoir_, new, detector.reservoir_size, seen)
    if len(remembered) < 2:
        raise ValueError(
            "`partial_fit` needs at least 2 rows to learn from; the reservoir holds "
            f"{len(remembered)}. Pass more rows, or raise `reservoir_size`."
        )
    remembered = remembered[other_rows(remembered, found)]
    due = detector.steps_due_ + settings.max_iter * min(1.0, len(new) / len(remembered))
    steps = int(due) if due >= LEAST_STEPS else 0
    front_end = model.front_end.rescaled(remembered)
    changed = augmented_rows(detector, settings.network, remembered)
    before, after = detector.n_iter_, detector.n_iter_ + steps
    n_members = number_of_members(model.gan, detector.n_estimators)
    renews = before // settings.max_iter < after // settings.max_iter
    fit = continue_model(
        model,
        settings,
        front_end,
        Rows(front_end.scale(remembered)),
        member_streams(detector.random_state, n_members, after=before),
        all_callbacks(detector.callbacks, detector.early_stopping, detector.verbose),
        find_device(detector.device),
        steps,
        negatives=Negatives(front_end.scale(known), front_end.scale(changed)),
        renews=renews,
        progress=detector.verbose == 1,
    )
    detector.model_ = fit.model
    detector.reservoir_ = remembered
    detector.known_anomalies_ = known
    detector.n_members_ = n_members if renews else detector.n_members_
    detector.n_samples_seen_ = seen + len(new)
    detector.n_iter_ += fit.n_steps
    detector.steps_due_ = due - steps
    if fit.n_steps:
        detector.history_ = fit.history
    use_scores(detector, fit.scores)


def settings_from_now_on(model: FittedModel, params: Mapping[str, Any]) -> Settings:
    """Settings for further training of a fitted model, by the parameters as they are now.

    Raises
    ------
    ValueError
        If a parameter has changed that the networks were made by.
    """
    gan, before = get_gan(params["gan"]), model.settings
    now = resolve_settings(model.gan, params)
    same = {
        "gan": type(gan) is type(model.gan) and gan.get_params() == model.gan.get_params(),
        "hidden_layer_sizes": list(now.hidden_layer_sizes) == list(before.hidden_layer_sizes),
        "network": now.network == before.network,
        "pairing": now.pairing == before.pairing,
    }
    changed = [name for name, is_same in same.items() if not is_same]
    if changed:
        raise ValueError(
            f"`partial_fit` goes on with the networks of `fit`, but {', '.join(changed)} changed "
            "since. Set what it was, or call `fit` to begin anew."
        )
    return now
