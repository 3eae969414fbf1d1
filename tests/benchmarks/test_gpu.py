"""The script for GPUs, whose way is the same on the CPU."""

from __future__ import annotations

import pytest
import torch

from benchmarks.studies import gpu
from benchmarks.studies.gpu import Case

QUICK = (
    Case("default", {"max_iter": 60}, 5),
    Case("images", gpu.CASES[-1].params | {"max_iter": 60, "n_estimators": 2}, gpu.SIDE**2),
)


def test_the_same_way_is_measured_without_a_gpu(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(torch.cuda, "is_available", lambda: False)
    monkeypatch.setattr(gpu, "FITTED", 200)
    table = gpu.measure(50, QUICK)
    assert table.device.tolist() == ["cpu", "cpu"]
    assert table["same scores again"].tolist() == ["True", "True"]
    assert [0 < float(share.rstrip("%")) < 100 for share in table["share of the peak"]] == 2 * [
        True
    ]
    assert "no GPU" in gpu.said()
