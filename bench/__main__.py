"""`python -m bench`: measures Postroom, and where they are installed Debian's Postfix and Dovecot, in the same run.

Everything happens on loopback and in a directory of its own on a real disk; both go away at the end. The exit code is 1 when something
of ours failed, never because a budget was missed or a peer is not there.
"""

from __future__ import annotations

import argparse
import signal
import sys
import tempfile
import time
from pathlib import Path
from typing import Final, NoReturn

import msgspec
from rich.console import Console

from bench.course import FULL, LEFT_OUT, QUICK, Course, Row, Scale
from bench.figures import Figure
from bench.machine import VOLATILE, busy, examine, file_system
from bench.ours import Ours
from bench.peers import Peers, why_missing
from bench.processes import BenchError
from bench.report import Report, Side, show, write_json
from bench.rows import ROWS
from bench.smtp_load import driver
from bench.sockets import room_for

DISK: Final = "/var/tmp"  # noqa: S108 -- survives a restart by convention, so it is a disk; and it is checked
JSON: Final = "build/bench.json"
FILES: Final = 45_000  # descriptors: what Dovecot asks for so many connections
WIDTH: Final = 110  # of the table in a file or a pipe


def main(words: list[str]) -> int:
    """Runs the rows; gives the exit code."""
    options = _options(words)
    progress = Console(stderr=True, highlight=False)
    signal.signal(signal.SIGTERM, _interrupted)
    scale = QUICK if options.quick else FULL
    if options.runs:
        scale = msgspec.structs.replace(scale, runs=options.runs)
    try:
        with tempfile.TemporaryDirectory(prefix="postroom-bench-", dir=options.directory) as name:
            directory = Path(name)
            directory.chmod(0o755)  # the peers' users must get to their files
            if (kind := file_system(directory)) in VOLATILE:
                raise BenchError(
                    f"{directory} is on {kind}, where nothing is durable: name a disk with --directory"
                )
            report = _measure(options, scale, directory, progress)
    except (BenchError, OSError) as error:
        progress.print(f"bench: {error}", markup=False)
        return 1
    except KeyboardInterrupt:
        return 130
    write_json(report, options.json)
    console = Console()
    show(report, console if console.is_terminal else Console(width=WIDTH))
    return 1 if report.failed else 0


def _measure(options: argparse.Namespace, scale: Scale, directory: Path, progress: Console) -> Report:
    began = time.monotonic()
    no_peer = LEFT_OUT if options.no_peers else why_missing()
    machine = examine(directory, no_peer)
    room_for(FILES)  # the servers inherit the limit
    course = Course(directory, scale, lambda text: progress.print(f"  {text}", style="dim"), no_peer)
    figures: list[Figure] = []
    try:
        for row in _chosen(options.only):
            progress.print(f"{row.name}: {row.title}")
            _run(course, row, figures)
    except KeyboardInterrupt:
        course.failed.append("interrupted: what was not yet measured is missing")
    machine.others_after = busy()
    return Report(
        machine=machine,
        quick=options.quick,
        runs=scale.runs,
        driver=driver(),
        ours=Side(Ours.name, Ours.durability),
        peer=None if no_peer else Side(Peers.name, Peers.durability),
        no_peer=no_peer,
        figures=figures,
        notes=course.notes,
        failed=course.failed,
        seconds=time.monotonic() - began,
    )


def _run(course: Course, row: Row, figures: list[Figure]) -> None:
    """Adds a row's figures as they come; a row that cannot be measured does not stop the others."""
    try:
        figures.extend(row.run(course))
    except (BenchError, OSError) as error:
        course.failed.append(f"{row.name}: {error}")


def _chosen(names: list[str]) -> list[Row]:
    return [row for row in ROWS if not names or row.name in names]


def _options(words: list[str]) -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="python -m bench", description=(__doc__ or "").partition("\n")[0])
    names = [row.name for row in ROWS]
    parser.add_argument("--only", nargs="+", metavar="ROW", choices=names, default=[], help=", ".join(names))
    parser.add_argument("--quick", action="store_true", help="small numbers, one run: minutes become seconds")
    parser.add_argument("--json", type=Path, metavar="FILE", default=Path(JSON), help=f"default: {JSON}")
    parser.add_argument("--no-peers", action="store_true", help="measure Postroom alone")
    parser.add_argument(
        "--runs", type=int, metavar="N", default=0, help="alternating runs; default 3, quick 1"
    )
    parser.add_argument("--directory", metavar="DIR", default=DISK, help=f"on a real disk; default: {DISK}")
    options = parser.parse_args(words)
    if options.runs < 0:
        parser.error(f"--runs {options.runs}: at least 1")
    return options


def _interrupted(*_: object) -> NoReturn:
    """SIGTERM ends the bench as Ctrl-C does, so that servers are stopped and files removed."""
    raise KeyboardInterrupt


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
