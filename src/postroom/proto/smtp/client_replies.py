"""Reading replies, from a server that may be anybody.

RFC 5321 §4.2.1 (lines, "-" between code and text), §4.5.3.1.5, RFC 2034 §4 (statuses in the text). A reply is bounded in lines and in length, and
nothing that does not print comes out of here, so that what a server says can stand in a log, in a report and on a terminal. Not here: what a
reply means.
"""

from __future__ import annotations

import re

from postroom.message.errors import EnhancedStatus
from postroom.proto.smtp.reply import Reply, printable
from postroom.wire.lines import LineBuffer, LineFault

MAX_LINE = 2048  # octets of a line; RFC 5321 §4.5.3.1.5 allows 512
MAX_LINES = 100  # lines of a reply that are kept
MAX_KEPT = 8192  # octets of a reply after which no further line is kept: they go into the queue, the journal and reports
MOST_LINES = 10_000  # lines of a reply that are read at all
_KNOWN = 64  # replies that are remembered, since most servers say few things
_CODE = re.compile(r"[2-5][0-9][0-9]")
_STATUS = re.compile(r"([245])\.([0-9]{1,3})\.([0-9]{1,3})(?: +|$)")


class BadReply(Exception):
    """What came is not a reply: the two ends no longer agree on where they are."""


class ReplyReader:
    """Octets in, replies out. `heard` gathers the lines, for the dialogue."""

    __slots__ = ("_code", "_count", "_kept", "_known", "_texts", "heard", "lines")

    def __init__(self, heard: list[bytes]) -> None:
        self.lines = LineBuffer(MAX_LINE)
        self.heard = heard
        self._known: dict[bytes, Reply] = {}
        self._texts: list[str] = []
        self._count = 0
        self._code = 0
        self._kept = 0

    @property
    def under_way(self) -> bool:
        """Whether octets have come that no reply accounts for."""
        return bool(self._count) or self.lines.pending

    def reply(self) -> Reply | None:
        """The next whole reply; None while it has not arrived. Raises `BadReply`."""
        while True:
            line = self.lines.line()
            if line is None:
                return None
            if isinstance(line, LineFault):
                if line is not LineFault.TOO_LONG:
                    raise BadReply(f"a line of a reply {line.value}")
                line = self.lines.start[:4] + b"[a line that is too long]"
            if not self._count:
                known = self._known.get(line)
                if known is not None:
                    self.heard.append(b"<" + line)
                    return known
            if (reply := self._add(line)) is not None:
                return reply

    def _add(self, line: bytes) -> Reply | None:
        text = printable(line.decode("utf-8", "backslashreplace"))
        code, separator = text[:3], text[3:4]
        if not _CODE.fullmatch(code) or separator not in {"", " ", "-"}:
            raise BadReply(f"not a reply: {text[:100]}")
        self._count += 1
        if self._count > MOST_LINES:
            raise BadReply("a reply without end")
        if self._count <= MAX_LINES and self._kept < MAX_KEPT:
            self._kept += len(text)
            self.heard.append(b"<" + text.encode("utf-8"))
            self._texts.append(text[4:])
            self._code = int(code)
        if separator == "-":
            return None
        reply = _with_status(int(code), self._texts)
        if self._count == 1 and len(self._known) < _KNOWN:
            self._known[line] = reply
        self._texts = []
        self._count = self._kept = 0
        return reply


def _with_status(code: int, texts: list[str]) -> Reply:
    matched = _STATUS.match(texts[0])
    if matched is None or int(matched.group(1)) != code // 100:  # RFC 2034 §4: it must agree with the code
        return Reply(code, None, tuple(texts))
    status = EnhancedStatus(*(int(number) for number in matched.groups()))
    prefix = matched.group().rstrip(" ")
    lines = tuple(text[len(prefix) :].lstrip(" ") if text.startswith(prefix) else text for text in texts)
    return Reply(code, status, lines)
