"""Real tables of mixed columns that packages ship, so that nothing is downloaded.

They are of ``palmerpenguins``, ``vega_datasets``, scikit-learn and statsmodels. A code becomes the
word or the flag that its documentation says it stands for; nothing else is changed.
"""

from __future__ import annotations

import warnings
from collections.abc import Callable, Mapping
from importlib import import_module
from typing import Any

import pandas as pd
import sklearn.datasets

from .datasets import DataError

OCCUPATIONS = ("student", "farming or unskilled", "white-collar", "teacher", "manager", "expert")


def load(name: str, max_rows: int | None = None) -> pd.DataFrame:
    """Load a table by name; its rows are numbered from 0.

    Parameters
    ----------
    name : str
        One of ``TABLES``.
    max_rows : int or None
        Larger tables are cut to so many rows, drawn once with a fixed seed and left in order.

    Returns
    -------
    DataFrame
        The table as its package ships it.

    Raises
    ------
    ValueError
        If there is no such table.
    DataError
        If its package is not installed.
    """
    if name not in TABLES:
        raise ValueError(f"Unknown table: {name}. Known: {', '.join(TABLES)}.")
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # old code of these packages on new pandas
        try:
            frame = TABLES[name]()
        except ModuleNotFoundError as error:
            raise DataError(f"{name} needs {error.name}: pip install -e '.[test]'.") from error
    if max_rows is not None and len(frame) > max_rows:
        frame = frame.sample(max_rows, random_state=0).sort_index()
    return frame.reset_index(drop=True)


def _penguins(raw: bool) -> pd.DataFrame:
    """Penguins of three species, in tidy form or as they were written down."""
    package = import_module("palmerpenguins")
    return package.load_penguins_raw() if raw else package.load_penguins()


def _vega(name: str) -> pd.DataFrame:
    """A table of ``vega_datasets``."""
    return getattr(import_module("vega_datasets").local_data, name)()


def _sklearn(name: str, target: str) -> pd.DataFrame:
    """A classification set of scikit-learn, with the classes by name."""
    bunch = getattr(sklearn.datasets, f"load_{name}")(as_frame=True)
    return bunch.data.assign(**{target: bunch.target_names[bunch.target]})


def _diabetes() -> pd.DataFrame:
    """Patients, in the units in which they were measured."""
    frame = sklearn.datasets.load_diabetes(as_frame=True, scaled=False).frame
    return frame.assign(sex=frame["sex"].map({1.0: "1", 2.0: "2"}))


def _statsmodels(name: str, words: Mapping[str, tuple[str, ...]], flags: str = "") -> pd.DataFrame:
    """A table of statsmodels; ``words`` are those of the codes of a column, smallest code first."""
    data = import_module(f"statsmodels.datasets.{name}").load_pandas().data
    frame = data.astype(dict.fromkeys(flags.split(), bool))
    for column, names in words.items():
        codes = dict(zip(sorted(frame[column].unique()), names, strict=True))
        frame[column] = frame[column].map(codes)
    return frame


def _fair() -> pd.DataFrame:
    jobs = dict.fromkeys(("occupation", "occupation_husb"), OCCUPATIONS)
    return _statsmodels("fair", jobs)


TABLES: dict[str, Callable[[], Any]] = {
    "airports": lambda: _vega("airports"),
    "anes96": lambda: _statsmodels("anes96", {"vote": ("Clinton", "Dole")}),
    "barley": lambda: _vega("barley"),
    "breast_cancer": lambda: _sklearn("breast_cancer", "diagnosis"),
    "cars": lambda: _vega("cars"),
    "ccard": lambda: _statsmodels("ccard", {}, "OWNRENT"),
    "diabetes": _diabetes,
    "fair": _fair,
    "grunfeld": lambda: _statsmodels("grunfeld", {}),
    "iris": lambda: _sklearn("iris", "species"),
    "la_riots": lambda: _vega("la_riots"),
    "modechoice": lambda: _statsmodels(
        "modechoice", {"mode": ("air", "train", "bus", "car")}, "choice"
    ),
    "penguins": lambda: _penguins(raw=False),
    "penguins_raw": lambda: _penguins(raw=True),
    "randhie": lambda: _statsmodels("randhie", {}, "idp hlthg hlthf hlthp"),
    "seattle_temps": lambda: _vega("seattle_temps"),
    "seattle_weather": lambda: _vega("seattle_weather"),
    "stocks": lambda: _vega("stocks"),
    "us_employment": lambda: _vega("us_employment"),
    "wine": lambda: _sklearn("wine", "cultivar"),
}
