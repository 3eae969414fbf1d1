"""Content of a saved file: everything of a fitted detector, as arrays and JSON."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import asdict, dataclass
from importlib.metadata import version
from numbers import Real
from pathlib import Path
from typing import Any

import numpy as np
import torch
from sklearn.base import BaseEstimator, clone

from .._support.exceptions import reason_of
from ..engine.combination import DECIMALS
from ..engine.network_kinds import NETWORKS
from ..engine.network_spec import NetworkSpec
from ..engine.spec import BaseGAN, Settings
from ..front_ends.checks import column_names
from ..front_ends.encoder_bytes import encoder_versions
from ..front_ends.front_end import no_rows
from ..front_ends.table import TableFrontEnd
from ..front_ends.table_reader import TableReader
from ..gans.registry import GANS
from ..model import FittedModel
from .content_check import WEIGHTS, check_arrays, check_entries
from .safetensors_file import FORMAT, Arrays, read, write

# These take the place of values that only the next `fit` needs and that JSON cannot hold.
REPLACED: dict[str, Any] = {"callbacks": None, "random_state": None}


@dataclass
class Saved:
    """What a file holds of a detector."""

    params: dict[str, Any]  # parameters of the estimator
    model: FittedModel
    scores: np.ndarray  # (n,) scores of the training rows
    labels: np.ndarray  # (n,) labels of the training rows
    threshold: float
    share: float  # share of outliers that the threshold stands for
    reservoir: np.ndarray  # (at most reservoir_size, D), in the table's units
    known_anomalies: np.ndarray  # (k, D), in the table's units
    history: list[dict[str, float]]
    n_members: int  # that training began with
    n_iter: int
    n_samples_seen: int
    steps_due: float
    conformal_scores: np.ndarray | None = None


def write_detector(path: Path, saved: Saved) -> None:
    """Write a detector to a file, whole or not at all.

    Raises
    ------
    ValueError
        If the GAN has a parameter that is no number, word or flag, such as a ``Game``.
    OSError
        If the file cannot be written.
    """
    write(path, *content_of(saved))


def read_detector(
    path: Path,
    gans: Sequence[type[BaseGAN]] = (),
    networks: Sequence[type[NetworkSpec]] = (),
) -> Saved:
    """Read a detector from a file. It may name the user's ``gans`` and ``networks``.

    Raises
    ------
    ValueError
        If the file is no model, is damaged, was changed, has an unknown format, names an unknown
        GAN or kind of network, or holds what no detector can be made of.
    OSError
        If the file cannot be read.
    ImportError
        If the file needs the extra ``tabular``.
    """
    arrays, about = read(path)
    with refused(path, about, "GANDetector"):
        return saved_from(arrays, about, gans, networks)


@contextmanager
def refused(path: Path, about: Mapping[str, Any], kind: str) -> Iterator[None]:
    """Turn every error about the content of a file, of an estimator of a kind, into a ValueError.

    An ImportError stays as it is, because it names what is missing here.
    """
    written = about.get("kind", "GANDetector")
    try:
        if written != kind:
            raise ValueError(f"it holds a {written!s:.40}; use {written!s:.40}.load")
        with torch.inference_mode(False):  # explanations need gradients
            yield
    except ImportError:
        raise
    except Exception as error:  # a forged file can make every library raise everything
        raise ValueError(
            f"{path}, by pyod-gan {about.get('written_by')!s:.40}, cannot be loaded: "
            f"{reason_of(error)}."
        ) from error


def _add_marks_of_copies(arrays: Arrays) -> None:
    """Mark no prototype as a copy of another in the first files, which have no such marks."""
    if "networks.bank_logits" in arrays:
        arrays.setdefault("networks.later", np.zeros_like(arrays["networks.bank_logits"]))


def content_of(saved: Saved) -> tuple[Arrays, dict[str, Any]]:
    """Everything of a detector: its arrays, and the rest in types that JSON can hold."""
    return _arrays(saved), _about(saved)


def _about(saved: Saved) -> dict[str, Any]:
    """Everything except arrays, in types that JSON can hold."""
    model, front_end = saved.model, saved.model.front_end
    params = params_entry(saved.params, saved.share)
    if isinstance(params["gan"], dict):
        params["gan"] = None  # the fitted GAN spec is in "gan" below
    network = _spec_entry(model.settings.network, NETWORKS)
    about = {
        "format": FORMAT,
        "written_by": version("pyod-gan"),
        "params": params,
        "gan": _spec_entry(model.gan, GANS),
        "settings": asdict(model.settings) | {"network": network},
        "n_features_in": len(front_end.names),
        "names": front_end.names,
        "feature_names_in": list(getattr(front_end, "feature_names_in_", [])),
        "share": saved.share,
        "history": saved.history,
        "n_members": saved.n_members,
        "n_iter": saved.n_iter,
        "n_samples_seen": saved.n_samples_seen,
        "steps_due": saved.steps_due,
    }
    if getattr(front_end, "encoder_", None) is not None:
        about["encoder_versions"] = encoder_versions()
    return in_json(about)


def in_json(about: dict[str, Any]) -> dict[str, Any]:
    """Turn values into types that JSON can hold.

    Raises
    ------
    ValueError
        If a value is no number, word or flag, and no collection of them.
    """
    try:
        return json.loads(json.dumps(about, default=_plain))  # type: ignore[no-any-return]
    except TypeError as error:
        raise ValueError(
            f"A detector can be saved where its parameters are numbers, words and flags. {error}; "
            "use joblib for this one."
        ) from error


def params_entry(params: Mapping[str, Any], share: float) -> dict[str, Any]:
    """Parameters of an estimator that flags a ``share`` of its rows, in types that JSON can hold.

    A spec becomes its name and its parameters.
    """
    entry = dict(params)
    instead_of = {"contamination": share if 0 < share <= 0.5 else "auto", **REPLACED}
    for name, instead in instead_of.items():
        if name in entry and not isinstance(entry[name], Real | str):
            entry[name] = instead
    if any(not isinstance(item, str) for item in entry.get("augmentations") or ()):
        entry["augmentations"] = None
    if isinstance(entry.get("detectors"), list):
        entry["detectors"] = "auto"  # made again of the fitted ones
    if isinstance(entry.get("preprocessing"), TableReader):
        entry["preprocessing"] = entry["preprocessing"].get_params()
    if isinstance(entry.get("gan"), BaseGAN):
        entry["gan"] = _spec_entry(entry["gan"], GANS)
    if isinstance(entry.get("network"), NetworkSpec):
        entry["network"] = _spec_entry(entry["network"], NETWORKS)
    return entry


def params_from(
    entry: Mapping[str, Any],
    gans: Sequence[type[BaseGAN]],
    networks: Sequence[type[NetworkSpec]],
) -> dict[str, Any]:
    """Parameters of an estimator from :func:`params_entry`.

    Raises
    ------
    ValueError
        If a spec is neither built in nor among ``gans`` and ``networks``.
    """
    params = dict(entry)
    if isinstance(params.get("gan"), dict):
        params["gan"] = _spec(params["gan"], GANS, gans, "gans")
    if isinstance(params.get("network"), dict):
        params["network"] = _spec(params["network"], NETWORKS, networks, "networks")
    if isinstance(params.get("preprocessing"), dict):
        params["preprocessing"] = TableReader(**params["preprocessing"])
    return params


def _plain(value: Any) -> Any:
    """Turn NumPy's numbers and arrays into Python's numbers and lists."""
    if isinstance(value, np.generic | np.ndarray):
        return value.tolist()
    raise TypeError(f"Got {value!r}")


def _arrays(saved: Saved) -> Arrays:
    """Everything that is an array."""
    arrays = saved.model.to_arrays()
    arrays |= {"scores": saved.scores, "labels": saved.labels, "reservoir": saved.reservoir}
    arrays["threshold"] = np.array([saved.threshold], dtype=np.float64)
    if len(saved.known_anomalies):
        arrays["known_anomalies"] = saved.known_anomalies
    if saved.conformal_scores is not None:
        arrays["conformal_scores"] = saved.conformal_scores
    return {name: np.asarray(array, order="C") for name, array in arrays.items()}


def saved_from(
    arrays: Arrays,
    about: dict[str, Any],
    gans: Sequence[type[BaseGAN]],
    networks: Sequence[type[NetworkSpec]],
) -> Saved:
    """Check the arrays and metadata of a detector, and read what they stand for."""
    _add_marks_of_copies(arrays)
    check_arrays(arrays)
    check_entries(about, len(arrays["scaler.mean"]))
    _check_encoder_versions(about)
    gan, settings = _gan(about, gans, networks)
    _check_prepared(gan, arrays)
    params = params_from(about["params"], gans, networks)
    if params["gan"] is None:
        params["gan"] = gan
    feature_names = about["feature_names_in"]
    names = about.get("names") or column_names(feature_names or None, about["n_features_in"])
    front_end = TableFrontEnd.from_arrays(arrays, names, feature_names, params["preprocessing"])
    model = FittedModel.from_arrays(arrays, gan, settings, front_end)
    held_out = arrays.get("conformal_scores")
    return Saved(
        params=params,
        model=model,
        scores=arrays["scores"].round(DECIMALS),  # those of the first files are not rounded
        labels=arrays["labels"],
        threshold=float(arrays["threshold"][0]),
        share=about["share"],
        reservoir=arrays["reservoir"],
        known_anomalies=arrays.get("known_anomalies", no_rows(len(front_end.outputs))),
        history=about["history"],
        n_members=about.get("n_members", model.n_members),  # the first files do not say it
        n_iter=about["n_iter"],
        n_samples_seen=about["n_samples_seen"],
        steps_due=about["steps_due"],
        conformal_scores=None if held_out is None else held_out.round(DECIMALS),
    )


def _gan(
    about: dict[str, Any],
    gans: Sequence[type[BaseGAN]],
    networks: Sequence[type[NetworkSpec]],
) -> tuple[BaseGAN, Settings]:
    """Make the GAN spec and its training settings, with values that are allowed.

    Raises
    ------
    ValueError
        If a spec is neither built in nor among ``gans`` and ``networks``, or if a value is not
        allowed.
    """
    gan = _spec(about["gan"], GANS, gans, "gans")
    settings = Settings(**_with_tuples(about["settings"]))
    if isinstance(settings.network, dict):  # the first files have none
        settings.network = _spec(settings.network, NETWORKS, networks, "networks")
    if not isinstance(settings.network, NetworkSpec):
        raise ValueError(f"'network' must be a kind of network. Got {settings.network!r:.100}")
    if settings.pairing not in ("one", "all"):
        raise ValueError(f"'pairing' must be 'one' or 'all'. Got {settings.pairing!r:.100}")
    used = {name: value for name, value in vars(settings).items() if name in gan.get_params()}
    clone(gan).set_params(**used)._validate_params()
    return gan, settings


def _spec_entry(spec: BaseEstimator, built_in: Mapping[str, type]) -> dict[str, Any]:
    """Name and parameters of a GAN spec or a network spec."""
    return {"name": _name(type(spec), built_in), "params": spec.get_params()}


def _spec(entry: Any, built_in: Mapping[str, type], own: Sequence[type], argument: str) -> Any:
    """Make a GAN spec or a network spec, with values that are allowed.

    Raises
    ------
    ValueError
        If it is neither ``built_in`` nor one of the user's ``own``, or if a value is not allowed.
    """
    known = {_name(spec, built_in): spec for spec in (*built_in.values(), *own)}
    name = entry.get("name")
    if name not in known:
        raise ValueError(
            f"it has the spec {name!r:.100}, which is not built in. If you trust its class, pass "
            f"it: load(path, {argument}=[...])"
        )
    spec = known[name](**_with_tuples(entry["params"]))
    spec._validate_params()
    return spec


def _check_prepared(gan: BaseGAN, arrays: Arrays) -> None:
    """Raise a ValueError unless a GAN that is built in has the buffers that it prepares.

    The names of buffers have no point, and those of weights do.
    """
    if type(gan) not in GANS.values():
        return
    shapes = {name.partition(WEIGHTS)[2]: array.shape[1:] for name, array in arrays.items()}
    given = {name: shape for name, shape in shapes.items() if name and "." not in name}
    if given != (needed := gan.prepared(len(arrays["scaler.mean"]))):
        raise ValueError(f"the GAN needs the buffers {needed}. Got {given}")


def _check_encoder_versions(about: dict[str, Any]) -> None:
    """Raise a ValueError if other versions made the encoder. The first files do not name them."""
    wrote = about.get("encoder_versions")
    if wrote is None:
        return
    here = encoder_versions()
    others = [f"{p} {v} (here {here[p]})" for p, v in wrote.items() if here[p] != v]
    if others:
        raise ValueError(
            f"The file's table was encoded by other versions: {', '.join(others)}. Install these, "
            "or fit again."
        )


def _with_tuples(values: Mapping[str, Any]) -> dict[str, Any]:
    """Turn the lists of JSON into tuples."""
    return {n: tuple(v) if isinstance(v, list) else v for n, v in values.items()}


def _name(spec: type, built_in: Mapping[str, type]) -> str:
    """Name of a spec's class in a file, with the module if it is not built in."""
    if spec in built_in.values():
        return spec.__name__
    return f"{spec.__module__}.{spec.__qualname__}"
