"""Embeddings that a user brings: callables, torch modules, and PyOD's encoders."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Any

import numpy as np
import torch
from pyod.utils.encoders import BaseEncoder, resolve_encoder
from scipy.sparse import issparse
from torch import nn


def embedded(embedding: Any, images: np.ndarray) -> np.ndarray:
    """Turn images (m, H, W, C) float32 into maps of features, (m, K, a, b). A vector is one place.

    Raises
    ------
    ValueError
        If the embedding returns another number of rows, other than 2 or 4 axes, or values that are
        not finite. Also if an encoder gets images whose values do not lie between 0 and 1.
    """
    found: Any
    if isinstance(embedding, nn.Module):
        found = _by_module(embedding, np.moveaxis(images, -1, 1), "images")
    elif isinstance(embedding, str) or hasattr(embedding, "encode"):
        found = _encode(embedding, _bytes_of(images))
    else:
        found = embedding(images)
    features = _as_numbers(found)
    if features.ndim not in (2, 4) or len(features) != len(images) or not features.size:
        raise ValueError(
            "An embedding must return an array (n_images, n_features), or (n_images, n_features, "
            f"height, width). Got {features.shape} for {len(images)} images."
        )
    features = features.astype(np.float32)
    if not np.isfinite(features).all():
        raise ValueError("An embedding must return finite numbers.")
    return features if features.ndim == 4 else features[:, :, None, None]


def embedded_texts(embedding: Any, texts: Sequence[str]) -> np.ndarray:
    """Turn texts into rows of features by a callable or an encoder, (n, K).

    Raises
    ------
    ValueError
        If the embedding returns another number of rows, other than 2 axes, or values that are not
        finite.
    """
    is_encoder = isinstance(embedding, str) or hasattr(embedding, "encode")
    found = _encode(embedding, list(texts)) if is_encoder else embedding(list(texts))
    return _one_row_each(found, len(texts), "texts")


def embedded_clips(embedding: Any, clips: Sequence[np.ndarray], rate: int) -> np.ndarray:
    """Turn clips (n_samples,) float32 into rows of features, (n, K).

    A callable gets a list of arrays, an encoder a list of pairs of an array and its rate, and a
    torch module clip by clip as a tensor, (1, n_samples).

    Raises
    ------
    ValueError
        If the embedding returns another number of rows, other than 2 axes, or values that are not
        finite.
    """
    found: Any
    if isinstance(embedding, nn.Module):
        found = _by_module(embedding, clips, "clips")
    elif isinstance(embedding, str) or hasattr(embedding, "encode"):
        found = _encode(embedding, [(clip, rate) for clip in clips])
    else:
        found = embedding(list(clips))
    return _one_row_each(found, len(clips), "clips")


def _one_row_each(found: Any, n_items: int, kind: str) -> np.ndarray:
    """What an embedding has returned, a row for each item, (n, K) float32."""
    features = _as_numbers(found)
    if features.ndim != 2 or len(features) != n_items or not features.size:
        raise ValueError(
            f"An embedding must return an array (n_{kind}, n_features). Got {features.shape} for "
            f"{n_items} {kind}."
        )
    if not np.isfinite(features.astype(np.float32)).all():
        raise ValueError("An embedding must return finite numbers.")
    return features.astype(np.float32)


def _by_module(module: nn.Module, items: Iterable[np.ndarray], kind: str) -> torch.Tensor:
    """Features by a torch module, in evaluation mode, which is left as it was.

    It gets one item at a time. In a batch, sums of floats depend on the other items.
    """
    training = [part for part in module.modules() if part.training]
    like = next(module.parameters(), torch.empty(0))
    found, shape = [], ()
    try:
        module.eval()
        with torch.no_grad():
            for item in items:
                one, shape = torch.from_numpy(np.ascontiguousarray(item)).to(like), item.shape
                found.append(torch.as_tensor(module(one[None])))
            return torch.cat(found)
    except (TypeError, RuntimeError) as error:
        raise ValueError(
            f"The embedding cannot be used on {kind} as tensors of shape {(1, *shape)}, or returns "
            f"no tensor: {error}"
        ) from error
    finally:
        for part in training:
            part.training = True


def _encode(encoder: Any, items: list[Any]) -> Any:
    """Features by an encoder, or by the name of one of PyOD's."""
    if isinstance(encoder, str | BaseEncoder):
        return resolve_encoder(encoder).encode(items, show_progress=False)
    return encoder.encode(items)


def _bytes_of(images: np.ndarray) -> list[np.ndarray]:
    """Images of 8 bits in colour, as encoders take them, of (m, H, W, C)."""
    if images.min() < 0 or images.max() > 1:
        raise ValueError(
            "An encoder needs images of 8 bits, or values between 0 and 1. Got values from "
            f"{images.min():g} to {images.max():g}."
        )
    colours = images if images.shape[3] >= 3 else np.repeat(images[..., :1], 3, axis=3)
    return list((colours * 255).round().astype(np.uint8))


def _as_numbers(found: Any) -> np.ndarray:
    """What an embedding has returned, as an array of real numbers.

    Raises
    ------
    ValueError
        If it is none.
    """
    if isinstance(found, list | tuple):
        found = [one.detach().cpu() if isinstance(one, torch.Tensor) else one for one in found]
    if issparse(found):
        raise ValueError(
            "An embedding must return a dense array. Got a sparse one; put a TruncatedSVD behind "
            "it, or return its toarray() if it has few columns."
        )
    try:
        features = np.asarray(found.detach().cpu() if isinstance(found, torch.Tensor) else found)
    except (ValueError, TypeError, RuntimeError) as error:
        raise ValueError(f"An embedding must return an array of numbers: {error}") from error
    if features.dtype.kind not in "biuf":
        raise ValueError(
            f"An embedding must return an array of real numbers. Got values of type "
            f"{features.dtype}."
        )
    return features
