"""What PyOD's engine knows: PyOD's own knowledge, and ours, which is measured."""

from __future__ import annotations

import json
from functools import cached_property
from pathlib import Path
from typing import Any

from pyod.utils.knowledge import KnowledgeBase

# recommends MultiModalOD without the detectors that it must be given, so every run of it fails
UNUSABLE = "multimodal_default"
SHIPPED = Path(__file__).with_name("knowledge.json")  # by ``python -m benchmarks knowledge``


class Knowledge(KnowledgeBase):
    """PyOD's knowledge and ours. PyOD's is read from its own files, and stays as it is."""

    @cached_property
    def algorithms(self) -> dict[str, Any]:
        """Detectors by name."""
        return {**super().algorithms, **self._ours["algorithms"]}

    @cached_property
    def benchmarks(self) -> dict[str, Any]:
        """Results by the name of a benchmark."""
        return {**super().benchmarks, **self._ours["benchmarks"]}

    @cached_property
    def papers(self) -> dict[str, Any]:
        """Papers by name."""
        return {**super().papers, **self._ours["papers"]}

    @cached_property
    def routing_rules(self) -> dict[str, Any]:
        """Which detectors are recommended for which data."""
        theirs = super().routing_rules
        usable = [rule for rule in theirs["rules"] if rule["id"] != UNUSABLE]
        return {**theirs, "rules": [*self._ours["rules"], *usable]}

    @cached_property
    def _ours(self) -> Any:
        """What the package ships."""
        return json.loads(SHIPPED.read_text(encoding="utf-8"))
