"""What the server's machine says in answer to a command, and the few things of its state that this needs.

RFC 9051 §7.1 (status responses), RFC 9585 §4. Not here: what is heard (`server`).
"""

from __future__ import annotations

from postroom.proto.imap.answers import Answers
from postroom.proto.imap.arrival import Abandoned
from postroom.proto.imap.config import ImapConfig
from postroom.proto.imap.events import ImapEvent
from postroom.proto.imap.verb import State
from postroom.proto.sasl.exchange import Binding
from postroom.proto.sasl.mechanisms import Channel


class Speech:
    """One session's."""

    __slots__ = (
        "_faults", "_pending", "_tag", "binding", "certificate", "closing", "config", "out", "secure", "state",
    )  # fmt: skip

    def __init__(self, config: ImapConfig) -> None:
        self.config = config
        self.state = State.NOT_AUTHENTICATED
        self.secure = self.certificate = self.closing = False  # TLS; a client certificate that was checked
        self.binding: Binding | None = None  # of the TLS channel, for SASL
        self.out = Answers()
        self._pending: ImapEvent | None = None
        self._tag = b"*"
        self._faults = 0

    def finish(self, status: str, words: str, code: str = "") -> None:
        """Answers the command at hand: OK, NO or BAD, with a response code (RFC 9051 §7.1) and words that hold nothing of the client's."""
        self._pending = None
        self.out.status(self._tag, status, words, code)

    def progress(self) -> None:
        """The command at hand goes on; how far it is, is not known (RFC 9585 §4)."""
        self.out.status(b"*", "OK", "Still at it", f'INPROGRESS ("{self._tag.decode()}" NIL NIL)')

    def bye(self, words: str, code: str = "") -> None:
        """A last word, at any time; then the connection closes."""
        self.out.status(b"*", "BYE", words, code)
        self.state = State.LOGOUT
        self.closing = True

    @property
    def tag(self) -> bytes:
        """The tag of the command at hand."""
        return self._tag

    @property
    def _channel(self) -> Channel:
        return Channel(self.secure, self.certificate, self.binding)

    def _fail(self, tag: bytes, why: Abandoned) -> None:
        """NO or BAD; too many BAD ones end the connection."""
        self.out.status(tag, why.status, why.words, why.code)
        self._faults += why.status == "BAD"
        if self._faults >= self.config.limits.faults:
            self.bye("Too many commands that are none")
        elif why.fatal:
            self.bye("What follows cannot be told from a literal", why.code)
