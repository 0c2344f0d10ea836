"""What commands print: tables for people, lines for programs, NDJSON on request, errors where errors belong.

On a terminal a listing is a table; into a pipe it is one record a line, columns separated by tabs, without a heading; with `--json` it is
one JSON object a line, on reads and writes alike. Data goes to standard output, everything else to standard error. Nothing that a letter
or a peer brought reaches the terminal as a control character. Not here: what a record is.
"""

from __future__ import annotations

import datetime as dt
import os
import re
import sys
from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import Any, Generic, TextIO, TypeVar

import msgspec

from postroom.message.printable import printable

T = TypeVar("T")
MAX_CELL = 500  # characters of one value in a listing

# What JSON leaves as it is and a terminal may obey: DEL, C1, zero-width and bidirectional controls, separators
_UNFIT = re.compile("[\x7f-\x9f\u061c\u200b-\u200f\u2028-\u202e\u2060-\u206f\ufeff]")
_GAP = 2  # between two columns of a table
_LEAST_CUT = 12  # characters that are left of a cell that is cut
_UNITS = ("B", "kB", "MB", "GB", "TB")
FIRST_DAY = -62_135_424_000  # unix seconds: 0001-01-03, which every time zone can say
LAST_DAY = 253_402_128_000  # unix seconds: 9999-12-30, likewise
_AGES = ((86_400, "d"), (3600, "h"), (60, "min"), (1, "s"))


class Column(msgspec.Struct, Generic[T], frozen=True):
    """A column of a table: its heading, how a record's cell is made, and whether it is a number (set flush right).

    In a table, what is too long is set in several lines, or `cut` to what the others leave of the terminal's width.
    """

    heading: str
    cell: Callable[[T], str]
    number: bool = False
    cut: bool = False


class Terminal:
    """Standard output and error of one command."""

    def __init__(
        self,
        *,
        json: bool = False,
        color: bool | None = None,
        out: TextIO | None = None,
        err: TextIO | None = None,
    ) -> None:
        """`color` None: by the terminal and NO_COLOR."""
        self.json = json
        self._out = out or sys.stdout
        self._err = err or sys.stderr
        wanted = (
            not os.environ.get("NO_COLOR") and os.environ.get("TERM") != "dumb" if color is None else color
        )
        self.is_terminal = self._out.isatty()
        self.color = wanted and self.is_terminal and not json

    def record(self, record: Any) -> None:
        """One record as JSON; nothing without `--json`: `say` has words for people."""
        if self.json:
            self._out.write(json_line(record) + "\n")
            self._out.flush()

    def say(self, text: str) -> None:
        """Words for people, on standard output; nothing with `--json`. Lines of the text stay lines."""
        if not self.json:
            self._out.write(_printable_lines(text))
            self._out.flush()

    def styled(self, text: str, style: str) -> None:
        """As `say`, with a style of rich where there is colour."""
        if not self.color:
            self.say(text)
            return
        from rich.text import Text

        self._console().print(Text(_printable_lines(text), style), soft_wrap=True, end="")

    def note(self, text: str) -> None:
        """Words beside the data, on standard error; they do not mean failure. Lines stay lines."""
        self._err.write(_printable_lines(text))
        self._err.flush()

    def error(self, text: str, **facts: Any) -> None:
        """What went wrong, on standard error; one JSON object under `--json`."""
        if self.json:
            self._err.write(json_line({"error": text, **facts}) + "\n")
        else:
            self._err.write(_printable_lines(f"error: {text}"))
        self._err.flush()

    def listing(self, records: Iterable[T], columns: Sequence[Column[T]]) -> int:
        """All records, in the form that suits the reader; gives their number. Streams, except for a table."""
        if self.is_terminal and not self.json:
            return self._table(list(records), columns)
        count = 0
        for count, record in enumerate(records, 1):  # noqa: B007 -- the number is the result
            if self.json:
                self._out.write(json_line(record) + "\n")
            else:
                self._out.write("\t".join([_cell(column, record) for column in columns]) + "\n")
        self._out.flush()
        return count

    def confirm(self, question: str) -> bool:
        """Asks on the terminal; without one the answer is no."""
        if not sys.stdin.isatty():
            return False
        self._err.write(f"{printable(question)} [y/N] ")
        self._err.flush()
        return sys.stdin.readline().strip().lower() in ("y", "yes")

    def _table(self, records: list[T], columns: Sequence[Column[T]]) -> int:
        if not records:
            return 0
        from rich.table import Table
        from rich.text import Text

        console = self._console()
        table = Table(box=None, pad_edge=False, header_style="bold" if self.color else "")
        rows = [[Text(_cell(column, record)) for column in columns] for record in records]
        widths = [
            max(len(column.heading), *(row[number].cell_len for row in rows))
            for number, column in enumerate(columns)
        ]
        others = sum(width + _GAP for column, width in zip(columns, widths, strict=True) if not column.cut)
        for column, width in zip(columns, widths, strict=True):
            table.add_column(
                column.heading,
                justify="right" if column.number else "left",
                no_wrap=column is columns[0] or column.number or column.cut,  # the first one names the record
                overflow="ellipsis" if column.cut else "fold",
                width=min(width, max(console.width - others, _LEAST_CUT)) if column.cut else None,
            )
        for row in rows:
            table.add_row(*row)
        console.print(table)
        return len(records)

    def _console(self) -> Any:
        from rich.console import Console

        return Console(file=self._out, no_color=not self.color, highlight=False, markup=False, emoji=False)


def _printable_lines(text: str) -> str:
    return "".join(f"{printable(line, 10_000)}\n" for line in text.split("\n"))


def json_line(record: Any) -> str:
    """One record as one line of JSON, safe to be shown. Bytes become text, with escapes for what is not UTF-8."""
    text = msgspec.json.encode(_jsonable(record)).decode()
    return (
        text
        if text.isascii() and "\x7f" not in text
        else _UNFIT.sub(lambda found: f"\\u{ord(found[0]):04x}", text)
    )


def _jsonable(value: Any) -> Any:
    if isinstance(value, bytes):
        return value.decode("utf-8", "backslashreplace")
    if isinstance(value, msgspec.Struct):
        return {name: _jsonable(getattr(value, name)) for name in value.__struct_fields__}
    if isinstance(value, Mapping):
        return {key: _jsonable(item) for key, item in value.items()}
    if isinstance(value, list | tuple):
        return [_jsonable(item) for item in value]
    return value.encode("utf-8", "backslashreplace").decode() if isinstance(value, str) else value


def _cell(column: Column[T], record: T) -> str:
    return printable(column.cell(record), MAX_CELL)


def count_text(number: int, one: str, many: str = "") -> str:
    """`1 message`, `3 messages`; `many` where that is not the word with an s."""
    return f"{number} {one if number == 1 else many or one + 's'}"


def size_text(octets: int) -> str:
    """`812 B`, `4.1 kB`, `50 MB`: decimal units."""
    value, unit = float(octets), 0
    while value >= 999.5 and unit < len(_UNITS) - 1:
        value, unit = value / 1000, unit + 1
    return f"{value:.1f} {_UNITS[unit]}" if unit and value < 9.95 else f"{value:.0f} {_UNITS[unit]}"


def time_text(at: int) -> str:
    """Unix microseconds as local time to the minute; "" for 0. Whatever is earlier than the first day or later than the last one is that: others' reports say any time."""
    if not at:
        return ""
    return (
        dt.datetime.fromtimestamp(max(FIRST_DAY, min(at // 1_000_000, LAST_DAY)), dt.UTC)
        .astimezone()
        .strftime("%Y-%m-%d %H:%M")
    )


def age_text(microseconds: int) -> str:
    """A span of time in its largest unit: `3 d`, `5 h`, `12 min`, `40 s`."""
    seconds = max(0, microseconds // 1_000_000)
    for length, unit in _AGES:
        if seconds >= length:
            return f"{seconds // length} {unit}"
    return "0 s"
