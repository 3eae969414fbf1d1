"""The arguments of ``pyod-gan``. What a command needs beyond them is not imported here."""

from __future__ import annotations

import codecs
from argparse import (
    Action,
    ArgumentParser,
    ArgumentTypeError,
    Namespace,
    RawDescriptionHelpFormatter,
)
from collections.abc import Callable
from contextlib import suppress
from importlib.metadata import version
from math import isnan
from pathlib import Path
from pkgutil import iter_modules
from typing import Any

from .._support.suggestions import unknown_name

EXAMPLES = """examples:
  pyod-gan fit train.csv --model m.safetensors
  pyod-gan score new.csv --model m.safetensors --explain 3 --out scored.csv
  pyod-gan report new.csv --model m.safetensors --out report.html

exit codes: 0 = done, 2 = an error, 129 = the terminal was closed, 130 = Ctrl-C, 143 = terminated
"""
FIT_EPILOG = """examples:
  pyod-gan fit train.csv --model m.safetensors
  pyod-gan fit train.parquet --model m.safetensors --contamination auto --drop id note
  pyod-gan fit train.tsv --delimiter '\\t' --model m.safetensors --text postcode
  pyod-gan fit huge.csv --model m.safetensors --max-rows 100000
  pyod-gan fit tested.csv --model m.safetensors --label-column fraud
  pyod-gan fit train.csv --model m.safetensors --known-anomalies frauds.csv
  pyod-gan fit load.csv --model m.safetensors --series time,load
  pyod-gan fit photos --model m.safetensors --resize 64 64
  pyod-gan fit recordings --model m.safetensors --sample-rate 16000

What a column holds is decided by its values: numbers, dates or durations where all are such, else
texts. One way of writing counts for a whole column, such as 1.234,50 € or 31.12.2024. Where that
cannot be known, or where values do not fit, one error names all of them and what helps.
"""
INSPECT_EPILOG = """examples:
  pyod-gan inspect train.csv
  pyod-gan inspect bank.csv --skip-rows 4 --encoding cp1252 --date-format %d/%m/%Y

Tells how fit would read each column, and what to look at. Nothing is fitted or written.
"""
WATCH_EPILOG = """examples:
  tail -n +1 -f readings.csv | pyod-gan watch --model m.safetensors --explain 2
  producer | pyod-gan watch --model m.safetensors --learn > scored.jsonl

A line is a row, in CSV with a header or in JSON objects, whichever comes first. It is written
again at once, with score (higher = more anomalous), label, and the reasons of a label 1. With
--learn the model follows the rows, at most half of the time. It is saved at the end, and after
SIGTERM or Ctrl-C.
"""
SERVE_EPILOG = """examples:
  pyod-gan serve --model m.safetensors --port 8000
  curl -s localhost:8000/score -H 'Content-Type: application/json' \\
       -d '{"rows": [{"amount": 12.5, "kind": "food"}]}'

POST /score and /explain take rows, GET /health tells what is served, GET /metrics counts for
Prometheus, and GET /docs describes all. Needs the extra serve.
"""
SCORE_EPILOG = """examples:
  pyod-gan score new.csv --model m.safetensors --out scored.csv
  pyod-gan score new.parquet --model m.safetensors --explain 3 --out scored.parquet
  pyod-gan score new.csv --model m.safetensors --out - | grep ',1$'
  pyod-gan score tested.csv --model m.safetensors --out scored.csv --label-column fraud

The output has the rows and columns of DATA, in order, and the columns score (higher = more
anomalous), label (1 = outlier) and, with --explain, reason_1, reason_2, ... of rows labelled 1.
Their names begin with --prefix, if it is given. A model of a series scores points; the points of a
stretch that is labelled 1 share its reasons.
If DATA is a folder of images or of audio files, the output has a row for each, with its name as
file.
Columns are found by their names, in any order; those that the model does not know are passed on.
The output appears under its name when it is complete; OUT may be DATA.
"""

REPORT_EPILOG = """examples:
  pyod-gan report new.csv --model m.safetensors --out report.html

Writes a page to look at in a browser: scores beside those of the training rows, the rows that score
highest with their reasons, a map, what has moved since the training, and the training itself. The
page loads nothing. Needs the extra report.
"""


class _Columns(Action):
    """Take the columns of an option. ``taken`` lists what each such option took, in order."""

    def __call__(
        self, parser: ArgumentParser, options: Namespace, values: Any, option: str | None = None
    ) -> None:
        setattr(options, self.dest, [*getattr(options, self.dest), *values])
        options.taken = [*options.taken, (self.dest, option, values)]


def find_data(options: Namespace) -> None:
    """Exit unless all required arguments are there.

    DATA may stand behind columns, as in "--drop id a.csv". It is found there if it exists.
    """
    if options.data is None:
        for name, _, columns in options.taken:
            last = Path(columns[-1])  # also behind words of --na
            is_data = last == Path("-") or (last.exists() and not last.is_dir())
            if len(columns) > 1 and is_data:
                options.data = last
                getattr(options, name).remove(columns[-1])
                break
    required = {"data": "DATA", "model": "--model", "out": "--out"}
    missing = [said for name, said in required.items() if getattr(options, name, "") is None]
    if missing:
        took = [
            f"{option} took {', '.join(map(repr, columns))}. Write DATA first: "
            f"pyod-gan {options.command} DATA {option} {' '.join(columns)}"
            for _, option, columns in options.taken[:1]
            if "DATA" in missing
        ]
        said = f"the following arguments are required: {', '.join(missing)}"
        options.fail("; ".join([said, *took]))


def make_parser() -> ArgumentParser:
    """Make the parser of all commands."""
    look: dict[str, Any] = {"formatter_class": RawDescriptionHelpFormatter}
    said = "GAN anomaly detection for CSV and Parquet files, and for folders of images or sounds."
    parser = ArgumentParser("pyod-gan", description=said, epilog=EXAMPLES, **look)
    parser.add_argument("--version", action="version", version=f"pyod-gan {version('pyod-gan')}")
    commands = parser.add_subparsers(dest="command", required=True, metavar="COMMAND")

    def add(name: str, usage: str, said: str, epilog: str) -> ArgumentParser:
        usage = f"%(prog)s {usage} [options]"
        command = commands.add_parser(name, help=said, usage=usage, epilog=epilog, **look)
        command.set_defaults(fail=command.error, taken=[])
        return command

    fit = add("fit", "DATA --model MODEL", "fit a model to a table", FIT_EPILOG)
    score = add("score", "DATA --model MODEL --out OUT", "score a table's rows", SCORE_EPILOG)
    usage, said = "DATA --model MODEL --out OUT", "write a page about a model and a table's rows"
    report = add("report", usage, said, REPORT_EPILOG)
    inspect = add("inspect", "DATA", "tell how a table's columns would be read", INSPECT_EPILOG)
    watch = add("watch", "[DATA] --model MODEL", "score rows as they come in", WATCH_EPILOG)
    said = "score rows that come as JSON over HTTP"
    serve = add("serve", "--model MODEL", said, SERVE_EPILOG)
    _add_watch_options(watch)
    _add_serve_options(serve)
    for command in (fit, score, report, inspect):
        # which arguments are required is checked later, because a column may be DATA
        said = "a .parquet file, or else CSV, also .gz or .zst; - for standard input"
        if command in (fit, score):
            said += "; or a folder of images or of audio files"
        command.add_argument("data", type=Path, nargs="?", metavar="DATA", help=said)
        if command is not inspect:
            command.add_argument("--model", type=Path, metavar="MODEL", help="the model's file")
        if command in (fit, score):
            command.add_argument(
                "--label-column",
                metavar="COLUMN",
                help="column of known labels, which scores are compared with and never fitted to",
            )
        said = "no progress bar and no summary"
        command.add_argument("--quiet", action="store_true", help=said)
    _add_fit_options(fit)
    _add_score_options(score)
    _add_report_options(report)
    for command in (fit, inspect):
        _add_reading_options(command)
    for command in (fit, score, report, inspect):
        _add_csv_options(command)
        on_error = "raise" if command in (fit, inspect) else None
        _add_on_error(command, on_error, takes_folders=command in (fit, score))
    return parser


def _add_csv_options(parser: ArgumentParser) -> None:
    add = parser.add_argument_group("how the CSV file is written").add_argument
    add("--delimiter", type=_character, metavar="C", help="default: what the file shows")
    add("--encoding", type=_encoding, help="such as cp1252; default: UTF-8")
    add("--skip-rows", type=_whole(0), default=0, metavar="N", help="lines before the header")
    add("--comment", default="", metavar="TEXT", help="leave out lines that begin with TEXT")
    add("--no-header", action="store_true", help="the first line is data")


def _add_on_error(parser: ArgumentParser, default: str | None, *, takes_folders: bool) -> None:
    """Add what happens to unreadable values; None for ``default`` is what `fit` did."""
    choices, skipped = ["raise", "flag"], ""
    if takes_folders:
        choices.append("skip")
        skipped = "skip leaves out files of a folder that cannot be read; "
    said = "whether a value that cannot be read is an error, or marks its row; "
    said += f"{skipped}default: {default or 'as in fit'}"
    parser.add_argument("--on-error", choices=choices, default=default, help=said)


def _add_reading_options(parser: ArgumentParser) -> None:
    add = parser.add_argument_group("what the columns hold").add_argument
    many: dict[str, Any] = {"nargs": "+", "action": _Columns, "default": []}
    add("--drop", metavar="COLUMN", help="columns to leave out, such as row numbers", **many)
    add("--text", metavar="COLUMN", help="columns to take as categories or text", **many)
    add("--na", metavar="WORD", help="more words for a missing value", **many)
    add("--decimal", choices=(".", ","), help="mark of decimals; default: what the table shows")
    add(
        "--thousands",
        choices=("", ".", ",", " ", "'"),
        help="mark of thousands; default: what the table shows",
    )
    add(
        "--date-format",
        action="append",
        default=[],
        metavar="FORMAT",
        help="a format of dates, such as %%d/%%m/%%Y; tried before ISO 8601 and the usual ones",
    )
    add("--max-rows", type=_whole(2), metavar="N", help="read a uniform sample of N rows")
    add("--random-state", type=_whole(0), default=0, metavar="SEED", help="default: 0")


def _add_fit_options(parser: ArgumentParser) -> None:
    add = parser.add_argument
    names = ", ".join(_gan_names())
    add("--gan", type=_gan, default="auto", metavar="GAN", help=f"{names}; default: auto")
    add(
        "--contamination",
        type=_share,
        default=0.1,
        metavar="SHARE",
        help="share of outliers in DATA, or auto; sets the threshold; default: 0.1",
    )
    add(
        "--known-anomalies",
        type=Path,
        metavar="FILE",
        help="rows that are known to be anomalies, with the columns of DATA, or a folder of such "
        "images or audio files; the model learns what sets them apart",
    )
    add("--n-estimators", type=_whole(1), metavar="N", help="members; default: the GAN's own")
    add(
        "--resize",
        type=_whole(1),
        nargs=2,
        metavar=("HEIGHT", "WIDTH"),
        help="pixels that all images of a folder are brought to; default: they must be alike",
    )
    add(
        "--sample-rate",
        type=_whole(1),
        metavar="HZ",
        help="samples per second that all audio files are brought to; default: they must be alike",
    )
    add(
        "--series",
        metavar="TIME,COLUMN,...",
        help="DATA is a time series: its column of times, and the columns that are its channels",
    )
    add(
        "--window-size",
        type=_sizes,
        metavar="N,...",
        help="points of the windows of a series; default: 32, 96 and 288, if it is long enough",
    )
    _add_series_options(parser, "error")


def _add_watch_options(parser: ArgumentParser) -> None:
    add = parser.add_argument
    said = "CSV or JSON lines that may grow; default: -, which is standard input"
    add("data", type=Path, nargs="?", default=Path("-"), metavar="DATA", help=said)
    add("--model", type=Path, metavar="MODEL", help="the model's file, of a table with names")
    add("--learn", action="store_true", help="learn the rows too, by partial_fit, and save MODEL")
    said = "seconds after which MODEL is saved while it learns, and at the end; default: 60"
    add("--save-every", type=_number, default=60.0, metavar="SECONDS", help=said)
    _add_output_options(parser)
    add("--delimiter", type=_character, metavar="C", help="of CSV; default: what its header shows")
    add("--no-header", action="store_true", help="CSV begins with data, in the model's columns")
    said = "flag marks values that cannot be read and leaves out lines that are no rows; "
    said += "raise stops there; default: flag"
    add("--on-error", choices=("raise", "flag"), default="flag", help=said)
    add("--quiet", action="store_true", help="no summary")


def _add_serve_options(parser: ArgumentParser) -> None:
    parser.set_defaults(data=Path("-"), quiet=False)
    add = parser.add_argument
    add("--model", type=Path, metavar="MODEL", help="the model's file, of a table")
    add("--host", default="127.0.0.1", help="address to listen at; default: 127.0.0.1")
    add("--port", type=_whole(0), default=8000, help="default: 8000; 0 takes a free one")
    said = "largest number of rows of a request; default: 10000"
    add("--max-rows", type=_whole(1), default=10_000, metavar="N", help=said)
    said = "largest size of a request in bytes; default: 10000000"
    add("--max-bytes", type=_whole(1), default=10_000_000, metavar="N", help=said)


def _add_output_options(parser: ArgumentParser) -> None:
    add = parser.add_argument
    add("--explain", type=_whole(1), default=0, metavar="K", help="add K reasons to outliers")
    add("--prefix", default="", metavar="TEXT", help="begins the names of the columns to add")
    add("--threshold", type=_number, help="label rows that score above; default: the model's")


def _add_series_options(parser: ArgumentParser, default: str) -> None:
    add = parser.add_argument
    add(
        "--missing",
        choices=("error", "interpolate"),
        help=f"missing values of a series; default: {default}",
    )
    add(
        "--irregular",
        choices=("error", "ignore"),
        help=f"times of a series that are doubled, unsorted or uneven; default: {default}",
    )


def _add_score_options(parser: ArgumentParser) -> None:
    add = parser.add_argument
    add("--out", help="a .parquet file, or else CSV; - for standard output")
    said = "keep what an interrupted run has written, and go on there when run again; CSV alone"
    add("--resume", action="store_true", help=said)
    _add_output_options(parser)
    _add_series_options(parser, "as in fit")


def _add_report_options(parser: ArgumentParser) -> None:
    parser.set_defaults(random_state=0)  # of the sample of a very large table
    add = parser.add_argument
    add("--out", type=Path, help="the page's file, .html")
    said = "explain the N rows that score highest; default: 50"
    add("--top", type=_whole(1), default=50, metavar="N", help=said)


def _gan_names() -> list[str]:
    """Names of the GANs, which are those of their modules. To import these would load torch."""
    modules = iter_modules([str(Path(__file__).parents[1] / "gans")])
    return ["auto", *sorted(module.name for module in modules if module.name != "registry")]


def _gan(text: str) -> str:
    names = _gan_names()
    if text not in names:
        raise ArgumentTypeError(str(unknown_name("name must be", text, names)))
    return text


def _share(text: str) -> float | str:
    with suppress(ValueError):
        if text == "auto" or 0 < float(text) <= 0.5:
            return text if text == "auto" else float(text)
    raise ArgumentTypeError(f"must be above 0 and at most 0.5, or auto. Got {text!r} instead.")


def _number(text: str) -> float:
    with suppress(ValueError):
        if not isnan(float(text)):
            return float(text)
    raise ArgumentTypeError(f"must be a number. Got {text!r} instead.")


def _whole(least: int) -> Callable[[str], int]:
    """Make a parser of whole numbers of at least ``least``."""

    def parse(text: str) -> int:
        if not text.isdecimal() or int(text) < least:
            raise ArgumentTypeError(
                f"must be a whole number of at least {least}. Got {text!r} instead."
            )
        return int(text)

    return parse


def _sizes(text: str) -> list[int]:
    return [_whole(2)(part) for part in text.split(",")]


def _encoding(text: str) -> str:
    try:
        codecs.lookup(text)
    except LookupError:
        raise ArgumentTypeError(f"must name an encoding. Got {text!r} instead.") from None
    return text


def _character(text: str) -> str:
    text = text.replace("\\t", "\t")
    if len(text) != 1:
        raise ArgumentTypeError(f"must be one character, or \\t. Got {text!r} instead.")
    return text
