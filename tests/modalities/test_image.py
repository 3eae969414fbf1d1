"""ImageDetector: what it finds, maps, one scoring path, files, folders, embeddings, bad input."""

from __future__ import annotations

import pickle
import re
import warnings
from functools import cache
from pathlib import Path

import numpy as np
import pandas as pd
import polars as pl
import pytest
import torch
from PIL import Image
from pyod.models.knn import KNN
from pyod.utils.encoders import BaseEncoder
from sklearn import config_context
from sklearn.base import clone
from sklearn.datasets import load_digits
from sklearn.exceptions import NotFittedError
from sklearn.metrics import roc_auc_score
from sklearn.model_selection import GridSearchCV, KFold
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import FunctionTransformer

from pyod_gan import AnomalyMapDisplay, ImageDetector
from pyod_gan.front_ends.image_parts import (
    PARTS,
    edge_cells,
    enlarged,
    mean_contrast,
    oriented_edges,
    shrunk,
)
from pyod_gan.networks import Conv2d
from pyod_gan.persist import safetensors_file

QUICK = {"max_iter": 10, "random_state": 0}


def rings(n: int = 80, seed: int = 0, side: int = 20) -> np.ndarray:
    """Noisy images of a ring, values about 0 to 1."""
    rng = np.random.default_rng(seed)
    rows, columns = np.mgrid[:side, :side]
    apart = np.hypot(rows - side / 2, columns - side / 2) - side / 3
    clean = 0.2 + 0.6 * np.exp(-((apart / 2) ** 2))
    return np.clip(clean + 0.03 * rng.normal(size=(n, side, side)), 0, 1)


def spotted(n: int = 20, seed: int = 1) -> tuple[np.ndarray, np.ndarray]:
    """Rings with a small spot, and masks of the spots."""
    images, rng = rings(n, seed), np.random.default_rng(seed)
    masks = np.zeros(images.shape, dtype=int)
    for image, mask in zip(images, masks, strict=True):
        top, left = rng.integers(2, 15, 2)
        image[top : top + 3, left : left + 3] = 1 - image[top : top + 3, left : left + 3]
        mask[top : top + 3, left : left + 3] = 1
    return images, masks


@cache
def fitted() -> ImageDetector:
    """Quick and only to be read."""
    return ImageDetector(**QUICK).fit(rings())


def write(folder: Path, images: np.ndarray) -> list[Path]:
    """Write images of 8 bits as files."""
    paths = [folder / f"{i:03}.png" for i in range(len(images))]
    for path, image in zip(paths, images, strict=True):
        Image.fromarray(image).save(path)
    return paths


def as_bytes(images: np.ndarray) -> np.ndarray:
    return (images * 255).round().astype(np.uint8)


@pytest.mark.parametrize("digit", [1, 3, 8])
def test_other_digits_score_higher(digit: int) -> None:
    """One-class, drawn at random: higher than with the 5 nearest images on pixels."""
    data, rng = load_digits(), np.random.default_rng(digit)
    normal = rng.permutation(np.flatnonzero(data.target == digit))
    fit, held_out = np.array_split(data.images[normal], 2)
    scored = np.concatenate([held_out, data.images[data.target != digit]])
    y = np.arange(len(scored)) >= len(held_out)
    ours = ImageDetector(max_iter=50, random_state=digit).fit(fit).decision_function(scored)
    nearest = KNN().fit(fit.reshape(len(fit), -1))
    theirs = nearest.decision_function(scored.reshape(len(scored), -1))
    assert roc_auc_score(y, ours) > max(roc_auc_score(y, theirs), 0.99)


@pytest.mark.parametrize("seed", [0, 1, 2])
def test_small_defects_are_found_and_located(seed: int) -> None:
    (odd, masks), good = spotted(20, seed + 10), rings(40, seed + 20)
    detector = ImageDetector(max_iter=50, random_state=seed).fit(rings(80, seed))
    scores = detector.decision_function(np.concatenate([good, odd]))
    assert roc_auc_score(np.repeat([0, 1], [40, 20]), scores) > 0.95
    maps = detector.anomaly_maps(odd)
    assert maps.shape == odd.shape
    assert roc_auc_score(masks.ravel(), maps.ravel()) > 0.9


@pytest.mark.parametrize("part", ["shape", "sections", "texture", "detail", "pixels"])
def test_what_each_part_sees(part: str) -> None:
    """Edges have no brightness, and patches know only roughly where they are."""
    detector = ImageDetector(parts=(part,), **QUICK).fit(rings())
    good, y = rings(20, seed=4), np.repeat([0, 1], 20)

    def auroc(odd: np.ndarray) -> float:
        scores = detector.decision_function(np.concatenate([good, odd]))
        return float(roc_auc_score(y, scores))

    assert auroc(np.roll(rings(20, seed=3), 6, axis=2)) > 0.99
    stripes = np.arange(20) // 2 % 2
    assert auroc(rings(20, seed=3) + 0.2 * stripes) > 0.99
    brighter = auroc(1.3 * rings(20, seed=3) + 0.2)
    assert brighter > 0.99 if part in ("detail", "pixels") else brighter < 0.9


def test_pyods_interface() -> None:
    X, detector = rings(), fitted()
    np.testing.assert_array_equal(detector.decision_function(X), detector.decision_scores_)
    np.testing.assert_array_equal(detector.predict(X), detector.labels_)
    assert detector.labels_.sum() == 8
    assert {part: len(own) for part, own in detector.detectors_.items()} == {
        "shape": 1,
        "sections": 4,
        "texture": 1,
        "detail": 1,
    }
    assert detector.image_shape_ == (20, 20, 1)
    assert detector.n_features_in_ == 400
    assert detector.names_ == list(range(80))
    assert detector.skipped_ == []
    assert detector.predict_proba(X).shape == (80, 2)
    again = clone(detector).fit(X)
    np.testing.assert_array_equal(again.decision_scores_, detector.decision_scores_)
    other = clone(detector).set_params(random_state=1).fit(X)
    assert not np.array_equal(other.decision_scores_, detector.decision_scores_)
    p = clone(detector).fit(X).calibrate(rings(30, seed=1)).p_values(X)
    assert ((p > 0) & (p <= 1)).all()
    with pytest.raises(NotFittedError):
        ImageDetector().anomaly_maps(X)


def test_a_score_does_not_depend_on_the_other_images() -> None:
    X = rings(30, seed=5)
    whole, maps = fitted().decision_function(X), fitted().anomaly_maps(X)
    for i in (0, 17):
        np.testing.assert_array_equal(fitted().decision_function(X[i : i + 1]), whole[i : i + 1])
        np.testing.assert_allclose(fitted().anomaly_maps(X[i : i + 1]), maps[i : i + 1], atol=1e-6)
    with config_context(working_memory=0.05):
        np.testing.assert_array_equal(fitted().decision_function(X), whole)


@pytest.mark.parametrize("name", list(PARTS))
def test_maps_and_scores_agree(name: str) -> None:
    """One window's map has its score as mean, and no map exceeds what its windows can share out."""
    small = shrunk(spotted()[0][..., None].astype(np.float32), 32)
    (fitted_part,) = ImageDetector(parts=(name,), **QUICK).fit(rings())._model.parts
    maps, by_window = fitted_part.maps(small), fitted_part.row_scores(small)
    if by_window.shape[1] == 1:
        np.testing.assert_allclose(maps.mean(axis=(1, 2)), by_window[:, 0], atol=1e-6)
    if fitted_part.part.has_position:
        assert (maps.max(axis=(1, 2)) <= by_window.max(axis=1) + 1e-9).all()
        assert (maps.min(axis=(1, 2)) >= by_window.min(axis=1) - 1e-9).all()
    found = np.corrcoef(maps.max(axis=(1, 2)), fitted_part.scores(small))[0, 1]
    assert found > 0.3


def test_grid_search_pipelines_and_copies() -> None:
    X, y = np.concatenate([rings(40), spotted(20)[0]]), np.repeat([0, 1], [40, 20])
    search = GridSearchCV(
        ImageDetector(**QUICK),
        {"parts": [("shape",), ("detail",)]},
        scoring="roc_auc",
        cv=KFold(2, shuffle=True, random_state=0),
    ).fit(X, y)
    assert search.cv_results_["mean_test_score"].min() > 0.7
    grid = {"network__channels": [(4,), (8,)]}
    conv = ImageDetector("ganomaly", network=Conv2d(), **QUICK)
    folds = KFold(2, shuffle=True, random_state=0)
    found = GridSearchCV(conv, grid, scoring="roc_auc", cv=folds).fit(X, y)
    assert list(found.best_estimator_.detectors_) == ["pixels"]
    pipeline = make_pipeline(FunctionTransformer(lambda X: X**2), ImageDetector(**QUICK)).fit(X)
    assert pipeline.decision_function(X).shape == (60,)
    twin = pickle.loads(pickle.dumps(fitted()))
    np.testing.assert_array_equal(twin.decision_function(X), fitted().decision_function(X))


def test_colour_and_other_sizes() -> None:
    rng = np.random.default_rng(0)
    for shape in ((30, 12, 40, 3), (30, 4, 4), (30, 50, 70, 2), (30, 5, 31), (30, 9, 9, 4)):
        X = rng.random(shape)
        X[:, : shape[1] // 2] += 1
        detector = ImageDetector(**QUICK).fit(X)
        assert np.isfinite(detector.decision_scores_).all()
        assert detector.anomaly_maps(X[:3]).shape == (3, *shape[1:3])
        odd = X[:5][:, ::-1]
        assert detector.decision_function(odd).min() > np.median(detector.decision_scores_)


def test_larger_sizes_see_finer_detail() -> None:
    """A spot of 2 of 64 pixels on a side is too small for a quarter of the size."""
    X, odd = rings(40, side=64), rings(20, seed=1, side=64)
    odd[:, 10:12, 40:42] += 0.3
    scored, y = np.concatenate([rings(20, seed=2, side=64), odd]), np.repeat([0, 1], 20)
    coarse, fine = (
        ImageDetector(parts=("detail",), size=size, **QUICK).fit(X).decision_function(scored)
        for size in (8, 64)
    )
    assert roc_auc_score(y, fine) > 0.99
    assert roc_auc_score(y, fine) > roc_auc_score(y, coarse)


@pytest.mark.parametrize("gan", ["alad", "aae", "wgan"])
def test_convolutions_see_pixels(gan: str) -> None:
    detector = ImageDetector(gan, network="conv2d", **QUICK).fit(rings(30))
    assert list(detector.detectors_) == ["pixels"]
    assert detector.detectors_["pixels"][0].settings_.network.shape == (1, 20, 20)
    assert detector.anomaly_maps(rings(2)).shape == (2, 20, 20)
    shapes = ImageDetector(gan, parts=("shape",), network="conv2d", **QUICK).fit(rings(30))
    assert shapes.detectors_["shape"][0].settings_.network.shape == (4, 10, 10)


def test_folders_lists_of_paths_and_arrays_are_one(tmp_path: Path) -> None:
    images = as_bytes(rings(20))
    paths = write(tmp_path, images)
    (tmp_path / "notes.txt").write_text("no image")
    (tmp_path / "more").mkdir()
    moved = tmp_path / "more" / paths[-1].name
    paths[-1].rename(moved)
    from_folder = ImageDetector(**QUICK).fit(tmp_path)
    assert from_folder.names_[:2] == ["000.png", "001.png"]
    assert from_folder.names_[-1] == "more/019.png"
    expected = from_folder.decision_scores_
    for X in (images, images[..., None], images / 255.0, list(images), [*paths[:-1], moved]):
        np.testing.assert_allclose(ImageDetector(**QUICK).fit(X).decision_scores_, expected)
        np.testing.assert_allclose(from_folder.decision_function(X), expected, atol=1e-6)
    np.testing.assert_array_equal(from_folder.predict(str(tmp_path)), from_folder.labels_)


def test_kinds_of_files(tmp_path: Path) -> None:
    """Palettes, transparency, 16 bits, turned pictures, and grey ones among colours."""
    images = as_bytes(rings(12))
    colours = np.repeat(images[..., None], 3, axis=3)
    Image.fromarray(images[0]).save(tmp_path / "a.jpg", quality=95)
    Image.fromarray(colours[1]).convert("L").save(tmp_path / "b.gif")
    Image.fromarray(np.dstack([colours[2], images[2]]), "RGBA").save(tmp_path / "c.png")
    Image.fromarray(colours[3]).save(tmp_path / "d.bmp")
    exif = Image.Exif()
    exif[0x0112] = 6  # to be turned by 90°
    Image.fromarray(np.rot90(colours[4])).save(tmp_path / "e.jpg", exif=exif, quality=95)
    detector = ImageDetector(**QUICK).fit(tmp_path)
    assert detector.image_shape_ == (20, 20, 3)
    read = detector.read_images(tmp_path)
    for i in (0, 1, 2, 3, 4):
        np.testing.assert_allclose(read[i], colours[i] / 255, atol=0.08)
    Image.fromarray((rings(1)[0] * 65535).astype(np.uint16)).save(tmp_path / "f.png")
    np.testing.assert_allclose(
        detector.read_images([tmp_path / "f.png"])[0, ..., 0], rings(1)[0], atol=1e-3
    )


def test_ranges() -> None:
    images = rings(20)
    whole = ImageDetector(**QUICK).fit(as_bytes(images).astype(float))
    np.testing.assert_allclose(  # whole numbers stay as they are, beside floats up to 255
        whole.decision_function(as_bytes(images)), whole.decision_scores_, atol=1e-6
    )
    shares = ImageDetector(**QUICK).fit(as_bytes(images))
    with pytest.raises(ValueError, match="values up to 255, and images of fit had at most"):
        shares.decision_function(np.full((1, 20, 20), 255.0))
    noisy = ImageDetector(**QUICK).fit(images + 0.1)  # a little above 1
    fresh = rings(20, seed=9) + 0.1
    close = noisy.decision_function(as_bytes(np.clip(fresh, 0, 1)))
    assert np.abs(close - noisy.decision_function(np.clip(fresh, 0, 1))).max() < 0.5
    with pytest.raises(ValueError, match="8 or 16 bits lie beside others with values up to 255"):
        ImageDetector(**QUICK).fit([as_bytes(images)[0], np.full((20, 20), 255.0)])


def test_ranges_are_those_after_resizing() -> None:
    """A few bright pixels are grey when an image is made smaller."""
    rng = np.random.default_rng(0)
    stars = np.zeros((20, 64, 64), dtype=np.uint8)
    for image in stars:
        image[rng.integers(0, 64, 9), rng.integers(0, 64, 9)] = 255
    detector = ImageDetector(resize=(8, 8), **QUICK).fit(stars)
    np.testing.assert_array_equal(detector.decision_function(stars), detector.decision_scores_)


def test_a_bright_image_among_dark_ones_is_an_anomaly() -> None:
    dark = (np.random.default_rng(0).random((40, 16, 16)) * 12).astype(np.uint8)
    detector = ImageDetector(**QUICK).fit(dark)
    bright = dark[:1].copy()
    bright[0, 4:8, 4:8] = 255
    assert detector.predict(bright).tolist() == [1]
    assert detector.decision_function(bright)[0] > detector.decision_scores_.max()


def test_columns_of_paths_and_links(tmp_path: Path) -> None:
    paths = write(tmp_path, as_bytes(rings(20)))
    detector = ImageDetector(**QUICK).fit(tmp_path)
    of_paths = detector.decision_function(list(map(str, paths)))
    column = pd.Series(list(map(str, paths)), index=np.arange(20)[::-1])
    for given in (column, column.to_frame("photo"), pl.Series(column.to_list())):
        np.testing.assert_array_equal(detector.decision_function(given), of_paths)
    with pytest.raises(ValueError, match=r"shape \(20, 2\); reshape flat rows"):
        detector.decision_function(pd.DataFrame({"a": column, "b": column}))
    elsewhere = tmp_path / "linked"
    elsewhere.mkdir()
    (elsewhere / "folder").symlink_to(tmp_path)  # which has this one below it
    (elsewhere / "latest").symlink_to(tmp_path)  # each is looked at once
    (elsewhere / "nothing.png").symlink_to(tmp_path / "no.png")
    (elsewhere / "phone.heic").write_bytes(b"not read by Pillow")
    with pytest.raises(ValueError, match="2 of 22 images cannot be used") as error:
        detector.decision_function(elsewhere)
    assert "nothing.png: " in str(error.value) and "phone.heic: cannot identify" in str(error.value)


def test_images_that_cannot_be_used_are_all_named(tmp_path: Path) -> None:
    paths = write(tmp_path, as_bytes(rings(20)))
    (tmp_path / "empty.png").touch()
    (tmp_path / "words.png").write_text("no image")
    cut = tmp_path / "cut.png"
    cut.write_bytes(paths[0].read_bytes()[:200])
    Image.fromarray(as_bytes(rings(1, side=10))[0]).save(tmp_path / "small.png")
    with pytest.raises(ValueError, match="4 of 24 images cannot be used") as error:
        ImageDetector(**QUICK).fit(tmp_path)
    for name in ("empty.png: the file is empty", "words.png: cannot identify", "cut.png: "):
        assert name in str(error.value)
    assert "small.png: it has 10 × 10 pixels instead of 20 × 20; resize=(20, 20)" in str(
        error.value
    )
    assert "on_error='skip'" in str(error.value)
    with pytest.warns(
        UserWarning, match=r"4 image\(s\) could not be used, and have no score: cut.png"
    ):
        detector = ImageDetector(on_error="skip", **QUICK).fit(tmp_path)
    assert detector.skipped_ == ["cut.png", "empty.png", "small.png", "words.png"]
    assert len(detector.decision_scores_) == len(detector.names_) == 20
    with pytest.warns(UserWarning, match="4 image"):
        scores = detector.decision_function(tmp_path)
    np.testing.assert_array_equal(np.isnan(scores), [0] * 20 + [1] * 4)
    np.testing.assert_array_equal(scores[:20], detector.decision_scores_)
    with pytest.warns(UserWarning, match="4 image"):
        assert detector.predict(tmp_path)[20:].sum() == 0
    with pytest.raises(ValueError, match="4 of 24 images cannot be used"):
        detector.set_params(on_error="raise").decision_function(tmp_path)
    resized = ImageDetector(resize=(16, 16), **QUICK).fit([*paths, tmp_path / "small.png"])
    assert resized.image_shape_ == (16, 16, 1)
    assert len(resized.decision_scores_) == 21


@pytest.mark.parametrize(
    ("X", "message"),
    [
        (rings(1), "at least 2 images. Got 1"),
        ([], "no images in X"),
        (rings(3).reshape(3, -1), re.escape("array of shape (3, 400); reshape flat rows")),
        (rings(3)[0], "wrap a single image in a list"),
        ([rings(1)[0], [[1, 2], [3]]], r"X\[1\]: its rows have different lengths"),
        ([rings(1)[0], rings(1)[0], rings(1, side=9)[0]], r"X\[2\]: it has 9 × 9 pixels"),
        (np.moveaxis(np.stack([rings(5)] * 3), 0, 1), "channels come last"),
        (np.full((3, 20, 20), np.nan), "missing, infinite or huge"),
        (np.full((3, 20, 20), "a"), "are no numbers"),
        (rings(4, side=3), "at least 4 × 4 pixels"),
        ("nowhere", "nowhere is none"),
        ([rings(1)[0], "a.png"], "paths or images, not both"),
    ],
)
def test_bad_images(X: object, message: str) -> None:
    with pytest.raises(ValueError, match=message):
        ImageDetector(**QUICK).fit(X)


def test_what_cannot_be_scored_is_no_number_anywhere(tmp_path: Path) -> None:
    """Skipped images neither move a threshold nor have a p-value or a confidence."""
    good, broken = rings(30, seed=4), [*rings(30, seed=4)]
    broken[3], broken[5] = broken[3][:5], np.full((20, 20), np.nan)
    detector = ImageDetector(on_error="skip", **QUICK).fit(rings())
    with pytest.warns(UserWarning, match=r"2 image\(s\)"):
        detector.calibrate(broken)
    assert len(detector.conformal_scores_) == 28
    detector.set_threshold(fpr=0.1)
    detector.save(tmp_path / "m")
    ImageDetector.load(tmp_path / "m").predict(good)
    for adjust in (None, "bh"):
        with pytest.warns(UserWarning):
            p = detector.p_values(broken, adjust=adjust)
        np.testing.assert_array_equal(np.flatnonzero(np.isnan(p)), [3, 5])
    with pytest.warns(UserWarning):
        assert np.isnan(detector.predict_confidence(broken)[[3, 5]]).all()
    with pytest.warns(UserWarning):
        assert np.isnan(detector.decision_function([good[0][:5]])).all()


def test_an_image_may_occur_twice(tmp_path: Path) -> None:
    path = write(tmp_path, as_bytes(rings(1, seed=2)))[0]
    first, second = fitted().decision_function([path, path])
    assert first == second


def test_images_of_pillow_and_torch() -> None:
    images = as_bytes(rings(4, seed=2))
    expected = fitted().decision_function(images)
    colours = [Image.fromarray(image).convert("P") for image in images]
    np.testing.assert_array_equal(fitted().decision_function(colours), expected)
    tensors = [torch.tensor(image / 255.0, requires_grad=True) for image in images]
    np.testing.assert_allclose(fitted().decision_function(tensors), expected, atol=1e-5)


def test_a_huge_image_in_a_small_file(tmp_path: Path) -> None:
    """Pillow's own error for a decompression bomb is none of those that decoders raise."""
    path = write(tmp_path, as_bytes(rings(1)))[0]
    damaged = bytearray(path.read_bytes())
    damaged[16:24] = (60000).to_bytes(4, "big") * 2  # width and height in the header
    bomb = tmp_path / "bomb.png"
    bomb.write_bytes(bytes(damaged))
    with pytest.raises(ValueError, match="bomb"):
        fitted().decision_function(tmp_path)


def test_an_empty_folder(tmp_path: Path) -> None:
    with pytest.raises(ValueError, match="no images in the folder"):
        ImageDetector(**QUICK).fit(tmp_path)
    (tmp_path / "a.png").touch()
    with pytest.raises(
        ValueError, match=r"1 of 1 images cannot be used. a.png: the file is empty\.$"
    ):
        ImageDetector(on_error="skip", **QUICK).fit(tmp_path)


@pytest.mark.parametrize(
    ("params", "message"),
    [
        ({"parts": ("edges",)}, "some of shape, sections, texture, detail, pixels"),
        ({"parts": ()}, "each once"),
        ({"parts": ("shape", "shape")}, "each once"),
        ({"parts": ("embedding",)}, "need each other"),
        ({"parts": ("shape",), "embedding": np.mean}, "need each other"),
        ({"parts": ("texture", "pixels"), "network": "conv2d"}, "Rows of texture hold positions"),
        ({"resize": (3,)}, "height and a width"),
        ({"resize": (3, 0.5)}, "height and a width"),
        ({"size": 4}, "'size' parameter"),
        ({"on_error": "ignore"}, "'on_error' parameter"),
        ({"max_iter": 0}, "'max_iter' parameter"),
    ],
)
def test_bad_parameters(params: dict, message: str) -> None:
    detector = clone(fitted()).fit(rings())
    before = detector.decision_function(rings(5))
    with pytest.raises(ValueError, match=message):
        detector.set_params(**params).fit(rings(30, seed=9))
    np.testing.assert_array_equal(detector.decision_function(rings(5)), before)


def test_scoring_refuses_other_images() -> None:
    with pytest.raises(ValueError, match="it has 9 × 9 pixels instead of 20 × 20"):
        fitted().decision_function(rings(3, side=9))
    with pytest.raises(ValueError, match="it has 3 channels instead of 1"):
        fitted().decision_function(np.zeros((2, 20, 20, 3)))


def means_of_quarters(images: np.ndarray) -> np.ndarray:
    """A vector for each image, (m, H, W, C) -> (m, 4)."""
    return images.reshape(len(images), 4, -1).mean(axis=2)


class Means(BaseEncoder):
    """An encoder of PyOD."""

    def encode(self, X: list, batch_size: int = 32, show_progress: bool = True) -> np.ndarray:
        assert X[0].dtype == np.uint8
        assert X[0].shape == (20, 20, 3)
        return np.stack([image.reshape(4, -1).mean(axis=1) for image in X])


def test_embeddings() -> None:
    odd = rings(10, seed=2)
    odd[:, :10] += 0.5
    y, scored = np.repeat([0, 1], 10), np.clip(np.concatenate([rings(10, seed=3), odd]), 0, 1)
    torch.manual_seed(0)
    net = torch.nn.Sequential(torch.nn.Conv2d(1, 6, 3, stride=2), torch.nn.Dropout(0.5))
    for embedding in (means_of_quarters, Means(), net):
        detector = ImageDetector(embedding=embedding, **QUICK).fit(rings())
        assert list(detector.detectors_) == ["embedding"]
        assert roc_auc_score(y, detector.decision_function(scored)) > 0.95
        maps = detector.anomaly_maps(scored[10:])
        assert maps.shape == (10, 20, 20)
        np.testing.assert_array_equal(
            detector.decision_function(rings()), detector.decision_scores_
        )
    assert net.training
    scores = detector.decision_function(scored)
    for i in (0, 7, 19):  # sums in a batch would be in another order
        np.testing.assert_array_equal(
            detector.decision_function(scored[i : i + 1]), scores[i : i + 1]
        )
    both = ImageDetector(parts=("shape", "embedding"), embedding=net, **QUICK).fit(rings())
    assert list(both.detectors_) == ["shape", "embedding"]


def test_a_map_by_occlusion_shows_the_place() -> None:
    odd = rings(5, seed=2)
    odd[:, 2:6, 2:6] = 1
    detector = ImageDetector(embedding=lambda X: X.reshape(len(X), -1), random_state=0).fit(rings())
    for scores in detector.anomaly_maps(odd):
        top, left = np.unravel_index(scores.argmax(), scores.shape)
        assert 1 <= top <= 7
        assert 1 <= left <= 7


@pytest.mark.parametrize(
    ("embedding", "message"),
    [
        (lambda X: X[:1, 0, 0], "for 80 images"),
        (lambda X: X[:, 0], r"Got \(80, 20, 1\)"),
        (lambda X: np.full((len(X), 2), np.nan), "finite numbers"),
        (lambda X: np.zeros((len(X), 0)), "must return an array"),
        (lambda X: X[:, 0, 0] * 1j, "real numbers"),
        (lambda X: [[1], [1, 2]] * 40, "array of numbers"),
        (torch.nn.Linear(3, 2), "cannot be used on images as tensors"),
    ],
)
def test_bad_embeddings(embedding: object, message: str) -> None:
    with pytest.raises(ValueError, match=message):
        ImageDetector(embedding=embedding, **QUICK).fit(rings())


def test_encoders_need_the_range_of_8_bits() -> None:
    with pytest.raises(ValueError, match="values between 0 and 1"):
        ImageDetector(embedding=Means(), **QUICK).fit(2 * np.round(rings()))


def test_files(tmp_path: Path) -> None:
    path, X = tmp_path / "images.model", rings()
    detector = ImageDetector(contamination=0.05, resize=(18, 18), **QUICK).fit(X)
    detector.calibrate(rings(20, seed=1))
    detector.save(path)
    twin = ImageDetector.load(path)
    np.testing.assert_array_equal(twin.decision_function(X), detector.decision_scores_)
    np.testing.assert_array_equal(twin.p_values(X), detector.p_values(X))
    assert twin.names_ == detector.names_
    assert twin.threshold_ == detector.threshold_
    np.testing.assert_array_equal(twin.anomaly_maps(X[:3]), detector.anomaly_maps(X[:3]))
    clone(twin).fit(X)
    own = ImageDetector(embedding=means_of_quarters, **QUICK).fit(X)
    own.save(path)
    with pytest.raises(ValueError, match="detector of an embedding, which is not in the file"):
        ImageDetector.load(path)
    loaded = ImageDetector.load(path, embedding=means_of_quarters)
    np.testing.assert_array_equal(loaded.decision_function(X), own.decision_scores_)


@pytest.mark.parametrize(
    "change",
    [
        lambda about: about["own"].update(size=0),
        lambda about: about["own"].update(size="32"),
        lambda about: about["own"]["parts"].pop(),
        lambda about: about["own"]["parts"][0].update(name="edges"),
        lambda about: about["own"]["parts"][0].update(constant=None),
        lambda about: about["own"]["parts"][0].update(unit=[0.0, 0.0]),
        lambda about: about["own"]["parts"][1].update(n_detectors=3),
        lambda about: about["own"]["parts"][1].update(n_detectors=7),
        lambda about: about["own"]["images"].update(shape=[0, 1, 1]),
        lambda about: about["own"]["images"].update(largest=None),
        lambda about: about["own"]["images"].update(resize=[4]),
        lambda about: about["own"].pop("names"),
        lambda about: about["own"]["names"].pop(),
        lambda about: about["own"]["parts"][0].update(unit=[0.0, float("inf")]),
        lambda about: about.update(kind="SeriesDetector"),
    ],
)
def test_changed_files_are_refused(tmp_path: Path, change: object) -> None:
    path = tmp_path / "images.model"
    fitted().save(path)
    arrays, about = safetensors_file.read(path)
    change(about)
    safetensors_file.write(path, arrays, about)
    with pytest.raises(ValueError, match=re.escape(str(path))):
        ImageDetector.load(path)


def test_reasons() -> None:
    odd, masks = spotted(6)
    X = np.concatenate([rings(20, seed=7), odd])
    detector = ImageDetector(contamination=0.02, random_state=0).fit(rings())
    frame = detector.explain_frame(X)
    assert list(frame.columns[:4]) == ["image", "score", "part", "part_score"]
    flagged = np.flatnonzero(detector.predict(X))
    assert frame["image"].unique().tolist() == flagged.tolist()
    assert frame.groupby("image").size().eq(4).all()
    for image, lines in frame.groupby("image"):
        assert lines["part_score"].is_monotonic_decreasing
        assert lines["part_score"].mean() == pytest.approx(lines["score"].iloc[0], abs=1e-6)
        if image >= 20:
            first = lines.iloc[0]
            mask = masks[image - 20]
            assert mask[first.top : first.bottom + 1, first.left : first.right + 1].any()
            assert f"rows {first.top} to {first.bottom}" in first.reason
    none = detector.explain_frame(rings(3))
    assert isinstance(none, pd.DataFrame)
    assert list(none.columns) == list(frame.columns)


def test_display(tmp_path: Path) -> None:
    odd, _ = spotted(1)
    display = AnomalyMapDisplay.from_estimator(fitted(), odd[0])
    assert display.score == fitted().decision_function(odd)[0]
    assert f"score {display.score:.3g}" in display.ax_.get_title()
    assert display.anomaly_map.shape == (20, 20)
    path = write(tmp_path, as_bytes(odd))[0]
    other = AnomalyMapDisplay.from_estimator(fitted(), path, ax=display.ax_)
    assert other.figure_ is display.figure_
    skips = pickle.loads(pickle.dumps(fitted())).set_params(on_error="skip")
    with pytest.warns(UserWarning), pytest.raises(ValueError, match="has no score"):
        AnomalyMapDisplay.from_estimator(skips, odd[0][:9])


def test_equal_images_and_constant_ones() -> None:
    for X in (np.zeros((10, 12, 12)), np.repeat(rings(1), 10, axis=0)):
        detector = ImageDetector(**QUICK).fit(X)
        assert np.isfinite(detector.decision_scores_).all()
        odd = X[:1].copy()
        odd[0, 5:8, 5:8] += 0.5
        assert detector.decision_function(odd)[0] > detector.decision_scores_.max()


def test_edges_have_directions_and_no_brightness() -> None:
    step = np.zeros((1, 1, 16, 16))
    step[..., 8:] = 1
    edges = oriented_edges(step, mean_contrast(step))
    right, down, left, up = edges[0].sum(axis=(1, 2))
    assert right > 0
    assert down == left == up == 0
    brighter = oriented_edges(3 * step + 1, mean_contrast(3 * step + 1))
    np.testing.assert_allclose(brighter, edges)
    assert oriented_edges(np.zeros((1, 1, 9, 9)), 0.0).max() == 0
    for other in (step[:, :, ::-1], np.zeros_like(step)):  # an image does not see its neighbours
        beside = oriented_edges(np.concatenate([step, other]), mean_contrast(step))
        np.testing.assert_array_equal(beside[:1], edges)
    assert edge_cells((16, 16)) == (16, 16)
    assert edge_cells((32, 32)) == (16, 16)
    assert edge_cells((64, 32)) == (32, 16)


def test_patches_cover_the_image() -> None:
    for size in ((8, 8), (28, 28), (7, 30), (32, 32), (64, 48), (4, 4)):
        for name in PARTS:
            part = PARTS[name]().fit(np.random.default_rng(0).random((3, 1, *size)))
            images = np.zeros((2, 1, *size))
            maps = part.maps(images, np.ones(part.rows(images).shape[:2]), None)
            np.testing.assert_allclose(maps, 1)
            assert enlarged(maps, (5, 6)).shape == (2, 5, 6)


def test_nothing_is_left_behind() -> None:
    state = np.random.get_state()[1].copy()
    filters = list(warnings.filters)
    clone(fitted()).fit(rings(20)).anomaly_maps(rings(2))
    np.testing.assert_array_equal(np.random.get_state()[1], state)
    assert warnings.filters == filters
