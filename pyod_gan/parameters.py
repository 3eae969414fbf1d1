"""What the parameters of GANDetector may be, and what they stand for."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from numbers import Integral, Real
from typing import Any, TypeVar

import torch
from sklearn.base import BaseEstimator
from sklearn.utils._param_validation import HasMethods, Interval, StrOptions

from .callbacks import Callback, EarlyStopping, PrintLog, ProgressBar
from .gans import BaseGAN, Settings, get_gan

Self = TypeVar("Self", bound="NestedParameters")

CONSTRAINTS: dict[str, list[Any]] = {
    "gan": [str, BaseGAN],
    "n_estimators": [Interval(Integral, 1, None, closed="left")],
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
    "preprocessing": [StrOptions({"auto", "table"})],
    "warm_start": ["boolean"],
    "reservoir_size": [Interval(Integral, 0, None, closed="left")],
    "random_state": ["random_state"],
    "device": [str],
    "verbose": [Interval(Integral, 0, 2, closed="both"), "boolean"],
}


def resolve_settings(gan: BaseGAN, params: Mapping[str, Any]) -> Settings:
    """The GAN's own training settings with the estimator's parameters in place of None."""
    given = {
        name: params[name]
        for name in ("max_iter", "batch_size", "lr", "hidden_layer_sizes", "pairing")
        if params[name] is not None
    }
    settings = gan.settings._replace(**given)
    sizes = settings.hidden_layer_sizes
    if not len(sizes) or not all(isinstance(size, Integral) and size >= 1 for size in sizes):
        raise ValueError(
            "The 'hidden_layer_sizes' parameter of GANDetector must be a sequence of ints of at "
            f"least 1, such as (64, 32). Got {sizes!r} instead."
        )
    return settings


def all_callbacks(
    given: Sequence[Callback] | None, early_stopping: bool, verbose: int
) -> list[Callback]:
    """The user's callbacks, and those that parameters stand for."""
    users = [] if given is None else list(given)
    for callback in users:
        if not isinstance(callback, Callback):
            raise ValueError(
                "The 'callbacks' parameter of GANDetector must be a sequence of Callback objects. "
                f"Got {callback!r} in it instead; derive from pyod_gan.callbacks.Callback."
            )
    wanted: dict[Callback, bool] = {
        EarlyStopping(): early_stopping,
        ProgressBar(): verbose == 1,
        PrintLog(): verbose == 2,
    }
    return users + [callback for callback, on in wanted.items() if on]


class NestedParameters:
    """``set_params`` for an estimator whose ``gan`` is a name or a spec object."""

    gan: str | BaseGAN

    def set_params(self: Self, **params: Any) -> Self:
        """Set parameters; those of a spec object are reached as ``gan__<name>``.

        Parameters
        ----------
        **params : dict
            Parameter names and values.

        Returns
        -------
        self : object

        Raises
        ------
        ValueError
            For an unknown parameter, or for ``gan__<name>`` where ``gan`` is a name; nothing is
            set then.
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


@contextmanager
def restored_on_failure(estimator: object) -> Iterator[None]:
    """Put an estimator's attributes back if the block fails or is interrupted."""
    before = dict(getattr(estimator, "__dict__", {}))  # a name has none
    try:
        yield
    except BaseException:
        if hasattr(estimator, "__dict__"):
            estimator.__dict__.clear()
            estimator.__dict__.update(before)
        raise


def find_device(device: str) -> torch.device:
    """``"auto"`` is CUDA where there is one, else the CPU."""
    if device == "auto":
        return torch.device("cuda" if torch.cuda.is_available() else "cpu")
    try:
        found = torch.device(device)
        torch.empty(0, device=found)
    except (RuntimeError, AssertionError) as error:
        raise ValueError(
            f"The 'device' parameter of GANDetector must be 'auto' or a device that torch can use "
            f"here. Got {device!r} instead ({str(error).splitlines()[0]}). Use 'auto' or 'cpu'."
        ) from error
    return found


def device_here(device: str) -> str:
    """The device of a model that comes from another machine; "auto" where this one lacks it."""
    try:
        find_device(device)
    except ValueError:
        return "auto"
    return device
