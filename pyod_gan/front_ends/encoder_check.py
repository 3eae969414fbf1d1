"""Whether an encoder is one that ``fit`` could have made, compared with a fresh encoder."""

from __future__ import annotations

from functools import cache
from typing import Any

import numpy as np
from sklearn.base import BaseEstimator
from sklearn.preprocessing import OneHotEncoder

from .._support.optional_imports import import_optional
from .._support.own_settings import own_settings
from .columns import ColumnEncoder
from .frames import EXTRA
from .table_encoder import TableEncoder
from .table_reader import TableReader

PLAIN = (type(None), bool, int, float, str)
OWN = __name__.partition(".")[0] + "."  # this package, none of whose settings could harm

Attributes = dict[str, list[Any]]  # values by name, of all objects of a class


def check_encoder(encoder: Any, *, by_skrub: bool = True) -> None:
    """Raise a ValueError unless ``fit`` could have made an encoder, with or without skrub.

    All objects in it are walked, however they came to be there. They must be plain data or of the
    classes in a fresh encoder, with no other attributes. Settings of skrub and scikit-learn must be
    those of a fresh encoder. So no file can set a function, a regular expression, or a way to read
    texts as names of files.

    Raises
    ------
    ValueError
        If the encoder has an object, an attribute or a setting that none has.
    """
    if type(encoder) is not TableEncoder:
        raise ValueError(f"it is a {type(encoder).__name__}")
    fresh = _fresh_objects(by_skrub)
    waiting = [encoder]
    while waiting:
        value = waiting.pop()
        kind = type(value)
        if kind not in fresh and kind not in PLAIN and not isinstance(value, np.dtype):
            raise ValueError(f"it holds a {kind.__module__}.{kind.__name__}")
        waiting += _items(value)
        for name, held in _attributes(value).items():
            if name not in fresh[kind]:
                raise ValueError(f"its {kind.__name__} has an attribute {name!r:.100}")
            learnt = _is_learnt(value, name)
            if learnt or isinstance(held, BaseEstimator):
                waiting.append(held)
            if not learnt and not _is_as_in(fresh[kind][name], name, held):
                raise ValueError(f"its {kind.__name__} has {name}={held!r:.100}")
            if name == "vocabulary_" and sorted(held.values()) != list(range(len(held))):
                # scikit-learn takes these places as indices and does not check them
                raise ValueError(f"the vocabulary of its {kind.__name__} has gaps")


def _is_learnt(value: Any, name: str) -> bool:
    """Tell whether an attribute of an object is learnt from data, and no setting.

    By scikit-learn's convention the names of attributes that are learnt end in an underscore.
    """
    is_other = isinstance(value, BaseEstimator) and not type(value).__module__.startswith(OWN)
    return not is_other or name.endswith("_")


def _is_as_in(fresh: list[Any], name: str, held: Any) -> bool:
    """Tell whether a setting is as in one of the fresh objects.

    Private counts may differ. Estimators have settings of their own.
    """
    counts = held if isinstance(held, list) else [held]
    is_count = name.startswith("_") and all(type(count) is int for count in counts)
    may_differ = is_count or isinstance(held, BaseEstimator)
    alike = [one for one in fresh if type(one) is type(held)]
    return any(may_differ or repr(one) == repr(held) for one in alike)  # NaN differs from itself


def _attributes(value: Any) -> dict[str, Any]:
    """Attributes of an object by name."""
    return getattr(value, "__dict__", {})


def _items(value: Any) -> list[Any]:
    """Values in a container."""
    if isinstance(value, dict):
        return [*value, *value.values()]
    if isinstance(value, list | tuple):
        return list(value)
    if isinstance(value, np.ndarray) and value.dtype == object:
        return list(value.flat)
    return []


@cache
def _fresh_objects(by_skrub: bool) -> dict[type, Attributes]:
    """Attributes of all objects in a fresh encoder, by class."""
    found: dict[type, Attributes] = {}
    waiting: list[Any] = [fresh_encoder(by_skrub)]
    while waiting:
        value = waiting.pop()
        if isinstance(value, type):  # as a setting only
            continue
        known = found.setdefault(type(value), {})
        attributes = _attributes(value)
        for name, held in attributes.items():
            known.setdefault(name, []).append(held)
        waiting += [*_items(value), *attributes.values()]
    return found


@cache
@own_settings()
def fresh_encoder(by_skrub: bool) -> TableEncoder:
    """An encoder of all kinds of columns, also as files of format 1 have them.

    Without ``by_skrub`` it has none of dates and texts, which skrub encodes.
    """
    pandas = import_optional("pandas", EXTRA)
    n = 40  # with so many values skrub does not take texts for categories
    dates = pandas.date_range("2000-01-01", periods=n)
    columns = {
        "numbers": np.arange(n, dtype=float),
        "digits": [str(i) for i in range(n)],
        "categories": ["x", None] * (n // 2),
        "classes": pandas.Categorical(["x", "y"] * (n // 2)),
        "lasts": dates - dates[0],
        "nothing": [None] * n,
    }
    if by_skrub:
        in_berlin = dates.tz_localize("Europe/Berlin")
        columns |= {
            "texts": [f"text {i}" for i in range(n)],
            "dates": dates,
            "dates of a zone": in_berlin,
            "written dates of a zone": in_berlin.astype(str),
            "written dates of an offset": dates.tz_localize("+01:00").astype(str),
        }
    frame = pandas.DataFrame(columns)
    encoder = TableEncoder().fit(TableReader().fit_read(frame))
    if by_skrub:
        encoder.columns_ = encoder.columns_ + _of_format_1(frame)
    return encoder


def _of_format_1(frame: Any) -> list[ColumnEncoder]:
    """Encoders of columns whose steps are those of skrub's ``TableVectorizer``."""
    skrub = import_optional("skrub", EXTRA)
    vectorizer = skrub.TableVectorizer(
        low_cardinality=OneHotEncoder(handle_unknown="ignore", sparse_output=False),
        high_cardinality=skrub.StringEncoder(random_state=0),
        drop_null_fraction=None,
    ).fit(frame)
    made = []
    for name, steps in vectorizer.all_processing_steps_.items():
        column = ColumnEncoder(name)
        column.steps_ = [step for step in steps if hasattr(step, "transform")]
        column.kind_, column.zone_, column.parts_, column.empty_ = "text", None, [], []
        made.append(column)
    return made
