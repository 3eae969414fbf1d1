"""Learning from rows: all at once in ``fit``, or going on with new ones."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any, TypeVar

import numpy as np
from numpy.typing import ArrayLike

from .ensemble import combine, find_units
from .fitting import fit_members, member_generators
from .gans import Settings, get_gan
from .inputs import weights
from .nets import Networks
from .parameters import all_callbacks, find_device, resolve_settings, restored_on_failure
from .preprocessing import TableScaler
from .reservoir import renewed
from .serving import ServedDetector

if TYPE_CHECKING:
    import torch

LEAST_STEPS = 10  # each run begins with fresh optimisers, which fewer steps do not settle

Self = TypeVar("Self", bound="LearningDetector")


class LearningDetector(ServedDetector):
    """Adds ``partial_fit``, and what it shares with ``fit``."""

    def partial_fit(self: Self, X: ArrayLike, y: Any = None) -> Self:
        """Go on with new rows, and forget old ones; before any ``fit``, the same as ``fit``.

        A reservoir of ``reservoir_size`` rows, in which new rows take the places of random old
        ones, is all that is kept of the past. The networks are trained on it for as many steps, of
        those of a whole ``fit``, as the share of it that is new; steps are saved up until there are
        10. Scaling, what the GAN prepares for its score (such as prototypes), threshold and labels
        are found anew from it each time.

        Changed parameters count from now on, but ``gan``, ``n_estimators``, ``hidden_layer_sizes``
        and ``pairing``, which are those of the networks, and ``preprocessing``.

        Parameters
        ----------
        X : array-like of shape (n_samples, n_features)
            New rows, one or more; the columns of ``fit`` in the same order.
        y : Ignored
            Present for API consistency.

        Returns
        -------
        self : GANDetector
            If ``partial_fit`` fails or is interrupted, the detector is as it was before.
            ``calibrate`` has to be called again.

        Raises
        ------
        ValueError
            For an input that cannot be used, a reservoir with less than 2 rows, or another ``gan``,
            ``hidden_layer_sizes`` or ``pairing`` than that of the networks.
        TrainingCollapsedError
            If no ensemble member could be trained.

        References
        ----------
        Aggarwal, "On Biased Reservoir Sampling in the Presence of Stream Evolution", VLDB 2006.
        """
        if "networks_" not in self.__dict__:
            return self.fit(X)
        with restored_on_failure(self):
            _go_on(self, X)
        return self

    if TYPE_CHECKING:
        fit: Any


def _go_on(detector: Any, X: ArrayLike) -> None:
    """Renew the reservoir, and learn from it when enough steps are due."""
    detector._validate_params()
    settings = _settings_from_now_on(detector)
    rows, seen = detector._validated(X, reset=False), detector.n_samples_seen_
    remembered = renewed(detector.reservoir_, rows, detector.reservoir_size, seen)
    if len(remembered) < 2:
        raise ValueError(
            "`partial_fit` needs at least 2 rows to learn from; the reservoir holds "
            f"{len(remembered)}. Pass more rows, or raise `reservoir_size`."
        )
    due = detector._steps_due + settings.max_iter * min(1.0, len(rows) / len(remembered))
    steps = int(due) if due >= LEAST_STEPS else 0
    detector.settings_, detector._steps_due = settings, due - steps
    detector.reservoir_, detector.n_samples_seen_ = remembered, seen + len(rows)
    start = detector.networks_
    streams = member_generators(detector.random_state, start.n_members, after=detector.n_iter_)
    learn(detector, remembered, settings._replace(max_iter=steps), streams, start, goes_on=True)


def _settings_from_now_on(detector: Any) -> Settings:
    """Of the parameters as they are now; what the networks were made by must be the same."""
    gan, fitted = get_gan(detector.gan), detector.gan_
    now = resolve_settings(fitted, detector.get_params(deep=False))
    before = detector.settings_
    same = {
        "gan": type(gan) is type(fitted) and gan.get_params() == fitted.get_params(),
        "hidden_layer_sizes": tuple(now.hidden_layer_sizes) == tuple(before.hidden_layer_sizes),
        "pairing": now.pairing == before.pairing,
    }
    changed = [name for name, is_same in same.items() if not is_same]
    if changed:
        raise ValueError(
            f"`partial_fit` goes on with the networks of `fit`, but {', '.join(changed)} changed "
            "since. Set what it was, or call `fit` to begin anew."
        )
    return now


def learn(
    detector: Any,
    rows: np.ndarray,
    settings: Settings,
    generators: Sequence[torch.Generator],
    start: Networks | None,
    *,
    goes_on: bool = False,
) -> None:
    """Train on validated rows (n, D); set the score, and threshold and labels by it."""
    detector.scaler_ = TableScaler(weights(detector, rows)).fit(rows)
    detector.networks_, trainer = fit_members(
        detector.gan_,
        detector.scaler_.transform(rows),
        settings,
        generators,
        all_callbacks(detector.callbacks, detector.early_stopping, detector.verbose),
        find_device(detector.device),
        start,
        goes_on=goes_on,
    )
    if trainer.step:
        detector.history_ = trainer.history
    detector.n_iter_ += trainer.step
    scores = detector._member_scores(rows)
    detector.units_ = find_units(scores)
    detector.decision_scores_ = combine(scores, detector.units_)
    detector._set_n_classes(None)
    detector._process_decision_scores()
