"""GAN detectors for tables, series, images, texts and audio, as in scikit-learn and PyOD."""

from __future__ import annotations

from importlib import import_module
from importlib.metadata import version
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from ._support.exceptions import TrainingCollapsedError, TrainingCollapseWarning
    from .detector import GANDetector
    from .display import (
        AnomalyMapDisplay,
        ExplanationDisplay,
        FrameScoreDisplay,
        HistoryDisplay,
        MapDisplay,
        ScoreDisplay,
        report,
    )
    from .gans import (
        AAE,
        ALAD,
        ALOCC,
        GAN,
        GSAAL,
        MADGAN,
        MOGAAL,
        OCGAN,
        RCGAN,
        SOGAAL,
        USAD,
        WGAN,
        AnoGAN,
        BaseGAN,
        BiGAN,
        FAnoGAN,
        FenceGAN,
        GANomaly,
        PrototypeGAN,
        TadGAN,
        ViewGAN,
    )
    from .modalities import (
        AudioDetector,
        ImageDetector,
        RecordDetector,
        SeriesDetector,
        TextDetector,
    )
    from .outlier import GANOutlierDetector
    from .planning import pyod_engine

__version__ = version("pyod-gan")

__all__ = [
    "AAE",
    "ALAD",
    "ALOCC",
    "GAN",
    "GSAAL",
    "MADGAN",
    "MOGAAL",
    "OCGAN",
    "RCGAN",
    "SOGAAL",
    "USAD",
    "WGAN",
    "AnoGAN",
    "AnomalyMapDisplay",
    "AudioDetector",
    "BaseGAN",
    "BiGAN",
    "ExplanationDisplay",
    "FAnoGAN",
    "FenceGAN",
    "FrameScoreDisplay",
    "GANDetector",
    "GANOutlierDetector",
    "GANomaly",
    "HistoryDisplay",
    "ImageDetector",
    "MapDisplay",
    "PrototypeGAN",
    "RecordDetector",
    "ScoreDisplay",
    "SeriesDetector",
    "TadGAN",
    "TextDetector",
    "TrainingCollapseWarning",
    "TrainingCollapsedError",
    "ViewGAN",
    "pyod_engine",
    "report",
]

_ELSEWHERE = {  # public names that are not in gans
    "AnomalyMapDisplay": "display",
    "AudioDetector": "modalities",
    "ExplanationDisplay": "display",
    "FrameScoreDisplay": "display",
    "GANDetector": "detector",
    "GANOutlierDetector": "outlier",
    "HistoryDisplay": "display",
    "ImageDetector": "modalities",
    "MapDisplay": "display",
    "RecordDetector": "modalities",
    "ScoreDisplay": "display",
    "SeriesDetector": "modalities",
    "TextDetector": "modalities",
    "TrainingCollapseWarning": "_support.exceptions",
    "TrainingCollapsedError": "_support.exceptions",
    "pyod_engine": "planning",
    "report": "display",
}


def __getattr__(name: str) -> Any:
    """Load public names on first use (PEP 562), so that importing the package loads no torch."""
    if name not in __all__:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    return getattr(import_module(f".{_ELSEWHERE.get(name, 'gans')}", __name__), name)


def __dir__() -> list[str]:
    return sorted({*globals(), *__all__})
