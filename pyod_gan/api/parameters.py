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
from ..engine.network_kinds import get_network
from ..engine.network_spec import NetworkSpec
from ..engine.spec import BaseGAN, Settings, check_layer_sizes
from ..front_ends.table_reader import TableReader
from ..gans.registry import get_gan

Self = TypeVar("Self", bound="ParametersMixin")

# parameters that are training settings; None takes the GAN's own
SETTINGS = ("max_iter", "batch_size", "lr", "hidden_layer_sizes", "network", "pairing")

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
    "network": [str, NetworkSpec, None],
    "pairing": [StrOptions({"one", "all"})],
    "early_stopping": ["boolean"],
    "callbacks": ["array-like", None],
    "augmentations": ["array-like", None],
    "preprocessing": [StrOptions({"auto", "joint", "table"}), TableReader],
    "warm_start": ["boolean"],
    "reservoir_size": [Interval(Integral, 0, None, closed="left")],
    "n_jobs": [Integral, None],
    "random_state": ["random_state"],
    "device": [str],
    "verbose": [Interval(Integral, 0, 2, closed="both"), "boolean"],
}


def resolve_settings(gan: BaseGAN, params: Mapping[str, Any]) -> Settings:
    """Training settings: the estimator's parameters, or the GAN's own where these are None.

    Raises
    ------
    ValueError
        If the sizes of hidden layers are not whole numbers of at least 1, or if there is no such
        kind of network.
    """
    given = {name: params[name] for name in SETTINGS if params[name] is not None}
    if "network" in given:
        given["network"] = get_network(given["network"])
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
    """Adds ``set_params`` for an estimator whose ``gan`` and ``network`` are names or specs."""

    gan: str | BaseGAN
    network: str | NetworkSpec | None

    def set_params(self: Self, **params: Any) -> Self:
        """Set parameters. Those of a spec are reached as ``gan__<name>`` and ``network__<name>``.

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
            If a parameter is unknown, or if ``gan__<name>`` is given and ``gan`` is a name, or the
            same of ``network``. No parameter is set then.
        """
        gan, network = params.get("gan", self.gan), params.get("network", self.network)
        owner = type(self).__name__
        of_gan = [name for name in params if name.startswith("gan__")]
        of_network = [name for name in params if name.startswith("network__")]
        if of_gan and isinstance(gan, str):
            instead = f"{owner}({type(get_gan(gan)).__name__}())"
            raise _no_spec(owner, "gan", gan, of_gan[0], instead)
        if of_network and not isinstance(network, NetworkSpec):
            raise _no_spec(owner, "network", network, of_network[0], f"{owner}(network=Conv1d())")
        with (
            restored_on_failure(self),
            restored_on_failure(gan),
            restored_on_failure(network),
        ):
            BaseEstimator.set_params(self, **params)
        return self


def _no_spec(owner: str, parameter: str, value: Any, asked: str, instead: str) -> ValueError:
    """Make the error for a parameter of a spec where there is no spec."""
    said = "None" if value is None else f"the name {value!r}"
    return ValueError(
        f"The {parameter!r} parameter of {owner} is {said}, which has no {asked!r}. To set it, "
        f"pass a spec object: {instead}."
    )
