"""The figure of a journey in lines of a terminal.

`-->` is a link in the clear, `~~>` one under TLS, as in timelines. Everything is made printable here. Not here: what stands in it (`journey_figure`).
"""

from __future__ import annotations

from typing import Final

from postroom.message.journey.figure import Agent, Figure, Host, Part
from postroom.message.printable import printable

LONGEST_NAME: Final = 18  # of a host or an agent; longer ones are cut
LEAST_GAP: Final = 5
_AGENT_ROWS: Final = 2  # lines from one agent to the next
WORDS: Final = "UA user agent, MTA message transfer agent, MAA message access agent; ~~> under TLS"


def drawn(figure: Figure) -> list[str]:
    """The figure's lines."""
    columns, width = _columns(figure)
    rows = figure.rows
    last = max(row + len(host.parts) for row, host in zip(rows, figure.hosts, strict=True))
    canvas = [[" "] * width for _ in range(last * _AGENT_ROWS + 1)]
    for host, left, row in zip(figure.hosts, columns, rows, strict=True):
        _host(canvas, host, left, row * _AGENT_ROWS)
    for number, link in enumerate(figure.links, 1):
        start = columns[number - 1] + _width(figure.hosts[number - 1])
        line = figure.entry(number) * _AGENT_ROWS + 1
        _put(canvas, line - 1, start, link.protocol.center(columns[number] - start))
        body = ("~" if link.secure else "─") * (columns[number] - start - 1)
        _put(canvas, line, start, body + "▶")
    lines = ["".join(line).rstrip() for line in canvas]
    return [*lines, *([f"It ends here: {printable(figure.end)}"] if figure.end else [])]


def width_of(figure: Figure) -> int:
    """Columns that it needs."""
    return _columns(figure)[1]


def told_in_words(figure: Figure) -> list[str]:
    """For a terminal that is too narrow: a host a line."""
    lines = []
    for number, host in enumerate(figure.hosts):
        parts = reversed(host.parts) if host.reading else host.parts
        link = figure.links[number - 1] if number else None
        arrow = (
            ""
            if link is None
            else f"  {'~~' if link.secure else '--'}{link.protocol}{'~~>' if link.secure else '-->'} "
        )
        lines.append(f"{arrow}{_name(host)}: {', '.join(_label(part) for part in parts)}")
    return [*lines, *([f"It ends here: {printable(figure.end)}"] if figure.end else [])]


def _columns(figure: Figure) -> tuple[list[int], int]:
    """Where each host begins, and where the last one ends."""
    columns, at = [], 0
    for number, host in enumerate(figure.hosts):
        columns.append(at)
        at += _width(host)
        if number < len(figure.links):
            at += max(LEAST_GAP, len(figure.links[number].protocol) + 1)
    return columns, at


def _width(host: Host) -> int:
    return 4 + max(len(_name(host)), *(len(_label(part)) for part in host.parts))


def _host(canvas: list[list[str]], host: Host, left: int, top: int) -> None:
    """A box with the host's name in its upper border; what lies between two agents goes the message's way."""
    width = _width(host)
    _put(canvas, top, left, f"┌ {_name(host)} ".ljust(width - 1, "─") + "┐")
    for number, part in enumerate(host.parts):
        line = top + number * _AGENT_ROWS + 1
        _put(canvas, line, left, f"│ {_label(part).ljust(width - 4)} │")
        if number + 1 < len(host.parts):
            arrow = "▲" if host.reading else "▼"
            _put(canvas, line + 1, left, f"│  {arrow}".ljust(width - 1) + "│")
    _put(canvas, top + len(host.parts) * _AGENT_ROWS, left, "└" + "─" * (width - 2) + "┘")


def _put(canvas: list[list[str]], line: int, left: int, text: str) -> None:
    canvas[line][left : left + len(text)] = list(text)


def _name(host: Host) -> str:
    return _cut(printable(host.name))


def _label(part: Part) -> str:
    if part.agent in (Agent.UA, Agent.MAILBOX, Agent.QUEUE) and part.whose:
        return _cut(printable(f"{part.agent.value} {part.whose}"))
    return part.agent.value


def _cut(text: str) -> str:
    return text if len(text) <= LONGEST_NAME else text[: LONGEST_NAME - 1] + "\N{HORIZONTAL ELLIPSIS}"
