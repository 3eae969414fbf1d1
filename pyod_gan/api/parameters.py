"""Allowed values of the parameters of GANDetector, and what the parameters stand for."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from numbers import Integral, Real
from typing import Any, TypeVar

from sklearn.base import BaseEstimator
from sklearn.utils._param_validation import HasMethods, Interval, StrOptions

from .._support.rollback import restored_on_failure
from ..engine.callbacks import Callback, EarlyStopping, PrintLog, ProgressBar
from ..engine.spec import BaseGAN, Settings, check_layer_sizes
from ..front_ends.table_reader import TableReader
from ..gans.registry import get_gan

Self = TypeVar("Self", bound="ParametersMixin")

# parameters that are training settings; None takes the GAN's own
SETTINGS = ("max_iter", "batch_size", "lr", "hidden_layer_sizes", "pairing")

CONSTRAINTS: dict[str, list[Any]] = {
    "gan": [str, BaseGAN],
    "n_estimators": [Interval(Integral, 1, None, closed="left"), None],
    "contamination": [
        Interval(Real, 0, 0.5, closed="right"),
        StrOptions({"auto"}),
        HasMethods(["fit", "get_params"]),
    ],
    "max_iter": [Interval(Integral, 1, None, closed="left"), None],
    "batch_size": [Interval(Integral, 2, None, closed="left"), None],
    "lr": [Interval(Real, 0, None, closed="neither"), None],
    "hidden_layer_sizes": ["array-like", None],
    "pairing": [StrOptions({"one", "all"})],
    "early_stopping": ["boolean"],
    "callbacks": ["array-like", None],
    "preprocessing": [StrOptions({"auto", "table"}), TableReader],
    "warm_start": ["boolean"],
    "reservoir_size": [Interval(Integral, 0, None, closed="left")],
    "random_state": ["random_state"],
    "device": [str],
    "verbose": [Interval(Integral, 0, 2, closed="both"), "boolean"],
}


def resolve_settings(gan: BaseGAN, params: Mapping[str, Any]) -> Settings:
    """Training settings: the estimator's parameters, or the GAN's own where these are None.

    Raises
    ------
    ValueError
        If the sizes of hidden layers are not whole numbers of at least 1.
    """
    given = {name: params[name] for name in SETTINGS if params[name] is not None}
    settings = replace(gan.settings, **given)
    check_layer_sizes(settings.hidden_layer_sizes, "GANDetector")
    return settings


def number_of_members(gan: BaseGAN, n_estimators: int | None) -> int:
    """Number of ensemble members: the estimator's parameter, or the GAN's own where it is None."""
    return gan.n_estimators if n_estimators is None else n_estimators


def all_callbacks(
    given: Sequence[Callback] | None, early_stopping: bool, verbose: int
) -> list[Callback]:
    """Collect the user's callbacks, and those that other parameters stand for.

    Raises
    ------
    ValueError
        If an object in ``given`` is not a callback.
    """
    users = [] if given is None else list(given)
    for callback in users:
        if not isinstance(callback, Callback):
            raise ValueError(
                "The 'callbacks' parameter of GANDetector must be a sequence of Callback objects. "
                f"Got {callback!r} in it instead; derive from pyod_gan.callbacks.Callback."
            )
    if early_stopping:
        users.append(EarlyStopping())
    if verbose == 1:
        users.append(ProgressBar())
    if verbose == 2:
        users.append(PrintLog())
    return users


class ParametersMixin:
    """Adds ``set_params`` for an estimator whose ``gan`` is a name or a GAN spec."""

    gan: str | BaseGAN

    def set_params(self: Self, **params: Any) -> Self:
        """Set parameters. Parameters of a GAN spec are reached as ``gan__<name>``.

        Parameters
        ----------
        **params : dict
            Parameter names and values.

        Returns
        -------
        self : object
            The estimator.

        Raises
        ------
        ValueError
            If a parameter is unknown, or if ``gan__<name>`` is given and ``gan`` is a name. No
            parameter is set then.
        """
        gan = params.get("gan", self.gan)
        nested = [name for name in params if name.startswith("gan__")]
        if nested and isinstance(gan, str):
            spec = type(get_gan(gan)).__name__
            raise ValueError(
                f"The 'gan' parameter of {type(self).__name__} is the name {gan!r}, which has no "
                f"{nested[0]!r}. To set it, pass a spec object: {type(self).__name__}({spec}())."
            )
        with restored_on_failure(self), restored_on_failure(gan):
            BaseEstimator.set_params(self, **params)
        return self
