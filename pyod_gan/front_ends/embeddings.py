"""Embeddings that a user brings: callables, torch modules, and PyOD's encoders."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
import torch
from pyod.utils.encoders import resolve_encoder
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
        found = _by_module(embedding, images)
    elif isinstance(embedding, str) or hasattr(embedding, "encode"):
        found = _by_encoder(embedding, images)
    else:
        found = embedding(images)
    features = np.asarray(found.detach().cpu() if isinstance(found, torch.Tensor) else found)
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
    encoder = resolve_encoder(embedding) if is_encoder else None
    found = (
        embedding(list(texts))
        if encoder is None
        else encoder.encode(list(texts), show_progress=False)
    )
    features = np.asarray(found.detach().cpu() if isinstance(found, torch.Tensor) else found)
    if features.ndim != 2 or len(features) != len(texts) or not features.size:
        raise ValueError(
            "An embedding must return an array (n_texts, n_features). Got "
            f"{features.shape} for {len(texts)} texts."
        )
    if not np.isfinite(features.astype(np.float32)).all():
        raise ValueError("An embedding must return finite numbers.")
    return features.astype(np.float32)


def _by_module(module: nn.Module, images: np.ndarray) -> torch.Tensor:
    """Features by a torch module, in evaluation mode, which is left as it was."""
    training = [part for part in module.modules() if part.training]
    first = next(module.parameters(), torch.empty(0))
    pixels = torch.from_numpy(np.ascontiguousarray(np.moveaxis(images, -1, 1)))
    try:
        module.eval()
        with torch.no_grad():
            return torch.as_tensor(module(pixels.to(first.device)))
    finally:
        for part in training:
            part.training = True


def _by_encoder(encoder: Any, images: np.ndarray) -> np.ndarray:
    """Features by an encoder of PyOD, which takes images of 8 bits."""
    if images.min() < 0 or images.max() > 1:
        raise ValueError(
            "An encoder needs images of 8 bits, or values between 0 and 1. Got values from "
            f"{images.min():g} to {images.max():g}."
        )
    colours = images if images.shape[3] >= 3 else np.repeat(images[..., :1], 3, axis=3)
    bytes_ = (colours * 255).round().astype(np.uint8)
    return np.asarray(resolve_encoder(encoder).encode(list(bytes_), show_progress=False))
