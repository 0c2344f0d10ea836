"""The command line. `main` looks at the name it was called by: postroom, or one of sendmail, mailq, newaliases.

Only what a command needs is imported, when it is needed: programs start sendmail for every message.
"""

from __future__ import annotations

import io
import os
import sys
from collections.abc import Sequence
from pathlib import Path

_OLD_NAMES = ("sendmail", "mailq", "newaliases")


def main() -> int:
    """Runs what the command line says; gives the exit code."""
    _open_standard_streams()
    name, arguments = Path(sys.argv[0]).name, sys.argv[1:]
    if name not in _OLD_NAMES and arguments and arguments[0] in _OLD_NAMES:
        name, arguments = arguments[0], arguments[1:]
    try:
        if name in _OLD_NAMES:
            from postroom.app.sendmail.program import main as sendmail

            return sendmail(name, arguments, _run)
        return _run(arguments)
    except BrokenPipeError:  # whoever read the output has seen enough
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        return 0
    except KeyboardInterrupt:
        return 130


def _open_standard_streams() -> None:
    """Makes them fit for any text, and opens to nowhere what is closed: mailutils' mail starts sendmail without 1 and 2, and the next file would become standard output."""
    for number, name in enumerate(("stdin", "stdout", "stderr")):
        if getattr(sys, name) is None:
            null = os.open(os.devnull, os.O_RDWR)  # the lowest that is free, so this very number
            setattr(sys, name, os.fdopen(null, "w" if number else "r", encoding="utf-8"))
    if isinstance(sys.stdout, io.TextIOWrapper):
        sys.stdout.reconfigure(
            errors="backslashreplace"
        )  # what the user's charset lacks, as on standard error


def _run(arguments: Sequence[str]) -> int:
    from postroom.app.cli.program import run

    return run(arguments)
