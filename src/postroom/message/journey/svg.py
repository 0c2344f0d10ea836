"""The figure of a journey as SVG, for slides and pages: one picture for all its ways, one below the other.

SVG 1.1, without scripts, fonts or anything from elsewhere; whatever came from a peer is text. Light and dark backgrounds are both thought of: it brings its
own. Not here: what stands in it (`journey_figure`).
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Sequence
from html import escape
from typing import Final

from postroom.message.journey.figure import Agent, Figure, Host, Part
from postroom.message.printable import printable

LONGEST: Final = 28  # characters of a name
_PART: Final = (150, 44)  # of an agent's box
_STEP: Final = 70  # from one agent to the next
_PAD: Final = 16
_TITLE: Final = 34  # above a host's first agent
_GAP: Final = 150  # between hosts, for what is said of a link
_MARGIN: Final = 24
MOST_END: Final = 160  # characters of why it ended
_LEGEND: Final = "UA: user agent · MTA: message transfer agent · MAA: message access agent · dashed: asked for by the reader (pull)"
_FILL: Final = {Agent.UA: "#dbeafe", Agent.MAILBOX: "#fef3c7", Agent.QUEUE: "#fef3c7"}
_OTHERS: Final = "#dcfce7"
_STYLE: Final = (
    "text{font-family:system-ui,sans-serif;fill:#111827}.name{font-size:15px;font-weight:600}.agent{font-size:14px}"
    ".whose{font-size:12px;fill:#374151}.said{font-size:12.5px}.host{fill:#fff;stroke:#6b7280}.part{stroke:#374151}"
    ".way{stroke:#111827;stroke-width:1.6;fill:none}.pull{stroke-dasharray:6 4}.legend{font-size:12px;fill:#4b5563}"
)


def as_svg(figures: Sequence[Figure]) -> str:
    """One SVG document."""
    width, at, drawn = 0, _MARGIN, []
    for figure in figures:
        size, picture = _figure(figure)
        drawn.append(f'<g transform="translate({_MARGIN},{at})">{picture}</g>')
        width, at = max(width, size[0]), at + size[1] + _MARGIN
    width += 2 * _MARGIN
    drawn.append(f'<text class="legend" x="{_MARGIN}" y="{at + 6}">{_LEGEND}</text>')
    at, width = at + _MARGIN + 6, max(width, _broad(_LEGEND))
    return (
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {width} {at}" width="{width}" height="{at}" role="img">'
        f"<title>{_text(_title(figures), 200)}</title><style>{_STYLE}</style>"
        '<defs><marker id="head" viewBox="0 0 10 10" refX="9" refY="5" markerWidth="8" markerHeight="8" orient="auto">'
        '<path d="M0 0 10 5 0 10z" fill="#111827"/></marker></defs>'
        f'<rect width="{width}" height="{at}" fill="#f9fafb"/>{"".join(drawn)}</svg>\n'
    )


def _title(figures: Sequence[Figure]) -> str:
    return "The way of a message to " + ", ".join(figure.recipient or "nobody yet" for figure in figures)


def _figure(figure: Figure) -> tuple[tuple[int, int], str]:
    """Its size, and its elements."""
    width_of_host = _PART[0] + 2 * _PAD
    lefts = [number * (width_of_host + _GAP) for number in range(len(figure.hosts))]
    rows, pieces, bottom = figure.rows, [], 0
    for host, left, row in zip(figure.hosts, lefts, rows, strict=True):
        pieces.append(_host(host, left, row * _STEP))
        bottom = max(bottom, row * _STEP + _TITLE + (len(host.parts) - 1) * _STEP + _PART[1] + _PAD)
    for number, link in enumerate(figure.links, 1):
        start, end = lefts[number - 1] + width_of_host - _PAD, lefts[number] + _PAD
        y = figure.entry(number) * _STEP + _TITLE + _PART[1] // 2
        pull = " pull" if link.pull else ""
        pieces.append(f'<path class="way{pull}" marker-end="url(#head)" d="M{start} {y}H{end}"/>')
        middle = (lefts[number - 1] + width_of_host + lefts[number]) // 2
        safe = "under TLS" if link.secure else "in the clear"
        pieces.append(_line("said", middle, y - 8, f"{link.protocol}, {safe}"))
        pieces.append(_line("said", middle, y + 18, _time(link.at)))
    if figure.end:
        pieces.append(
            f'<text class="said" x="0" y="{bottom + 22}">It ends here: {_text(figure.end, MOST_END)}</text>'
        )
        bottom += 26
    ending = _broad(figure.end[:MOST_END]) + _broad("It ends here: ") if figure.end else 0
    return (max(lefts[-1] + width_of_host, ending), bottom), "".join(pieces)


def _broad(text: str) -> int:
    """What a line of it needs, amply: no font is known here."""
    return len(text) * 7


def _host(host: Host, left: int, top: int) -> str:
    width, height = _PART[0] + 2 * _PAD, _TITLE + (len(host.parts) - 1) * _STEP + _PART[1] + _PAD
    pieces = [f'<rect class="host" x="{left}" y="{top}" width="{width}" height="{height}" rx="8"/>']
    pieces.append(_line("name", left + width // 2, top + 22, host.name))
    for number, part in enumerate(host.parts):
        y = top + _TITLE + number * _STEP
        pieces.append(_part(part, left + _PAD, y))
        if number + 1 < len(host.parts):
            ends = (y + _PART[1], y + _STEP)
            first, last = reversed(ends) if host.reading else ends
            pieces.append(
                f'<path class="way" marker-end="url(#head)" d="M{left + width // 2} {first}V{last}"/>'
            )
    return "".join(pieces)


def _part(part: Part, left: int, top: int) -> str:
    fill, middle = _FILL.get(part.agent, _OTHERS), left + _PART[0] // 2
    round_ends = 18 if part.agent in (Agent.MAILBOX, Agent.QUEUE) else 5
    box = f'<rect class="part" x="{left}" y="{top}" width="{_PART[0]}" height="{_PART[1]}" rx="{round_ends}" fill="{fill}"/>'
    if not part.whose:
        return box + _line("agent", middle, top + 27, part.agent.value)
    return (
        box
        + _line("agent", middle, top + 19, part.agent.value)
        + _line("whose", middle, top + 35, part.whose)
    )


def _line(kind: str, x: int, y: int, text: str) -> str:
    return f'<text class="{kind}" x="{x}" y="{y}" text-anchor="middle">{_text(text)}</text>'


def _text(text: str, most: int = LONGEST) -> str:
    shown = printable(text)
    return escape(shown if len(shown) <= most else shown[: most - 1] + "\N{HORIZONTAL ELLIPSIS}")


def _time(at: int) -> str:
    moment = dt.datetime.fromtimestamp(at // 1_000_000, dt.UTC)
    return f"{moment:%H:%M:%S}.{at // 1000 % 1000:03d}"
