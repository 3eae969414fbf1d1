"""Compare ImageDetector with other detectors on images, and measure its maps.

Under ``one-class`` a detector is fitted on half of the normal images, and scores the others. Under
``same`` it is fitted on all images, a tenth of them anomalies, and scores them. Where the pixels of
anomalies are known, the AUROC of the pixels of all anomalous images together is that of the maps.
"""

from __future__ import annotations

import time
from argparse import Namespace
from pathlib import Path
from typing import Any

import numpy as np
from sklearn.metrics import average_precision_score, roc_auc_score

from ..harness.detectors import OURS as OURS_ON_TABLES
from ..harness.image_data import LabelledImages, digits, from_file, generated, split
from ..harness.isolation import isolated
from ..harness.run_file import RunFile, chosen, tables
from ..peers import images as peers

SETTINGS = ("one-class", "same")
METRICS = {"auroc": "AUROC", "ap": "AP", "pixel_auroc": "AUROC of pixels"}
KEY = ["images", "detector", "setting", "seed"]


def command(options: Namespace, home: Path | None) -> int:
    """Run what is not finished, and print a table for each group of sets and each setting."""
    del home
    data = [*digits(), *generated()]
    groups = {one.name: "digits" if one.name.startswith("digit") else "generated" for one in data}
    for path in options.images or []:
        data.append(from_file(path))
        groups[data[-1].name] = data[-1].name
    data = chosen(data, options.datasets)
    names, seeds = peers.expand(options.detectors), range(options.seeds or 3)
    results = RunFile(options.out, "images", KEY, _as_on_tables)
    jobs = [
        (one, name, setting, seed)
        for one in data
        for name in names
        for setting in SETTINGS
        for seed in seeds
    ]
    results.finish(jobs, lambda job: (job[0].name, *job[1:]), measure, options.jobs)
    lines = results.lines
    wanted = lines["detector"].isin(names) & lines["images"].isin([one.name for one in data])
    text = tables(lines[wanted & lines["seed"].isin(seeds)], groups, "images", METRICS)
    (options.out / "images.md").write_text(text, encoding="utf-8")
    print(text)
    return 0


def measure(data: LabelledImages, name: str, setting: str, seed: int) -> dict[str, Any]:
    """Fit and score one detector on one set. A failure counts as scores that are all equal."""
    line: dict[str, Any] = {"images": data.name, "detector": name, "setting": setting}
    line |= {"seed": seed, "status": "ok", "pixel_auroc": np.nan}
    fitted, scored = split(data, setting, seed)
    start = time.perf_counter()
    try:
        with isolated(seed):
            detector = peers.make(name, seed).fit(data.images[fitted])
            if setting == "same":
                scores = np.asarray(detector.decision_scores_, dtype=float)
            else:
                scores = np.asarray(detector.decision_function(data.images[scored]), dtype=float)
        if not np.isfinite(scores).all():
            raise ValueError("scores are not finite")
    except Exception as error:  # a failing detector is a result too
        line["status"] = f"{type(error).__name__}: {error}"[:200].replace("\n", " ")
        scores = np.zeros(len(scored))
    line["seconds"] = time.perf_counter() - start
    y = data.y[scored]
    line |= {"auroc": roc_auc_score(y, scores), "ap": average_precision_score(y, scores)}
    if data.masks is not None and peers.is_ours(name) and line["status"] == "ok":
        odd = scored[y == 1]
        maps = detector.anomaly_maps(data.images[odd])
        line["pixel_auroc"] = roc_auc_score(data.masks[odd].ravel(), maps.ravel())
    return line


def _as_on_tables(name: str) -> str:
    """Name of the detector of tables whose software makes the results."""
    if peers.is_ours(name):
        gan = name.split(":")[1:2]
        return ":".join([OURS_ON_TABLES, *gan]).removesuffix(":")
    return name.removesuffix(peers.EDGES)
