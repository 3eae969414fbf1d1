"""Measure how well scorers without labels choose among detectors, against the true AUROC.

One cell is a data set, a protocol and a seed. Each candidate of ``GRID`` is fitted on a random half
of the rows that the protocol fits on. The scorers see the other half, as in a search with one
split, and no labels. The AUROC is that of the rows that the protocol scores. A scorer's choice is
the candidate with its highest value (of several, their mean); its regret is the best AUROC of the
grid minus that of its choice. Members, steps and draws are few, so that a cell takes a minute.
"""

from __future__ import annotations

from argparse import Namespace
from functools import partial
from itertools import product
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
from sklearn.metrics import roc_auc_score
from sklearn.model_selection import GridSearchCV, ShuffleSplit
from tqdm import tqdm

from pyod_gan import AAE, SOGAAL, FenceGAN, GANDetector, GANomaly, PrototypeGAN
from pyod_gan import model_selection as scorers
from pyod_gan.model_selection.criteria import mean_correlation

from ..harness import datasets, report
from ..harness.detectors import OURS
from ..harness.isolation import isolated
from ..harness.options import check_options, data_set_names
from ..harness.protocols import make_task, thin
from ..harness.run import Grid
from ..harness.versions import Versions

REDUCED: dict[str, Any] = {"n_estimators": 3, "max_iter": 100, "lr": 5e-3}
GRID: list[dict[str, list[Any]]] = [  # the first candidate is the default GAN
    {"gan": [PrototypeGAN()], "gan__group_size": [PrototypeGAN.group_size, 2, 32]},
    {"gan": [AAE(), GANomaly()], "gan__latent_dim": [2, 8]},
    {"gan": [SOGAAL(), FenceGAN()], "lr": [1e-3, 5e-3]},
]
GANS = ("prototype", "aae", "ganomaly", "sogaal", "fencegan")  # of the candidates
SCORERS = {
    "excess_mass": partial(scorers.excess_mass, n_draws=2),
    "mass_volume": partial(scorers.mass_volume, n_draws=2),
    "synthetic_negatives, permuted": scorers.synthetic_negatives,
    "synthetic_negatives, uniform": partial(scorers.synthetic_negatives, kind="uniform"),
    "member_agreement": scorers.member_agreement,
    "resample_stability": scorers.resample_stability,
}
DEFAULT = "always the default"
KEY = ["dataset", "protocol", "seed", "max_rows", "versions"]


def command(options: Namespace, home: Path | None) -> int:
    """Print a table for each protocol."""
    names, chosen = data_set_names(options, datasets.available(home)), options.protocol.split(",")
    check_options(options, chosen, names, home)
    grid = Grid(names, [], chosen, options.seeds or 1, options.max_rows, home)
    for protocol, table in measure(grid, options.out).groupby("protocol"):
        print(f"## {protocol}\n\n{report.markdown(summary(table))}\n")
    return 0


def measure(grid: Grid, out: Path) -> pd.DataFrame:
    """Run the cells that ``selection.csv`` lacks, and append each as it is finished.

    Parameters
    ----------
    grid : Grid
        Data sets, protocols and seeds; its detectors are not used.
    out : Path
        Folder of ``selection.csv`` and of the ``versions.json`` that explains its versions.

    Returns
    -------
    DataFrame
        One line per cell and candidate: its AUROC and each scorer's value.
    """
    out.mkdir(parents=True, exist_ok=True)
    path = out / "selection.csv"
    versions = Versions(out / "versions.json")
    ids = " ".join(versions.note(f"{OURS}:{gan}") for gan in GANS)
    rows = grid.max_rows or 0
    cells = list(product(grid.datasets, grid.protocols, range(grid.seeds), [rows], [ids]))
    known = pd.read_csv(path) if path.exists() else pd.DataFrame(columns=KEY)
    finished = set(known[KEY].itertuples(index=False, name=None))
    for cell in tqdm([cell for cell in cells if cell not in finished], unit="cell"):
        name, protocol, seed, *_ = cell
        lines = _candidates(name, protocol, seed, grid.max_rows, grid.data_home)
        lines = lines.assign(**dict(zip(KEY, cell, strict=True)))
        lines.to_csv(path, mode="a", header=not path.exists(), index=False)
    table = pd.read_csv(path)
    return table[pd.MultiIndex.from_frame(table[KEY]).isin(cells)]


def _candidates(
    name: str, protocol: str, seed: int, max_rows: int | None, data_home: Path | None
) -> pd.DataFrame:
    """AUROC and scorers' values of every candidate; NaN where it or the scorer fails."""
    _, X, y = datasets.load(name, data_home)
    rows = thin(y, max_rows)
    task = make_task(X[rows], y[rows], protocol, seed, scales_itself=True)
    scored = task.X_train if task.X_test is None else task.X_test

    def auroc(detector: Any, X: Any, y: Any = None) -> float:
        return float(roc_auc_score(task.y, detector.decision_function(scored)))

    search = GridSearchCV(
        GANDetector(random_state=seed, **REDUCED),
        GRID,
        scoring={**SCORERS, "auroc": auroc},
        cv=ShuffleSplit(1, test_size=0.5, random_state=seed),
        refit=False,
    )
    with isolated(seed):
        search.fit(task.X_train)
    found = {name: search.cv_results_[f"mean_test_{name}"] for name in (*SCORERS, "auroc")}
    described = [", ".join(f"{k}={v}" for k, v in p.items()) for p in search.cv_results_["params"]]
    return pd.DataFrame({"candidate": described, **found})


def summary(table: pd.DataFrame) -> pd.DataFrame:
    """One line per way to choose: means over data sets of what it gives.

    Parameters
    ----------
    table : DataFrame
        Lines of one protocol that :func:`measure` returns.

    Returns
    -------
    DataFrame
        Spearman correlation with the AUROC over the grid, AUROC of the choice, regret, and on how
        many data sets the choice is better and worse than the default by more than .001.
    """
    cells = table.dropna(subset="auroc").groupby(["dataset", "seed"], sort=False)
    choices = pd.concat([_choices(rows).assign(dataset=name) for (name, _), rows in cells])
    means = choices.groupby(["choice", "dataset"], sort=False).mean()  # over seeds
    gain = means["AUROC"].unstack("dataset").sub(means["AUROC"][DEFAULT])  # (choices, data sets)
    lines = means.groupby("choice", sort=False).mean()
    lines["better"], lines["worse"] = (gain > 0.001).sum(axis=1), (gain < -0.001).sum(axis=1)
    return lines.reset_index()


def _choices(rows: pd.DataFrame) -> pd.DataFrame:
    """What each way to choose gives in one cell."""
    auroc = rows["auroc"].to_numpy()
    lines = []
    for name in SCORERS:
        values = rows[name].fillna(-np.inf).to_numpy()
        correlation = mean_correlation(np.array([values, auroc]))
        lines.append((name, correlation, auroc[values == values.max()].mean()))
    lines.append((DEFAULT, np.nan, auroc[0]))
    lines.append(("a random candidate", np.nan, auroc.mean()))
    lines.append(("the best, by labels", np.nan, auroc.max()))
    table = pd.DataFrame(lines, columns=["choice", "Spearman", "AUROC"])
    return table.assign(regret=auroc.max() - table["AUROC"])
