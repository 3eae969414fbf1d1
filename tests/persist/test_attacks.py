"""Files that were damaged or forged: ``load`` refuses them with a ValueError, and in time."""

from __future__ import annotations

import json
import re
import struct
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest
import torch
from safetensors import safe_open

from pyod_gan import AnoGAN, GANDetector, GANOutlierDetector, PrototypeGAN
from pyod_gan.persist import safetensors_file
from tests.helpers import FAMILY, QUICK, table

X = table(60)
Arrays = dict[str, np.ndarray]
About = dict[str, Any]


@pytest.fixture(scope="module")
def model(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A saved detector, which is only read."""
    path = tmp_path_factory.mktemp("models") / "model"
    gan = PrototypeGAN(hidden_layer_sizes=(4,), group_size=2, n_groups=2)
    GANDetector(gan, **QUICK).fit(X).calibrate(X).save(path)
    return path


def content_of(path: Path) -> tuple[Arrays, About]:
    """Arrays and metadata of a file."""
    with safe_open(path, framework="np") as file:
        arrays = {name: file.get_tensor(name) for name in file.keys()}  # noqa: SIM118
        about = json.loads(file.metadata()["pyod_gan"])
    del about["sha256"]
    return arrays, about


def forged(model: Path, place: Path, change: Callable[[Arrays, About], object]) -> Path:
    """The path of a changed file, with a checksum that is right."""
    arrays, about = content_of(model)
    change(arrays, about)
    safetensors_file.write(place / "forged", arrays, about)
    return place / "forged"


def load(path: Path) -> GANDetector | None:
    """Load a file, or return None if it is refused as it should be."""
    try:
        return GANDetector.load(path)
    except ValueError:
        return None


def array(name: str, change: Callable[[np.ndarray], np.ndarray]) -> Callable[..., None]:
    """A change of one array."""
    return lambda arrays, about: arrays.update({name: np.ascontiguousarray(change(arrays[name]))})


def entry(*path: str, to: object) -> Callable[..., None]:
    """A change of one entry of the metadata."""

    def change(arrays: Arrays, about: About) -> None:
        for name in path[:-1]:
            about = about[name]
        about[path[-1]] = to

    return change


WEIGHT = "networks.critic.layers.0.weight"
FORGED: dict[str, Callable[..., object]] = {
    "a weight is missing": lambda arrays, about: arrays.pop(WEIGHT),
    "a buffer is missing": lambda arrays, about: arrays.pop("networks.bank"),
    "all networks are missing": lambda arrays, about: [
        arrays.pop(name) for name in list(arrays) if name.startswith("networks.")
    ],
    "scores are missing": lambda arrays, about: arrays.pop("scores"),
    "a scale is missing": lambda arrays, about: arrays.pop("scaler.scale"),
    "units are missing": lambda arrays, about: arrays.pop("units.centre"),
    "an array more": lambda arrays, about: arrays.update(extra=np.ones(3)),
    "a weight more": lambda arrays, about: arrays.update({f"{WEIGHT}.x": np.ones((2, 1))}),
    "a buffer more": lambda arrays, about: arrays.update({"networks.more": np.ones((2, 1))}),
    "a buffer named as a method": lambda arrays, about: arrays.update(
        {"networks.forward": np.ones((2, 1))}
    ),
    "a buffer without a name": lambda arrays, about: arrays.update({"networks.": np.ones((2, 1))}),
    "a scale more": lambda arrays, about: arrays.update({"scaler.more": np.ones(5)}),
    "weights without an encoder": lambda arrays, about: arrays.update(weights=np.ones(5)),
    "an encoder of zeros": lambda arrays, about: arrays.update(
        weights=np.ones(5), encoder=np.zeros(100, np.uint8)
    ),
    "NaN in a weight": array(WEIGHT, lambda a: a * np.nan),
    "an infinite weight": array(WEIGHT, lambda a: np.full_like(a, np.inf)),
    "NaN in a buffer": array("networks.bank", lambda a: a * np.nan),
    "NaN in a score": array("scores", lambda a: np.r_[np.nan, a[1:]]),
    "an infinite held-out score": array("conformal_scores", lambda a: a * np.inf),
    "an infinite row": array("reservoir", lambda a: a * np.inf),
    "a scale of 0": array("scaler.scale", np.zeros_like),
    "a negative unit": array("units.scale", np.negative),
    "a threshold that is NaN": array("threshold", lambda a: a * np.nan),
    "two thresholds": array("threshold", lambda a: np.r_[a, a]),
    "labels of 2": array("labels", lambda a: a + 1),
    "labels that are no numbers": array("labels", lambda a: a.astype(bool)),
    "fewer labels": array("labels", lambda a: a[1:]),
    "no scores": lambda arrays, about: arrays.update(
        scores=np.zeros(0), labels=np.zeros(0, np.int64)
    ),
    "single precision": array(WEIGHT, lambda a: a.astype(np.float32)),
    "half precision": array("scores", lambda a: a.astype(np.float16)),
    "whole numbers": array(WEIGHT, lambda a: a.astype(np.int64)),
    "a scale of words": array("scaler.mean", lambda a: a.astype(np.uint8)),
    "a matrix of scores": array("scores", lambda a: a[:, None]),
    "a number for a weight": array(WEIGHT, lambda a: np.float64(1.0)),
    "a turned weight": array(WEIGHT, lambda a: a.swapaxes(1, 2)),
    "a smaller bank": array("networks.bank", lambda a: a[:, 1:]),
    "fewer members": array(WEIGHT, lambda a: a[:1]),
    "units of more members": array("units.scale", lambda a: np.concatenate([a, a])),
    "a narrower reservoir": array("reservoir", lambda a: a[:, 1:]),
    "no columns": lambda arrays, about: arrays.update(
        {name: a[..., :0] for name, a in arrays.items() if name[:6] in ("scaler", "reserv")}
    ),
    "a billion members": lambda arrays, about: arrays.update(
        {n: np.empty((10**9, 0)) for n in arrays if n.startswith("networks.")}
    ),
    "a billion units": entry("settings", "hidden_layer_sizes", to=[10**9]),
    "a layer too many": entry("settings", "hidden_layer_sizes", to=[4, 4]),
    "many layers": entry("settings", "hidden_layer_sizes", to=[1] * 10**5),
    "no layer": entry("settings", "hidden_layer_sizes", to=[]),
    "a layer of words": entry("settings", "hidden_layer_sizes", to=["4"]),
    "a layer of half a unit": entry("settings", "hidden_layer_sizes", to=[0.5]),
    "no steps": entry("settings", "max_iter", to=0),
    "a rate of NaN": entry("settings", "lr", to=float("nan")),
    "an unknown setting": entry("settings", "speed", to=1),
    "another pairing": entry("settings", "pairing", to="none"),
    "settings of words": entry("settings", to="quick"),
    "a billion codes": entry("gan", "params", "latent_dim", to=10**9),
    "a billion prototypes": entry("gan", "params", "n_groups", to=10**9),
    "half a prototype": entry("gan", "params", "group_size", to=0.5),
    "an unknown game": entry("gan", "params", "game", to="chess"),
    "an unknown parameter": entry("gan", "params", "speed", to=1),
    "a GAN without a name": entry("gan", to={}),
    "a GAN that is a word": entry("gan", to="GAN"),
    "a GAN named by a list": entry("gan", "name", to=["GAN"]),
    "another GAN": entry("gan", "name", to="GSAAL"),
    "parameters of words": entry("params", to="none"),
    "a parameter more": entry("params", "speed", to=1),
    "a parameter that is missing": lambda arrays, about: about["params"].pop("preprocessing"),
    "a name of a GAN that is unknown": entry("params", "gan", to="nothing"),
    "a list for a GAN": entry("params", "gan", to=["gan"]),
    "a contamination of 2": entry("params", "contamination", to=2.0),
    "a negative number of members": entry("params", "n_estimators", to=-1),
    "callbacks that are words": entry("params", "callbacks", to="print"),
    "a device that is a number": entry("params", "device", to=0),
    "another preprocessing": entry("params", "preprocessing", to="pickle"),
    "a negative share": entry("share", to=-0.1),
    "a share of NaN": entry("share", to=float("nan")),
    "a share that is a word": entry("share", to="0.1"),
    "a history of words": entry("history", to=["fast"]),
    "a history of lists": entry("history", to=[{"step": [1]}]),
    "no members": entry("n_members", to=0),
    "members without a number": entry("n_members", to="many"),
    "negative steps": entry("n_iter", to=-1),
    "half a step": entry("n_iter", to=0.5),
    "true steps": entry("n_iter", to=True),
    "infinite steps": entry("steps_due", to=float("inf")),
    "rows without a number": entry("n_samples_seen", to=None),
    "a billion columns": lambda arrays, about: (
        about.pop("names"),
        about.update(n_features_in=10**9),
    ),
    "no column": entry("n_features_in", to=0),
    "names that are numbers": entry("names", to=[1, 2, 3, 4, 5]),
    "one name for all": entry("names", to="abcde"),
    "fewer names": entry("names", to=["a"]),
    "labels that are lists": entry("feature_names_in", to=[["a"]] * 5),
    "more labels": entry("feature_names_in", to=["a"] * 6),
    "versions of words": entry("encoder_versions", to="new"),
    "versions of unknown packages": entry("encoder_versions", to={"malware": "1"}),
}


@pytest.mark.parametrize("change", FORGED.values(), ids=FORGED)
def test_a_forged_file_is_refused(
    model: Path, tmp_path: Path, change: Callable[..., object]
) -> None:
    path = forged(model, tmp_path, change)
    for loads in (GANDetector, GANOutlierDetector):
        with pytest.raises(ValueError):
            loads.load(path)


def test_an_unchanged_file_is_read(model: Path, tmp_path: Path) -> None:
    """So it is the change that is refused, and not the way in which the tests write."""
    path = forged(model, tmp_path, lambda arrays, about: None)
    expected = GANDetector.load(model).decision_function(X)
    np.testing.assert_array_equal(GANDetector.load(path).decision_function(X), expected)


@pytest.mark.parametrize("version", [0, 2, -1, "1", 1.0, True, None, [], {}, 10**300])
def test_other_formats_are_refused(model: Path, tmp_path: Path, version: object) -> None:
    path = forged(model, tmp_path, entry("format", to=version))
    with pytest.raises(ValueError, match="This version reads format 1"):
        GANDetector.load(path)


def test_a_search_without_an_end_is_not_begun(tmp_path: Path) -> None:
    GANDetector(AnoGAN(n_starts=2), **QUICK).fit(X).save(tmp_path / "model")
    endless = entry("gan", "params", "search_steps", to=10**15)
    assert GANDetector.load(forged(tmp_path / "model", tmp_path, endless)).gan_.search_steps > 9
    for starts in (3, 10**9):
        change = entry("gan", "params", "n_starts", to=starts)
        assert load(forged(tmp_path / "model", tmp_path, change)) is None


def test_nothing_is_made_before_sizes_are_compared(
    model: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    largest = 0
    empty = torch.empty

    def counted(*shape: Any, **options: Any) -> torch.Tensor:
        nonlocal largest
        largest = max(largest, int(np.prod(shape[0])))
        return empty(*shape, **options)

    monkeypatch.setattr(torch, "empty", counted)
    for change in ("a billion units", "a billion codes", "a billion members", "many layers"):
        assert load(forged(model, tmp_path, FORGED[change])) is None
    assert largest < 1000


def header_of(content: bytes) -> tuple[bytes, bytes]:
    """Header and data of a safetensors file."""
    (size,) = struct.unpack("<Q", content[:8])
    return content[8 : 8 + size], content[8 + size :]


def with_header(header: bytes, data: bytes) -> bytes:
    return struct.pack("<Q", len(header)) + header + data


def test_a_file_that_ends_anywhere_is_refused(model: Path, tmp_path: Path) -> None:
    content = model.read_bytes()
    header, _ = header_of(content)
    for end in (*range(0, 8 + len(header), 7), *range(8 + len(header), len(content), 499)):
        (tmp_path / "short").write_bytes(content[:end])
        with pytest.raises(ValueError, match="no whole safetensors file"):
            GANDetector.load(tmp_path / "short")
    (tmp_path / "long").write_bytes(content + b"\0")
    with pytest.raises(ValueError, match="no whole safetensors file"):
        GANDetector.load(tmp_path / "long")


HEADERS: dict[str, Callable[[bytes], bytes]] = {
    "a huge shape": lambda header: re.sub(rb'("shape":\[)60\]', rb"\g<1>1000000000000]", header),
    "a shape that overflows": lambda header: re.sub(
        rb'("shape":\[)60\]', rb"\g<1>4294967296,4294967296]", header
    ),
    "a negative shape": lambda header: re.sub(rb'("shape":\[)60\]', rb"\g<1>-60]", header),
    "another type": lambda header: header.replace(b"F64", b"C64"),
    "an unknown type": lambda header: header.replace(b"F64", b"X64"),
    "a type that NumPy lacks": lambda header: header.replace(b'"I64"', b'"F8_E8M0"'),
    "no JSON": lambda header: header[:-1] + b"]",
    "no UTF-8": lambda header: header.replace(b"scores", b"sc\xff\xfees"),
    "an array twice": lambda header: header.replace(b'"labels"', b'"scores"'),
    "deep": lambda header: b'{"a":' + b"[" * 10**5 + b"]" * 10**5 + b"}",
}


@pytest.mark.parametrize("change", HEADERS.values(), ids=HEADERS)
def test_a_forged_header_is_refused(
    model: Path, tmp_path: Path, change: Callable[[bytes], bytes]
) -> None:
    header, data = header_of(model.read_bytes())
    assert change(header) != header
    (tmp_path / "forged").write_bytes(with_header(change(header), data))
    with pytest.raises(ValueError):
        GANDetector.load(tmp_path / "forged")
    (tmp_path / "forged").write_bytes(struct.pack("<Q", 2**63) + header + data)
    with pytest.raises(ValueError, match="no whole safetensors file"):
        GANDetector.load(tmp_path / "forged")


@pytest.mark.parametrize(
    "text",
    [
        "",
        "null",
        "[]",
        "1",
        '"format"',
        "{",
        "[" * 10**5,
        '{"format": ' + "9" * 10**4 + "}",
        "\ud800",
    ],
    ids=range(9),
)
def test_metadata_that_is_no_model_is_refused(model: Path, tmp_path: Path, text: str) -> None:
    header, data = header_of(model.read_bytes())
    entries = json.loads(header)
    entries["__metadata__"] = {"pyod_gan": text}
    (tmp_path / "forged").write_bytes(with_header(json.dumps(entries).encode(), data))
    with pytest.raises(ValueError, match=r"no model of pyod-gan|no whole safetensors file"):
        GANDetector.load(tmp_path / "forged")


def test_a_key_that_stands_twice_is_refused(model: Path, tmp_path: Path) -> None:
    header, data = header_of(model.read_bytes())
    entries = json.loads(header)
    said = entries["__metadata__"]["pyod_gan"]
    entries["__metadata__"]["pyod_gan"] = '{"share": 0.5, ' + said[1:]
    (tmp_path / "forged").write_bytes(with_header(json.dumps(entries).encode(), data))
    with pytest.raises(ValueError, match="a key stands twice"):
        GANDetector.load(tmp_path / "forged")


def flip(content: bytes, rng: np.random.Generator) -> bytes:
    """Change one bit."""
    damaged = bytearray(content)
    damaged[rng.integers(len(content))] ^= 1 << rng.integers(8)
    return bytes(damaged)


def test_a_flipped_bit_is_refused_or_does_not_count(model: Path, tmp_path: Path) -> None:
    content, rng = model.read_bytes(), np.random.default_rng(0)
    header = 8 + len(header_of(content)[0])
    expected = GANDetector.load(model).decision_function(X)
    for i in range(100):
        part = header if i % 2 else len(content)  # half of them in the header
        (tmp_path / "damaged").write_bytes(flip(content[:part], rng) + content[part:])
        if loaded := load(tmp_path / "damaged"):  # such as a space of the header
            np.testing.assert_array_equal(loaded.decision_function(X), expected)


def mixed() -> pd.DataFrame:
    """All kinds of columns."""
    n = 60
    dates = pd.date_range("2024-01-01", periods=n)
    return pd.DataFrame(
        {
            "number": np.arange(n) * 0.5,
            "gap": [1.0, np.nan] * (n // 2),
            "digits": [str(i) for i in range(n)],
            "kind": ["x", "y", None] * (n // 3),
            "class": pd.Categorical(["x", "y"] * (n // 2)),
            "flag": pd.array([True, None] * (n // 2), dtype="boolean"),
            "text": [f"row {i} of {i * i}" for i in range(n)],
            "few letters": [f"{i % 50}" + "ab" for i in range(n)],
            "when": dates,
            "hour": pd.date_range("2024-01-01", periods=n, freq="h"),
            "zoned": dates.tz_localize("America/New_York"),
            "offset": dates.tz_localize("+05:30"),
            "utc": dates.tz_localize("UTC"),
            "written": dates.strftime("%d/%m/%Y"),
            "written zoned": dates.tz_localize("Asia/Tokyo").astype(str),
            "lasts": dates - dates[0],
            "nothing": [None] * n,
            "constant": "same",
        }
    )


def test_all_kinds_of_columns_are_read(tmp_path: Path) -> None:
    frame = mixed()
    saved = GANDetector(hidden_layer_sizes=(4,), **QUICK).fit(frame)
    saved.save(tmp_path / "model")
    loaded = GANDetector.load(tmp_path / "model")
    np.testing.assert_array_equal(loaded.decision_function(frame), saved.decision_scores_)


def test_parameters_that_no_fit_takes_are_not_saved(tmp_path: Path) -> None:
    detector = GANDetector(**QUICK).fit(X).set_params(max_iter=0)
    with pytest.raises(ValueError, match="'max_iter' parameter"):
        detector.save(tmp_path / "model")
    assert not (tmp_path / "model").exists()


@pytest.mark.long
@pytest.mark.parametrize("name", [gan.__name__ for gan in FAMILY] + ["mixed"])
def test_thousands_of_flipped_bits(name: str, tmp_path: Path) -> None:
    """Half of the files have a checksum that is right, so that the damage gets further."""
    gan = {gan.__name__: gan for gan in FAMILY}.get(name)
    detector = GANDetector(hidden_layer_sizes=(4,), **QUICK)
    data = X if gan else mixed()
    path = tmp_path / "model"
    detector.set_params(gan=gan() if gan else "auto").fit(data).save(path)
    content, rng = path.read_bytes(), np.random.default_rng(0)
    header = 8 + len(header_of(content)[0])
    for i in range(1000):
        part = (header, len(content))[i % 2]
        (tmp_path / "damaged").write_bytes(flip(content[:part], rng) + content[part:])
        load(tmp_path / "damaged")
    arrays, about = content_of(path)
    names = sorted(arrays)
    for i in range(300 if gan is None else 1000):
        changed, said = dict(arrays), json.dumps(about)
        one = "encoder" if gan is None else names[rng.integers(len(names))]
        if i % 3 and arrays[one].size:
            damaged = flip(arrays[one].tobytes(), rng)
            changed[one] = np.frombuffer(damaged, arrays[one].dtype).reshape(arrays[one].shape)
        else:
            said = flip(said.encode(), rng).decode(errors="replace")
        try:
            entries = json.loads(said)
        except ValueError:
            continue
        safetensors_file.write(tmp_path / "damaged", changed, entries)
        if loaded := load(tmp_path / "damaged"):
            uses(loaded, data)


def uses(detector: GANDetector, data: Any) -> None:
    """Score by a detector that may be forged: it gives scores, or says what is wrong."""
    try:
        assert detector.decision_function(data).shape == (len(data),)
    except ValueError:
        return
