"""Compare TextDetector with other detectors of the same measures of texts.

Under ``one-class`` a detector is fitted on half of the normal texts, and scores the others. Under
``same`` it is fitted on all texts, and scores them.
"""

from __future__ import annotations

import time
from argparse import Namespace
from pathlib import Path
from typing import Any

import numpy as np
from sklearn.metrics import average_precision_score, roc_auc_score

from ..harness.detectors import OURS as OURS_ON_TABLES
from ..harness.isolation import isolated
from ..harness.run_file import RunFile, chosen, tables
from ..harness.text_data import LabelledTexts, from_file, generated, split
from ..peers import texts as peers

SETTINGS = ("one-class", "same")
METRICS = {"auroc": "AUROC", "ap": "AP"}
KEY = ["texts", "detector", "setting", "seed"]


def command(options: Namespace, home: Path | None) -> int:
    """Run what is not finished, and print a table for each group of sets and each setting."""
    del home
    data = generated()
    groups = {one.name: "generated" for one in data}
    for path in options.texts or []:
        data.append(from_file(path))
        groups[data[-1].name] = data[-1].name
    data = chosen(data, options.datasets)
    names, seeds = peers.expand(options.detectors), range(options.seeds or 3)
    results = RunFile(options.out, "texts", KEY, _as_on_tables)
    jobs = [
        (one, name, setting, seed)
        for one in data
        for name in names
        for setting in SETTINGS
        for seed in seeds
    ]
    results.finish(jobs, lambda job: (job[0].name, *job[1:]), measure, options.jobs)
    lines = results.lines
    wanted = lines["detector"].isin(names) & lines["texts"].isin([one.name for one in data])
    text = tables(lines[wanted & lines["seed"].isin(seeds)], groups, "texts", METRICS)
    (options.out / "texts.md").write_text(text, encoding="utf-8")
    print(text)
    return 0


def measure(data: LabelledTexts, name: str, setting: str, seed: int) -> dict[str, Any]:
    """Fit and score one detector on one set. A failure counts as scores that are all equal."""
    line: dict[str, Any] = {"texts": data.name, "detector": name, "setting": setting}
    line |= {"seed": seed, "status": "ok"}
    fitted, scored = split(data, setting, seed)
    start = time.perf_counter()
    try:
        with isolated(seed):
            detector = peers.make(name, seed).fit(data.texts[fitted])
            if setting == "same":
                scores = np.asarray(detector.decision_scores_, dtype=float)
            else:
                scores = np.asarray(detector.decision_function(data.texts[scored]), dtype=float)
        if not np.isfinite(scores).all():
            raise ValueError("scores are not finite")
    except Exception as error:  # a failing detector is a result too
        line["status"] = f"{type(error).__name__}: {error}"[:200].replace("\n", " ")
        scores = np.zeros(len(scored))
    line["seconds"] = time.perf_counter() - start
    y = data.y[scored]
    return line | {"auroc": roc_auc_score(y, scores), "ap": average_precision_score(y, scores)}


def _as_on_tables(name: str) -> str:
    """Name of the detector of tables whose software makes the results."""
    if peers.is_ours(name):
        return name.replace(peers.OURS, OURS_ON_TABLES)
    return name.removesuffix(peers.TOPICS)
