"""Compare this project's detector of some kind of data with others, on labelled sets.

Under ``one-class`` a detector is fitted on half of the normal samples, and scores the others. Under
``same`` it is fitted on all samples, anomalies among them, and scores them. With ``--known 0,5`` it
is fitted on half of the samples, and ours are told 0 or 5 anomalies.
"""

from __future__ import annotations

import time
from argparse import Namespace
from collections.abc import Mapping, Sequence
from importlib import import_module
from typing import Any

import numpy as np
from sklearn.metrics import average_precision_score, roc_auc_score

from .isolation import isolated
from .labelled import KNOWN, SETTINGS, Labelled, split, split_known
from .run_file import RunFile, chosen, tables

METRICS = {"auroc": "AUROC", "ap": "AP", "pixel_auroc": "AUROC of pixels"}


def compare(
    options: Namespace, kind: str, data: Sequence[Labelled], groups: Mapping[str, str]
) -> int:
    """Run what is not finished, and print a table for each group of sets and each setting.

    ``kind`` is the name of the study; ``detectors_of_<kind>`` has the names of its detectors.
    """
    peers = import_module(f"benchmarks.harness.detectors_of_{kind}")
    sets = chosen(list(data), options.datasets)
    names, seeds = peers.expand(options.detectors), range(options.seeds or 3)
    settings = [f"{KNOWN}{n}" for n in options.known] or SETTINGS
    results = RunFile(options.out, kind, [kind, "detector", "setting", "seed"], peers.on_tables)
    jobs = [
        (one, kind, name, setting, seed)
        for one in sets
        for name in names
        for setting in settings
        for seed in seeds
    ]
    results.finish(jobs, lambda job: (job[0].name, *job[2:]), measure, options.jobs)
    lines = results.lines
    wanted = lines["detector"].isin(names) & lines["setting"].isin(settings)
    wanted &= lines[kind].isin([one.name for one in sets])
    text = tables(lines[wanted & lines["seed"].isin(seeds)], dict(groups), kind, METRICS)
    (options.out / f"{kind}.md").write_text(text, encoding="utf-8")
    print(text)
    return 0


def measure(data: Labelled, kind: str, name: str, setting: str, seed: int) -> dict[str, Any]:
    """Fit and score one detector on one set. A failure counts as scores that are all equal.

    Where the pixels of anomalies are known, the AUROC of the pixels of all anomalous images
    together is that of our maps.
    """
    peers = import_module(f"benchmarks.harness.detectors_of_{kind}")
    line: dict[str, Any] = {kind: data.name, "detector": name, "setting": setting, "seed": seed}
    line |= {"status": "ok", "pixel_auroc": np.nan}
    known: dict[str, Any] = {}
    if setting.startswith(KNOWN):
        fitted, scored, odd = split_known(data.y, int(setting.removeprefix(KNOWN)), seed)
        if len(odd) and peers.is_ours(name):
            known["known_anomalies"] = data.samples[odd]
    else:
        fitted, scored = split(data.y, setting, seed, data.groups)
    start = time.perf_counter()
    try:
        with isolated(seed):
            detector = peers.make(name, seed).fit(data.samples[fitted], **known)
            if setting == "same":
                scores = np.asarray(detector.decision_scores_, dtype=float)
            else:
                scores = np.asarray(detector.decision_function(data.samples[scored]), dtype=float)
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
        maps = detector.anomaly_maps(data.samples[odd])
        line["pixel_auroc"] = roc_auc_score(data.masks[odd].ravel(), maps.ravel())
    return line
