"""What is said and heard on a connection: octets to send, and the dialogue for the journey.

RFC 5321 §4.2. A dialogue line begins with `<` (to us), `>` (from us) or `~` (a note); secrets never get here, bodies are one line with their
size. Lines gather from the connection's beginning, or from the last message, to the message that takes them. Not here: what is said.
"""

from __future__ import annotations

from postroom.proto.smtp.reply import Reply

MOST_LINES = 4096  # of a dialogue; a peer that never brings a message to its end may not fill the memory
MASKED = b"[masked]"
TLS_NOTE = b"~TLS"


class Speech:
    """Queues replies and keeps the dialogue."""

    __slots__ = ("_abandoned", "_mark", "_out", "_unheard", "lines")

    def __init__(self) -> None:
        self._out: list[bytes] = []
        self.lines: list[bytes] = []
        self._mark = 0  # where the transaction begins in `lines`
        self._abandoned = False
        self._unheard = False  # the verdict that comes next is in the dialogue already

    def say(self, reply: Reply) -> None:
        """Queues a reply."""
        self._out.append(reply.wire)
        if self._unheard:
            self._unheard = False
        else:
            self.lines += reply.spoken

    def say_utf8(self, reply: Reply) -> None:
        """Queues a reply to a client that understands UTF-8 (RFC 6531 §3.7.4.2)."""
        wire = reply.render(utf8=True)
        self._out.append(wire)
        self.lines += [b">" + line for line in wire[:-2].split(b"\r\n")]

    def say_each(self, replies: list[Reply]) -> None:
        """Queues one reply for each recipient (RFC 2033 §4.2)."""
        unheard, self._unheard = self._unheard, False
        for reply in replies:
            self._out.append(reply.wire)
            if not unheard:
                self.lines += reply.spoken

    def begin_transaction(self) -> None:
        """MAIL was just heard: from it on the lines belong to a message. Those of one that came to nothing are no part of its journey."""
        if self._abandoned:
            self._abandoned = False
            del self.lines[self._mark : -1]
        self._mark = len(self.lines) - 1
        if self._mark > MOST_LINES:
            del self.lines[MOST_LINES // 2 : -1]
            self._mark = len(self.lines) - 1

    def abandon_transaction(self) -> None:
        """The message came to nothing; its lines can be taken until the next one begins."""
        self._abandoned = True

    def limit(self) -> None:
        """Called where a peer can go on without end inside a transaction."""
        if len(self.lines) > 2 * MOST_LINES:
            del self.lines[2 * MOST_LINES :]

    def take_lines(self, verdict: tuple[Reply, ...]) -> list[bytes]:
        """The dialogue so far, and the `verdict` that will be the next thing said."""
        lines, self.lines = self.lines, []
        self._mark = 0
        self._abandoned = False
        self._unheard = bool(verdict)
        for reply in verdict:
            lines += reply.spoken
        return lines

    def take_octets(self) -> bytes:
        """What waits to be sent, once."""
        out = self._out
        if len(out) == 1:
            return out.pop()
        if not out:
            return b""
        octets = b"".join(out)
        out.clear()
        return octets
