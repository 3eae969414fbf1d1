"""The command ``pyod-gan``: fit a model to a table in a file, and score another file with it."""

from __future__ import annotations

import os
import sys
from argparse import ArgumentParser, ArgumentTypeError, RawDescriptionHelpFormatter
from collections.abc import Callable, Sequence
from importlib.metadata import version
from pathlib import Path
from typing import Any

from .._support.exceptions import TrainingCollapsedError

EXAMPLES = """examples:
  pyod-gan fit train.csv --model m.safetensors
  pyod-gan score new.csv --model m.safetensors --explain 3 --out scored.csv
"""
FIT_EPILOG = """examples:
  pyod-gan fit train.csv --model m.safetensors
  pyod-gan fit train.parquet --model m.safetensors --contamination auto --drop id note
  pyod-gan fit train.tsv --delimiter '\\t' --model m.safetensors --text postcode
  pyod-gan fit huge.csv --model m.safetensors --max-rows 100000

Numbers, categories, texts, dates and missing values are taken as they come. In a CSV file a column
is numbers or dates (ISO 8601) where all its values are; one that mixes them with other values is an
error, which --text takes as it is.
"""
SCORE_EPILOG = """examples:
  pyod-gan score new.csv --model m.safetensors --out scored.csv
  pyod-gan score new.parquet --model m.safetensors --explain 3 --out scored.parquet
  pyod-gan score new.csv --model m.safetensors --out - | grep ',1$'

The output has the rows and columns of DATA, in order, and the columns score (higher = more
anomalous), label (1 = outlier) and, with --explain, reason_1, reason_2, ... of rows labelled 1.
Columns are found by their names, in any order; those that the model does not know are passed on.
The output appears under its name when it is complete; OUT may be DATA.
"""


def main(arguments: Sequence[str] | None = None) -> int:
    """Run the command.

    Parameters
    ----------
    arguments : sequence of str, default=None
        Arguments after ``pyod-gan``. None takes those of the command line.

    Returns
    -------
    code : int
        0 = done, 2 = an error, which is one line on standard error, 130 = interrupted.

    Raises
    ------
    SystemExit
        After help (0), and for arguments that cannot be understood (2).
    """
    options = _parser().parse_args(arguments)
    try:
        from .commands import fit, score  # loads torch, which help and usage errors do not need

        {"fit": fit, "score": score}[options.command](options)
        sys.stdout.flush()
    except KeyboardInterrupt:
        sys.stderr.write("interrupted\n")
        return 130
    except BrokenPipeError:  # the reader of standard output has stopped
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        return 0
    except (ImportError, OSError, TrainingCollapsedError, ValueError) as error:
        sys.stderr.write(f"error: {' '.join(str(error).split())}\n")
        return 2
    return 0


def _parser() -> ArgumentParser:
    look: dict[str, Any] = {"formatter_class": RawDescriptionHelpFormatter}
    said = "GAN anomaly detection for tables in CSV and Parquet files."
    parser = ArgumentParser("pyod-gan", description=said, epilog=EXAMPLES, **look)
    parser.add_argument("--version", action="version", version=f"pyod-gan {version('pyod-gan')}")
    commands = parser.add_subparsers(dest="command", required=True, metavar="COMMAND")
    fit = commands.add_parser("fit", help="fit a model to a table", epilog=FIT_EPILOG, **look)
    score = commands.add_parser("score", help="score a table's rows", epilog=SCORE_EPILOG, **look)
    for command in (fit, score):
        add = command.add_argument
        add("data", type=Path, metavar="DATA", help="a .parquet file, or else CSV in UTF-8")
        add("--model", type=Path, required=True, metavar="MODEL", help="the model's file")
        add("--delimiter", type=_character, default=",", metavar="C", help="in CSV; default: comma")
        add("--quiet", action="store_true", help="no progress bar and no summary")
    _add_fit_options(fit)
    _add_score_options(score)
    return parser


def _add_fit_options(parser: ArgumentParser) -> None:
    add = parser.add_argument
    columns: dict[str, Any] = {"nargs": "+", "action": "extend", "default": []}
    add("--gan", default="auto", help="a name of the GAN family; default: auto")
    add(
        "--contamination",
        type=_share,
        default=0.1,
        metavar="SHARE",
        help="share of outliers in DATA, or auto; sets the threshold; default: 0.1",
    )
    add("--n-estimators", type=_whole(1), default=8, metavar="N", help="members; default: 8")
    add("--random-state", type=_whole(0), default=0, metavar="SEED", help="default: 0")
    add("--drop", metavar="COLUMN", help="columns to leave out, such as row numbers", **columns)
    add("--text", metavar="COLUMN", help="columns to take as categories or text", **columns)
    add("--max-rows", type=_whole(2), metavar="N", help="fit to a uniform sample of N rows")


def _add_score_options(parser: ArgumentParser) -> None:
    add = parser.add_argument
    add("--out", required=True, help="a .csv, .tsv, .txt or .parquet file; - for standard output")
    add("--explain", type=_whole(1), default=0, metavar="K", help="add K reasons to outliers")
    add("--threshold", type=float, help="label rows that score above; default: the model's")


def _share(text: str) -> float | str:
    try:
        return text if text == "auto" else float(text)
    except ValueError:
        raise ArgumentTypeError(f"must be a number or auto. Got {text!r} instead.") from None


def _whole(least: int) -> Callable[[str], int]:
    """Make a parser of whole numbers of at least ``least``."""

    def parse(text: str) -> int:
        if not text.isdecimal() or int(text) < least:
            raise ArgumentTypeError(
                f"must be a whole number of at least {least}. Got {text!r} instead."
            )
        return int(text)

    return parse


def _character(text: str) -> str:
    text = text.replace("\\t", "\t")
    if len(text) != 1:
        raise ArgumentTypeError(f"must be one character, or \\t. Got {text!r} instead.")
    return text
