"""Messages as an mbox file: one after the other, each behind a line that begins with `From `.

RFC 4155 appendix A (lines end with LF; the date is UTC's, as asctime writes it), and `mboxrd`: a line that could be taken for the beginning of a message, however often
it was quoted before, gets one `>` more, so that reading takes one away and gives back what was. Messages come in pieces. Not here: reading.
"""

from __future__ import annotations

import datetime as dt
import re
from typing import Final

NOBODY: Final = b"MAILER-DAEMON"  # for a message without an envelope sender
LONGEST_LINE: Final = 1000  # octets of a line that may yet become one to be quoted
_LOOKS_LIKE: Final = re.compile(rb"(?<=\n)(>*From )")
_MAY_BECOME: Final = re.compile(rb">*(?:F(?:r(?:o(?:m)?)?)?)?\r?\Z")
_SENDER: Final = re.compile(rb"(?im)^return-path:[ \t]*<([^\s<>]{1,320})>")


def head(first: bytes, at: int) -> bytes:
    """The line before a message: who sent it, by its Return-Path in the first piece, and when it came (unix seconds)."""
    header = re.split(rb"\r?\n\r?\n", first, maxsplit=1)[0]
    found = _SENDER.search(header)
    date = dt.datetime.fromtimestamp(at, dt.UTC).ctime()
    return b"From " + (found[1] if found else NOBODY) + b" " + date.encode() + b"\n"


class Quoting:
    """One message, piece by piece."""

    def __init__(self) -> None:
        self._kept = b""  # the beginning of a line, of which nobody knows yet what it will be
        self._fresh = True  # whether what comes next begins a line

    def piece(self, octets: bytes) -> bytes:
        """The next octets, as they stand in the file; a few may be kept for the next call."""
        data, self._kept = self._kept + octets, b""
        if data.endswith(b"\r"):
            data, self._kept = data[:-1], b"\r"
        data = (b"\n" if self._fresh else b"") + data.replace(b"\r\n", b"\n")
        line = data.rfind(b"\n") + 1
        tail = data[line:]
        if line and len(tail) <= LONGEST_LINE and _MAY_BECOME.match(tail):
            data, self._kept = data[:line], tail + self._kept
        quoted = _LOOKS_LIKE.sub(rb">\1", data)
        given = quoted[1:] if self._fresh else quoted
        self._fresh = data.endswith(b"\n")
        return given

    def end(self) -> bytes:
        """What was kept, the end of the last line, and the empty line behind a message."""
        kept = self._kept.replace(b"\r", b"\n") if self._kept == b"\r" else self._kept
        closed = kept if kept.endswith(b"\n") or (not kept and self._fresh) else kept + b"\n"
        return closed + b"\n"
