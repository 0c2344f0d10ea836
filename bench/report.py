"""The report: a table for people, JSON for machines."""

from __future__ import annotations

from datetime import UTC, datetime
from pathlib import Path

import msgspec
from rich.console import Console
from rich.table import Table

from bench.figures import Figure
from bench.machine import QUIET, Machine


class Side(msgspec.Struct):
    """Who took part, and what its 250 is worth."""

    name: str
    durability: str


class Report(msgspec.Struct):
    """Everything that was found. `peer` is None, with `no_peer` saying why, when there was none to compare with."""

    machine: Machine
    quick: bool
    runs: int
    driver: str
    ours: Side
    peer: Side | None
    no_peer: str
    figures: list[Figure]
    notes: list[str]
    failed: list[str]
    seconds: float = 0.0
    date: str = msgspec.field(default_factory=lambda: datetime.now(UTC).isoformat(timespec="seconds"))


def write_json(report: Report, path: Path) -> None:
    """Makes the directory too."""
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(msgspec.json.format(msgspec.json.encode(report), indent=2) + b"\n")


def show(report: Report, console: Console) -> None:
    """Prints the table and all that a reader must know to judge it."""
    console.print(_table(report))
    machine = report.machine
    versions = ", ".join(f"{name} {number}" for name, number in machine.versions.items())
    lines = [
        f"{machine.processor}, {machine.cores} cores, {machine.memory >> 30} GiB; Linux {machine.kernel}; {versions}",
        f"mail on {machine.file_system}, one sync takes {machine.sync_ms:.2f} ms; SMTP load by {report.driver}",
        (
            f"other programs used {machine.others_before:.0%} of the processors just before and {machine.others_after:.0%} just "
            f"after{'' if quiet(machine) else ': this was no quiet machine, and rates are too low'}; {report.seconds:.0f} s"
        ),
        f"{report.ours.name}: {report.ours.durability}",
    ]
    if report.peer:
        lines.append(f"{report.peer.name}: {report.peer.durability}")
    else:
        lines.append(f"no peer: {report.no_peer}")
    lines += report.notes
    for line in lines:
        console.print(f"· {line}", highlight=False, markup=False, soft_wrap=True)
    for line in report.failed:
        console.print(f"FAILED {line}", style="red", highlight=False, markup=False, soft_wrap=True)


def _table(report: Report) -> Table:
    table = Table(title=f"medians of {report.runs} alternating runs" if report.runs > 1 else "one run")
    table.add_column("work", no_wrap=True)
    for name in (report.ours.name, report.peer.name if report.peer else "peer", "× better", "budget"):
        table.add_column(name, justify="right")
    last = ""
    for one in report.figures:
        if one.work != last:
            table.add_section()
            table.add_row(f"[bold]{one.work}[/bold]")
            last = one.work
        table.add_row(
            f"  {one.key}, {one.unit}",
            number(one.ours_median),
            number(one.peer_median),
            number(one.times_better),
            verdict(one),
        )
    return table


def quiet(machine: Machine) -> bool:
    """Whether the machine was the bench's own."""
    return max(machine.others_before, machine.others_after) <= QUIET


def number(value: float | None) -> str:
    """Three digits that count; a dash for what was not measured."""
    if value is None:
        return "–"
    if abs(value) >= 100:
        return f"{value:,.0f}"
    return f"{value:.1f}" if abs(value) >= 10 else f"{value:.2f}"


def verdict(one: Figure) -> str:
    """The budget, and whether it was met."""
    if not one.budget:
        return ""
    mark = {True: "met", False: "MISSED", None: "?"}[one.met]
    return f"{one.budget} {mark}"
