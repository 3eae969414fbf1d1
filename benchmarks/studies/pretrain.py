"""Train the critic that weighs the views of a row, on labelled tables.

``--tables`` is a folder of ``.npz`` files with rows ``X`` and labels ``y``, 1 for anomalies. With
``--download``, 453 public tables are fetched into it first; none of them is in ADBench or ODDS.
The tables may as well be a company's own, with its own labels.

The network sees the inputs of :mod:`benchmarks.studies.labelled_tasks`, and nothing else. It learns
to rank anomalies first, by a smooth form of average precision.
"""

from __future__ import annotations

import time
from argparse import Namespace
from collections import Counter
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
import pandas as pd
import torch
from joblib import Parallel, delayed
from numpy.typing import NDArray
from sklearn.metrics import average_precision_score, roc_auc_score
from torch import Tensor, nn
from tqdm import tqdm

from pyod_gan.views import VIEWS, PretrainedCritic
from pyod_gan.views.pretrained_critic import OWN
from pyod_gan.views.tensors import TensorCritic, weighed
from pyod_gan.views.weighed_views import EQUAL, WEIGHTS

from ..harness import datasets, download, report
from .labelled_tasks import (
    HELD_OUT,
    PROTOCOLS,
    REAL,
    SHARES,
    LabelledTask,
    digest_of,
    make_tasks,
    near_copies,
    read_tables,
)

N_UNITS = 64  # of each of two hidden layers
STEPS, TABLES_PER_STEP, ANOMALIES, NORMALS = 4000, 16, 16, 64
LEARNING_RATE, WEIGHT_DECAY = 2e-3, 0.5
FOLDS = 5
Array = NDArray[Any]


class Variant(NamedTuple):
    """A recipe for the critic, for which some inputs are 0, or some tasks left out."""

    name: str
    hidden: tuple[int, ...] = ()
    protocols: tuple[str, ...] = (*PROTOCOLS, HELD_OUT)
    parts: tuple[str, ...] = tuple(SHARES)

    def trains_on(self, task: LabelledTask) -> bool:
        """Tell whether the critic is trained on a task."""
        return task.protocol in self.protocols and task.part in self.parts

    def seen(self, task: LabelledTask) -> LabelledTask:
        """Return the task as this critic sees it."""
        if not self.hidden:
            return task
        inputs = task.inputs.copy()
        inputs[:, self.hidden] = 0
        return task._replace(inputs=inputs)


PRETRAINED = Variant("pretrained")
ALONE = ("critic alone", "plain mean alone", "largest residual alone")


def command(options: Namespace, home: Path | None) -> int:
    """Make the tasks, judge the recipe by cross-validation, train on all tables, and write."""
    start = time.perf_counter()
    if options.tables is None:
        raise ValueError("Say where the labelled tables are, or shall be: --tables DIR.")
    if options.download:
        files = datasets.pretraining_files()
        download.download_files(
            tqdm(files, desc=f"to {options.tables}", unit="file"), options.tables
        )
    tables = read_tables(options.tables)
    tasks = make_tasks(tables, options.jobs)
    groups = near_copies(tables)
    options.out.mkdir(parents=True, exist_ok=True)
    results = cross_validated(tasks, groups, options.jobs)
    results.round(4).to_csv(options.out / "cross_validated.csv", index=False)
    table = means(results)
    critic = train(tasks)
    path = options.out / "pretrained_critic.safetensors"
    recipe = {
        "tables": len(tables),
        "tables_sha256": digest_of(tables),
        "tasks": len(tasks),
        "cross_validated": table.round(4).to_dict(orient="records"),
    }
    digest = critic.save(path, recipe)
    text = report.markdown(table.round(4))
    (options.out / "pretrain.md").write_text(text + "\n", encoding="utf-8")
    print(f"{text}\n\nwrote {path}\nSHA-256 {digest}")
    if options.ablation:
        table = means(cross_validated(tasks, groups, options.jobs, (PRETRAINED, *variants())))
        text = report.markdown(table.round(4))
        (options.out / "ablation.md").write_text(text + "\n", encoding="utf-8")
        print(text)
    print(f"{len(tasks)} tasks of {len(tables)} tables in {time.perf_counter() - start:.0f} s.")
    return 0


def variants() -> Iterator[Variant]:
    """Yield critics without one kind of view, one form of all views, or some of the tasks."""
    n = len(VIEWS)
    kinds: dict[str, list[int]] = {}
    for v, view in enumerate(VIEWS):
        of = "nearest of the core" if view.of.endswith("of the core") else "nearest prototypes"
        kinds.setdefault(of if view.kind == "bank" else view.of, []).append(v)
    for of, views in kinds.items():
        yield Variant(f"without {of}", hidden=(*views, *(n + v for v in views)))
    yield Variant("without the table's own GAN", hidden=tuple(range(2 * n, 2 * n + len(OWN))))
    yield Variant("without tails", hidden=tuple(range(n)))
    yield Variant("without heights", hidden=tuple(range(n, 2 * n)))
    for protocol in PROTOCOLS:
        yield Variant(f"{protocol} tasks alone", protocols=(protocol,))
    yield Variant("no held-out", protocols=PROTOCOLS)
    for part in SHARES:
        others = tuple(other for other in SHARES if other != part)
        yield Variant(f"no {part}", parts=others)
    yield Variant("real anomalies alone", parts=REAL)
    yield Variant("planted anomalies alone", parts=tuple(p for p in SHARES if p not in REAL))


def cross_validated(
    tasks: Sequence[LabelledTask],
    groups: dict[str, str],
    jobs: int,
    variants: Sequence[Variant] = (PRETRAINED,),
) -> pd.DataFrame:
    """AUROC and AP on the sample of each table, of networks that were not trained on it."""
    names = sorted(set(groups.values()))
    order = np.random.RandomState(0).permutation(len(names))
    fold_of = {names[place]: number % FOLDS for number, place in enumerate(order)}
    folds = np.array([fold_of[groups[task.table]] for task in tasks])
    work = [(variant, fold) for variant in variants for fold in range(FOLDS)]
    results = Parallel(n_jobs=jobs, return_as="generator")(
        delayed(_of_fold)(tasks, folds == fold, variant) for variant, fold in work
    )
    shown = tqdm(results, desc="folds", total=len(work), unit="network")
    rows = [row for of_fold in shown for row in of_fold]
    return pd.DataFrame(rows, columns=["critic", "table", "protocol", "AUROC", "AP"])


def means(results: pd.DataFrame) -> pd.DataFrame:
    """Means over tables, a row for each critic and protocol."""
    by_critic = results.groupby(["critic", "protocol"], sort=False)
    return by_critic[["AUROC", "AP"]].mean().reset_index()


def _of_fold(
    tasks: Sequence[LabelledTask], left_out: Array, variant: Variant
) -> list[tuple[str, str, str, float, float]]:
    """AUROC and AP on the tables of one fold, of a critic that was trained on the others."""
    torch.set_num_threads(1)
    seen = [variant.seen(task) for task in tasks]
    pairs = list(zip(seen, left_out, strict=True))
    trained = train([task for task, out in pairs if not out and variant.trains_on(task)])
    rows = []
    for task, out in pairs:
        if out and task.part == "sample":
            said = opinions(trained, task.inputs)
            scores = {variant.name: said @ WEIGHTS}
            if variant == PRETRAINED:
                silent = opinions(PretrainedCritic.silent(), task.inputs)
                scores["equal"] = silent @ EQUAL
                scores |= dict(zip(ALONE, said.T, strict=True))
            for name, found in scores.items():
                auroc, ap = roc_auc_score(task.y, found), average_precision_score(task.y, found)
                rows.append((name, task.table, task.protocol, auroc, ap))
    return rows


def opinions(critic: PretrainedCritic, inputs: Array) -> Array:
    """The three opinions of rows by their inputs, (n, 2 V + K) -> (n, 3).

    Each is in interquartile ranges of these rows.
    """
    said = TensorCritic(critic)(torch.from_numpy(inputs).double()).numpy()
    low, middle, high = np.quantile(said, [0.25, 0.5, 0.75], axis=0)
    return np.asarray((said - middle) / np.where(high > low, high - low, 1.0))


def train(
    tasks: Sequence[LabelledTask], steps: int | None = None, seed: int = 0
) -> PretrainedCritic:
    """Train a critic. Every step draws tasks, and anomalies and normal rows of each of them."""
    steps = steps or STEPS
    rng = np.random.RandomState(seed)
    n_in = tasks[0].inputs.shape[1]
    net = TrainedCritic(n_in, torch.Generator().manual_seed(seed))
    optimizer = torch.optim.AdamW(net.parameters(), lr=LEARNING_RATE, weight_decay=WEIGHT_DECAY)
    schedule = torch.optim.lr_scheduler.OneCycleLR(optimizer, LEARNING_RATE, total_steps=steps)
    anomalies = [torch.from_numpy(task.inputs[task.y == 1]) for task in tasks]
    normals = [torch.from_numpy(task.inputs[task.y == 0]) for task in tasks]
    sizes = Counter(task.part for task in tasks)
    shares = np.array([SHARES[task.part] / sizes[task.part] for task in tasks])
    shares /= shares.sum()

    def drawn(rows: Tensor, n: int) -> Tensor:
        return rows[rng.randint(len(rows), size=n)]

    for _ in range(steps):
        chosen = rng.choice(len(tasks), TABLES_PER_STEP, p=shares)
        positive = torch.stack([drawn(anomalies[i], ANOMALIES) for i in chosen])
        negative = torch.stack([drawn(normals[i], NORMALS) for i in chosen])
        scores = net(torch.cat([positive, negative], 1))
        loss = ap_loss(scores[:, :ANOMALIES], scores[:, ANOMALIES:])
        optimizer.zero_grad()
        loss.backward()
        optimizer.step()
        schedule.step()
    return net.critic()


def ap_loss(anomalies: Tensor, normals: Tensor) -> Tensor:
    """1 − a smooth average precision of scores (T, a) and (T, b), whose ranks are sums of sigmoids.

    The source is Brown et al., "Smooth-AP", ECCV 2020.
    """
    among_normals = torch.sigmoid(normals[:, None] - anomalies[:, :, None]).sum(2)
    among_anomalies = torch.sigmoid(anomalies[:, None] - anomalies[:, :, None]).sum(2) + 0.5
    return 1 - (among_anomalies / (among_anomalies + among_normals)).mean()


class TrainedCritic(nn.Module):
    """A pre-trained critic while it is trained, in single precision."""

    def __init__(self, n_in: int, stream: torch.Generator) -> None:
        super().__init__()
        shapes = PretrainedCritic.shapes(n_in, N_UNITS)
        self.weights = nn.ParameterDict()
        for name, shape in shapes.items():
            bound = shapes["w" + name[1]][0] ** -0.5
            start = torch.rand(shape, generator=stream) * 2 * bound - bound
            self.weights[name] = nn.Parameter(start)

    def forward(self, inputs: Tensor) -> Tensor:
        """Scores of rows, (..., 2 V + K) -> (...)."""
        return weighed(inputs, dict(self.weights.items()))

    def critic(self) -> PretrainedCritic:
        """What was learnt."""
        arrays = {name: p.detach().numpy().astype(np.float64) for name, p in self.weights.items()}
        return PretrainedCritic.from_arrays(arrays)
