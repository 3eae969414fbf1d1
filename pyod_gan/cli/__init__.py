"""The command ``pyod-gan``: fit a model to a table, to images or to sounds, and score others."""

from __future__ import annotations

import os
import sys
from argparse import Namespace
from collections.abc import Sequence
from contextlib import suppress

from .._support.exceptions import TrainingCollapsedError
from .arguments import find_data, make_parser
from .terminal import interrupts, plain, plain_warnings, say


def main(arguments: Sequence[str] | None = None) -> int:
    """Run the command.

    Parameters
    ----------
    arguments : sequence of str, default=None
        Arguments after ``pyod-gan``. None takes those of the command line.

    Returns
    -------
    code : int
        0 = done. 2 = an error, which is said on standard error. 128 and the number of the
        signal that stopped the command: 129 = the terminal was closed, 130 = Ctrl-C,
        143 = terminated.

    Raises
    ------
    SystemExit
        After help (0), and for arguments that cannot be understood (2).
    """
    options = make_parser().parse_args(arguments)
    find_data(options)
    with interrupts() as came:
        code = _run(options)
    return 128 + came[0] if came else code


def _run(options: Namespace) -> int:
    """Run the command of the options, and return its exit code."""
    try:
        with plain_warnings(options.quiet):
            from . import commands  # loads libraries that help does not need

            getattr(commands, options.command)(options)
            sys.stdout.flush()
    except KeyboardInterrupt:
        with suppress(OSError):  # the terminal may be closed
            say("interrupted")
        return 130
    except BrokenPipeError:  # the reader of standard output has stopped
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        return 0
    except (ImportError, OSError, TrainingCollapsedError, ValueError) as error:
        with suppress(OSError):
            for line in f"error: {plain(error)}".splitlines():
                say(line)
        return 2
    return 0
