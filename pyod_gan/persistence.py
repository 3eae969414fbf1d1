"""Saving and loading a detector: what of it goes into a model's file, and back."""

from __future__ import annotations

import json
import os
from collections.abc import Sequence
from importlib.metadata import version
from numbers import Real
from pathlib import Path
from typing import TYPE_CHECKING, Any, TypeVar

import numpy as np
import torch
from sklearn.preprocessing import StandardScaler
from sklearn.utils.validation import check_is_fitted

from .conformal import ConformalDetector
from .ensemble import Units
from .fitting import build, member_generators
from .gans import GANS, BaseGAN, Settings
from .modelfile import FORMAT, Arrays, read, write
from .parameters import device_here
from .preprocessing import TableScaler
from .tablefile import encoder_from_array, encoder_to_array

Self = TypeVar("Self", bound="SavedDetector")


class SavedDetector(ConformalDetector):
    """Adds ``save`` and ``load`` to a detector with fitted networks."""

    def save(self, path: str | os.PathLike[str]) -> None:
        """Write the fitted detector to one file that holds data only, no code.

        The file appears under its name when it is complete. What concerns only the next ``fit`` is
        left out where JSON cannot hold it: callbacks, a thresholder (the share of outliers among
        ``labels_`` takes its place) and a ``RandomState`` object.

        Parameters
        ----------
        path : str or path-like
            Where to; an existing file is replaced.

        Raises
        ------
        NotFittedError
            Before ``fit``.
        ValueError
            If the GAN has a parameter that is no number, word or flag, such as a ``Game``.
        OSError
            If the file cannot be written; an existing one is then as it was.
        """
        check_is_fitted(self)
        write(Path(path), _arrays(self), _about(self))

    @classmethod
    def load(
        cls: type[Self], path: str | os.PathLike[str], *, gans: Sequence[type[BaseGAN]] = ()
    ) -> Self:
        """Read a detector that :meth:`save` has written.

        Parameters
        ----------
        path : str or path-like
            The file; no code in it is run.
        gans : sequence of BaseGAN classes, default=()
            GANs of your own that the file may name.

        Returns
        -------
        detector : GANDetector
            Fitted; scores are the same. A ``device`` that this machine lacks becomes "auto".

        Raises
        ------
        ValueError
            If the file is no model, damaged, changed, of an unknown format, or names an unknown
            GAN.
        OSError
            If it cannot be read.
        """
        arrays, about = read(Path(path))
        known = {_name(gan): gan for gan in (*GANS.values(), *gans)}
        unknown = {about.get("gan", {}).get("name")} - set(known)
        if unknown:
            raise ValueError(
                f"{path} has the GAN {unknown.pop()!r}, which is not built in. If you trust its "
                "class, pass it: load(path, gans=[...])."
            )
        try:
            params = about["params"]
            if params["gan"] is None:
                params["gan"] = _gan(about["gan"], known)
            detector = cls(**params | {"device": device_here(params["device"])})
            with torch.inference_mode(False):  # explanations need gradients
                detector.__dict__.update(_fitted(arrays, about, known))
        except (KeyError, TypeError, RuntimeError, IndexError, StopIteration) as error:
            raise ValueError(
                f"{path}, by pyod-gan {about.get('written_by')}, does not fit this version "
                f"({type(error).__name__}: {error})."
            ) from error
        return detector

    def __getstate__(self) -> dict[str, Any]:
        state = dict(super().__getstate__())
        if "networks_" in state:
            state["networks_"] = state["networks_"].to_arrays()
        return state

    def __setstate__(self, state: dict[str, Any]) -> None:
        super().__setstate__(state)
        if "networks_" in state:
            arrays = state["networks_"]
            members = member_generators(0, len(next(iter(arrays.values()))))
            net = build(self.gan_, self.scaler_.n_features_in_, self.settings_, members)
            self.networks_ = net.load_arrays(arrays)
            self.device = device_here(self.device)

    if TYPE_CHECKING:
        device: Any
        gan_: Any
        scaler_: Any
        settings_: Any


def _about(detector: Any) -> dict[str, Any]:
    """Everything but arrays, as JSON can hold it."""
    params, gan = detector.get_params(deep=False), detector.gan_
    share = detector._share if 0 < detector._share <= 0.5 else "auto"
    found = {"contamination": share, "callbacks": None, "random_state": None}
    for name in found:
        if not isinstance(params[name], Real | str):
            params[name] = found[name]
    params["gan"] = params["gan"] if isinstance(params["gan"], str) else None  # as fitted
    about = {
        "format": FORMAT,
        "written_by": version("pyod-gan"),
        "params": params,
        "gan": {"name": _name(type(gan)), "params": gan.get_params()},
        "settings": detector.settings_._asdict(),
        "n_features_in": detector.n_features_in_,
        "feature_names_in": list(getattr(detector, "feature_names_in_", [])),
        "share": detector._share,
        "history": detector.history_,
        "n_iter": detector.n_iter_,
        "n_samples_seen": detector.n_samples_seen_,
        "steps_due": detector._steps_due,
    }
    try:
        return json.loads(json.dumps(about, default=_plain))  # type: ignore[no-any-return]
    except TypeError as error:
        raise ValueError(
            f"A detector can be saved where its parameters are numbers, words and flags. {error}; "
            "use joblib for this one."
        ) from error


def _plain(value: Any) -> Any:
    """NumPy's numbers and arrays as Python's."""
    if isinstance(value, np.generic | np.ndarray):
        return value.tolist()
    raise TypeError(f"Got {value!r}")


def _arrays(detector: Any) -> Arrays:
    """All arrays of a fitted detector."""
    scaler = detector.scaler_.scaler_
    arrays = {f"networks.{n}": a for n, a in detector.networks_.to_arrays().items()}
    arrays |= {f"scaler.{name}": getattr(scaler, f"{name}_") for name in ("mean", "scale", "var")}
    arrays |= {f"units.{n}": a for n, a in detector.units_._asdict().items()}
    arrays |= {"scores": detector.decision_scores_, "labels": detector.labels_}
    arrays["reservoir"] = detector.reservoir_
    if detector.encoder_ is not None:
        arrays["encoder"] = encoder_to_array(detector.encoder_)
        arrays["weights"] = detector.scaler_.weights
    if hasattr(detector, "conformal_scores_"):
        arrays["conformal_scores"] = detector.conformal_scores_
    arrays["threshold"] = np.array([detector.threshold_], dtype=np.float64)
    return {name: np.ascontiguousarray(array) for name, array in arrays.items()}


def _fitted(arrays: Arrays, about: dict[str, Any], known: dict[str, Any]) -> dict[str, Any]:
    """Fitted attributes from what the file holds."""

    def part(prefix: str) -> Arrays:
        found = {n: a for n, a in arrays.items() if n.startswith(prefix)}
        return {n.removeprefix(prefix): a for n, a in found.items()}

    gan, n_columns = _gan(about["gan"], known), len(arrays["scaler.mean"])
    encoder = encoder_from_array(arrays["encoder"]) if "encoder" in arrays else None
    tuples = {n: tuple(v) for n, v in about["settings"].items() if isinstance(v, list)}
    settings = Settings(**about["settings"] | tuples)
    networks = part("networks.")
    members = member_generators(0, len(next(iter(networks.values()))))
    scaler = StandardScaler()
    for name, array in part("scaler.").items():
        setattr(scaler, f"{name}_", array)
    scaler.n_features_in_ = n_columns
    scores = arrays["scores"]
    fitted = {
        "gan_": gan,
        "settings_": settings,
        "networks_": build(gan, n_columns, settings, members).load_arrays(networks),
        "encoder_": encoder,
        "scaler_": TableScaler(arrays.get("weights")),
        "units_": Units(**part("units.")),
        "decision_scores_": scores,
        "labels_": arrays["labels"],
        "threshold_": arrays["threshold"][0],
        "history_": about["history"],
        "n_iter_": about["n_iter"],
        "n_samples_seen_": about["n_samples_seen"],
        "_steps_due": about["steps_due"],
        "reservoir_": arrays["reservoir"],
        "n_features_in_": about["n_features_in"],
        "_share": about["share"],
        "_mu": scores.mean(),
        "_sigma": scores.std(),
        "_classes": 2,
    }
    fitted["scaler_"].scaler_ = scaler
    if fitted["reservoir_"].shape[1:] != (n_columns,):
        raise TypeError("the reservoir has other columns than the networks")
    if "conformal_scores" in arrays:
        fitted["conformal_scores_"] = arrays["conformal_scores"]
    if about["feature_names_in"]:
        fitted["feature_names_in_"] = np.array(about["feature_names_in"], dtype=object)
    return fitted


def _name(gan_class: type[BaseGAN]) -> str:
    """How a file names a GAN: a built-in one by its class, others by their module too."""
    if gan_class in GANS.values():
        return gan_class.__name__
    return f"{gan_class.__module__}.{gan_class.__qualname__}"


def _gan(described: dict[str, Any], known: dict[str, Any]) -> BaseGAN:
    """A spec object from its name and parameters."""
    gan: BaseGAN = known[described["name"]](**described["params"])
    return gan
