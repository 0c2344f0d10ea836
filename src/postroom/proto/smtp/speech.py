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

    __slots__ = ("_abandoned", "_mark", "_out", "_unheard", "said")

    def __init__(self) -> None:
        self._out: list[bytes] = []
        self.said: list[bytes] = []
        self._mark = 0  # where the transaction begins in `said`
        self._abandoned = False
        self._unheard = False  # the verdict that comes next is in the dialogue already

    def utter(self, reply: Reply) -> None:
        """Queues a reply."""
        self._out.append(reply.wire)
        if self._unheard:
            self._unheard = False
        else:
            self.said += reply.spoken

    def utter_utf8(self, reply: Reply) -> None:
        """Queues a reply to a client that understands UTF-8 (RFC 6531 §3.7.4.2)."""
        wire = reply.render(utf8=True)
        self._out.append(wire)
        self.said += [b">" + line for line in wire[:-2].split(b"\r\n")]

    def utter_each(self, replies: list[Reply]) -> None:
        """Queues one reply for each recipient (RFC 2033 §4.2)."""
        unheard, self._unheard = self._unheard, False
        for reply in replies:
            self._out.append(reply.wire)
            if not unheard:
                self.said += reply.spoken

    def begin_transaction(self) -> None:
        """MAIL was just heard: from it on the lines belong to a message. Those of one that came to nothing are no part of its journey."""
        if self._abandoned:
            self._abandoned = False
            del self.said[self._mark : -1]
        self._mark = len(self.said) - 1
        if self._mark > MOST_LINES:
            del self.said[MOST_LINES // 2 : -1]
            self._mark = len(self.said) - 1

    def abandon_transaction(self) -> None:
        """The message came to nothing; its lines can be taken until the next one begins."""
        self._abandoned = True

    def limit_dialogue(self) -> None:
        """Called where a peer can go on without end inside a transaction."""
        if len(self.said) > 2 * MOST_LINES:
            del self.said[2 * MOST_LINES :]

    def take_dialogue(self, *verdict: Reply, ended: bool = False) -> list[bytes]:
        """The dialogue so far, forgotten here; before the end of a message is answered, with the `verdict` that it is about to get, or without one
        that its journey gets from elsewhere (`ended`)."""
        lines, self.said = self.said, []
        self._mark = 0
        self._abandoned = False
        self._unheard = ended or bool(verdict)
        for reply in verdict:
            lines += reply.spoken
        return lines

    def data_to_send(self) -> bytes:
        """What waits to be sent, once."""
        out = self._out
        if not out:
            return b""
        if len(out) == 1:
            return out.pop()
        octets = b"".join(out)
        out.clear()
        return octets
