"""Dialogues that were listened in on, as lines: what is a command or a reply, what is content, and nothing that is secret.

RFC 5321 §4.1.1.4 and RFC 3030 §2 (content of SMTP), RFC 2920 §3.1 (DATA is the last of a group: what comes before its reply waits for that), RFC 1939 §3 (many-line replies), RFC 9051 §4.3 (literals), RFC 4954 §4, RFC 5034 §4, RFC 9051 §6.2.2
(responses of a login). A secret is replaced by asterisks of the same length, so that octets can be counted as they went. Not here: who listens
(`net.tapped`), what lines mean (`message.journey.dialogue_explained`).
"""

from __future__ import annotations

import math
import re
from collections import deque
from collections.abc import Callable, Iterator
from typing import Final, NamedTuple

from postroom.proto.smtp.texts import OUT_OF_STEP

MOST_LINE: Final = 64 * 1024  # octets that are held back for the end of a line
MOST_ASKED: Final = 1_000  # commands whose replies are awaited
_LITERAL: Final = re.compile(rb"~?\{(\d{1,18})(\+?)\}\r?\n\Z")
_LOGIN: Final = re.compile(
    rb'\s*(?:\S+[ \t]+)?LOGIN[ \t]+(?:"(?:[^"\\]|\\.)*"|[^\s"{]+)[ \t]+', re.IGNORECASE
)
_REQUEST: Final = re.compile(rb"([A-Z]{3,10} /[^\s?#]*+)\S*+ (HTTP/1\.[01])\r\n")
_STATUS: Final = re.compile(rb"HTTP/1\.[01] \d{3}[^\r\n]{0,100}\r\n")
_LISTINGS: Final = frozenset((b"RETR", b"TOP", b"LIST", b"UIDL", b"CAPA", b"AUTH", b"LANG"))
_ONE_LINED: Final = frozenset((b"LIST", b"UIDL", b"AUTH", b"LANG"))  # when they have an argument
_LAST: Final = b"LAST"  # of BDAT, and in the place of DATA whose message comes
_BEGINS_ANEW: Final = frozenset((b"LHLO", b"MAIL", b"RSET"))  # no recipient is there behind them
_UNREAD: Final = str(OUT_OF_STEP).encode()  # what came too early is read by nobody


class Piece(NamedTuple):
    """A line with its end, or a run of content."""

    octets: bytes
    content: bool


class _Direction:
    """What comes from one side. `octets` of content are still to come; `dotted`: lines of content, up to one that is a dot; `waits`: what a reply will tell."""

    def __init__(self, heard: Callable[[bytes], bytes]) -> None:
        self._heard = heard
        self._held = bytearray()
        self.octets: float = 0
        self.dotted = False
        self.waits = False
        self.secret = False

    def pieces(self, data: bytes) -> Iterator[Piece]:
        self._held += data
        if self.waits and len(self._held) > MOST_LINE:
            self.told(content=True)
        while self._held and not self.waits:
            piece = self._run() if self.octets else self._line()
            if piece is None:
                return
            yield piece

    def told(self, *, content: bool) -> None:
        """What was waited for is known: whether lines of content have come."""
        self.dotted = self.dotted or content
        self.waits = False

    def _run(self) -> Piece:
        many = len(self._held) if self.octets == math.inf else min(int(self.octets), len(self._held))
        taken = self._take(many)
        self.octets -= many
        return Piece(b"*" * many if self.secret else taken, content=True)

    def _line(self) -> Piece | None:
        end = self._held.find(b"\n") + 1
        if not end:
            return Piece(self._take(len(self._held)), content=True) if len(self._held) > MOST_LINE else None
        line = self._take(end)
        if not self.dotted:
            return Piece(self._heard(line), content=False)
        self.dotted = line.rstrip(b"\r\n") != b"."
        return Piece(line, content=self.dotted)

    def _take(self, many: int) -> bytes:
        taken = bytes(self._held[:many])
        del self._held[:many]
        return taken


class Dialogue:
    """One connection. What a protocol says of lines is in the subclasses; this one takes every line as it is."""

    def __init__(self) -> None:
        self.client = _Direction(self._client_line)
        self.server = _Direction(self._server_line)

    def came(self, data: bytes = b"") -> list[Piece]:
        """What the client said, as far as lines of it are whole and it is known what they are; after each `went` there may be more."""
        return list(self.client.pieces(data))

    def went(self, data: bytes) -> list[Piece]:
        """What the server said."""
        return list(self.server.pieces(data))

    def ended(self) -> None:
        """No reply comes any more."""
        if self.client.waits:
            self.client.told(content=True)

    def secured(self) -> None:
        """Everything begins anew under TLS (RFC 3207 §4.2)."""
        Dialogue.__init__(self)

    def _client_line(self, line: bytes) -> bytes:
        return line

    def _server_line(self, line: bytes) -> bytes:
        return line


class _Login:
    """By AUTH, in SMTP and POP3: what the client says up to its own reply is secret, whether or not it waits for challenges, and for replies to what it said before."""

    def __init__(self) -> None:
        self.under_way = False
        self._earlier = 0  # replies that come first

    def begins(self, earlier: int) -> None:
        """AUTH was said; so many replies to other commands are awaited."""
        self.under_way, self._earlier = True, earlier

    def answered(self, *, may_end: bool = True) -> None:
        """A reply has come that is no challenge."""
        if self._earlier:
            self._earlier -= 1
        elif may_end:
            self.under_way = False


class SmtpDialogue(Dialogue):
    """RFC 5321."""

    def __init__(self) -> None:
        super().__init__()
        self._login = _Login()
        self._asked: deque[bytes] = deque(maxlen=MOST_ASKED)  # the verbs of lines that await their reply

    def secured(self) -> None:
        """What was under way is so no longer."""
        super().secured()
        SmtpDialogue.__init__(self)

    def _client_line(self, line: bytes) -> bytes:
        words = line.upper().split(None, 3)
        verb = words[0] if words else b""
        if self._login.under_way:
            self._asked.append(b"")
            return _stars(line, 0)
        self._asked.append(_LAST if verb == b"BDAT" and words[2:3] == [_LAST] else verb)
        if verb == b"AUTH" and len(words) > 1:
            self._login.begins(len(self._asked) - 1)
            return _stars_from(line, line.split(None, 2), 2)
        self.client.waits = verb == b"DATA"
        if verb == b"BDAT" and len(words) > 1 and words[1].isdigit():
            self.client.octets = int(words[1][:18])
        return line

    def _server_line(self, line: bytes) -> bytes:
        goes_on = line.startswith(b"354")  # to the message there is a second reply
        if line.startswith(b"334"):
            self._login.under_way = True
        if goes_on and self._asked:
            self._asked[0] = _LAST
        elif line[3:4] != b"-":
            self._answered(line)
            self._login.answered(may_end=line.startswith((b"235", b"4", b"5")))
        unread = line.startswith(_UNREAD)
        if self.client.waits and (goes_on or unread or not self._asked):
            self.client.told(content=goes_on or unread)
        return line

    def _answered(self, line: bytes) -> None:  # noqa: ARG002 -- LMTP's wants it
        """The last line of a reply."""
        if self._asked:
            self._asked.popleft()


class LmtpDialogue(SmtpDialogue):
    """RFC 2033 §4.2: the end of a message has a reply for each recipient that was taken."""

    def __init__(self) -> None:
        super().__init__()
        self._recipients = 0
        self._due = 0  # further replies to the message that has ended

    def _answered(self, line: bytes) -> None:
        verb = self._asked[0] if self._asked else b""
        if verb == _LAST:
            self._due = (self._due or max(1, self._recipients)) - 1
            if self._due:
                return
        if verb == b"RCPT":
            self._recipients += line.startswith(b"2")
        elif verb == _LAST or (line.startswith(b"2") and verb in _BEGINS_ANEW):
            self._recipients = 0
        super()._answered(line)


class Pop3Dialogue(Dialogue):
    """RFC 1939; APOP shows its digest, which is of no use a second time."""

    def __init__(self) -> None:
        super().__init__()
        self._login = _Login()
        self._greeted = False
        self._asked: deque[bool] = deque(maxlen=MOST_ASKED)  # whether a good reply has many lines

    def _client_line(self, line: bytes) -> bytes:
        if self._login.under_way:
            return _stars(line, 0)
        words = line.split(None, 2)
        verb = words[0].upper() if words else b""
        self._asked.append(verb in _LISTINGS and not (verb in _ONE_LINED and len(words) > 1))
        if verb == b"PASS" and len(words) > 1:
            return _stars(line, line.index(words[0]) + len(words[0]) + 1)
        if verb == b"AUTH" and len(words) > 1:
            self._login.begins(len(self._asked) - 1)
            return _stars_from(line, words, 2)
        return line

    def _server_line(self, line: bytes) -> bytes:
        if line.startswith(b"+ "):
            self._login.under_way = True
        elif not self._greeted:
            self._greeted = True
        else:
            self._login.answered()
            many = bool(self._asked) and self._asked.popleft()
            self.server.dotted = many and line.startswith(b"+OK")
        return line

    def secured(self) -> None:
        """No second greeting comes behind STLS (RFC 2595 §4)."""
        greeted = self._greeted
        super().secured()
        Pop3Dialogue.__init__(self)
        self._greeted = greeted


class ImapDialogue(Dialogue):
    """RFC 9051 and RFC 3501; after COMPRESS (RFC 4978) nothing is understood any more.

    Commands may be sent before others are answered (RFC 9051 §5.5), so an answer ends what its own tag has begun.
    """

    def __init__(self) -> None:
        super().__init__()
        self._tag = b""  # of the command that came last
        self._awaits = b""  # that of one whose literal was announced and has no leave to come yet
        self._authenticating = self._compressing = b""  # that of the command
        self._login = self._continues = False

    def secured(self) -> None:
        """What was under way is so no longer."""
        super().secured()
        ImapDialogue.__init__(self)

    def _client_line(self, line: bytes) -> bytes:
        if self._authenticating:
            return _stars(line, 0)
        words = line.split(None, 3)
        start = 0 if self._login else None
        if not self._continues:
            self._tag = words[0] if words else b""
            start = self._command(words, line)
        literal = _LITERAL.search(line)
        self._continues = literal is not None
        self._login = start is not None and self._continues
        end = len(line)
        if literal is not None:
            end = literal.start()
            self.client.octets, self.client.secret = int(literal[1]), self._login
            self._awaits = b"" if literal[2] else self._tag
        return line if start is None else _stars(line[:end], start) + line[end:]

    def _command(self, words: list[bytes], line: bytes) -> int | None:
        """Notes what a command begins; gives from where on its line is secret, None when nothing is."""
        verb = words[1].upper() if len(words) > 1 else b""
        behind = line.rindex(words[3]) if len(words) > 3 else len(line)
        without_tag = words[0].upper() if words else b""  # which is refused, but the password was typed
        if verb == b"AUTHENTICATE":
            self._authenticating = self._tag
            return behind
        if without_tag == b"AUTHENTICATE":
            return len(line) - sum(map(len, line.split(None, 2)[2:]))
        if b"LOGIN" in (verb, without_tag):
            found = _LOGIN.match(line)
            return found.end() if found else behind
        if verb == b"COMPRESS":
            self._compressing = self._tag
        return None

    def _server_line(self, line: bytes) -> bytes:
        if line.startswith(b"+"):
            self._awaits = b""
            return line
        literal = _LITERAL.search(line)
        if literal is not None:
            self.server.octets = int(literal[1])
        tag, _, rest = line.partition(b" ")
        if not tag:
            return line  # it goes on behind a literal
        if tag == self._awaits and not rest.upper().startswith(b"OK "):
            self._refused()
        if tag == self._authenticating:
            self._authenticating = b""
        if tag == self._compressing:
            self._compressing = b""
            if rest.upper().startswith(b"OK "):
                self.client.octets = self.server.octets = math.inf
        return line

    def _refused(self) -> None:
        """A literal that was announced does not come (RFC 9051 §4.3)."""
        self._awaits = b""
        self._login = self._continues = False
        self.client.octets = 0


class HttpDialogue(Dialogue):
    """RFC 9112: of requests the method and the path, of answers the status; all else may be secret."""

    def came(self, data: bytes = b"") -> list[Piece]:
        """The request line without its query, where a request begins."""
        found = _REQUEST.match(data)
        return [Piece(found[1] + b" " + found[2] + b"\r\n", content=False)] if found else []

    def went(self, data: bytes) -> list[Piece]:
        """The status line, where an answer begins."""
        found = _STATUS.match(data)
        return [Piece(found[0], content=False)] if found else []


_BY_SERVICE: Final[dict[str, type[Dialogue]]] = {
    "lmtp": LmtpDialogue,
    "pop3": Pop3Dialogue,
    "pop3s": Pop3Dialogue,
    "imap": ImapDialogue,
    "imaps": ImapDialogue,
    "http": HttpDialogue,
    "https": HttpDialogue,
}


def dialogue_of(service: str) -> Dialogue:
    """A dialogue of a server's service (`smtp`, `submissions`, `pop3s` ...), from its beginning."""
    return _BY_SERVICE.get(service, SmtpDialogue)()


def _stars(line: bytes, start: int) -> bytes:
    """A line whose end is secret from `start` on."""
    words = line.rstrip(b"\r\n")
    return words[:start] + b"*" * (len(words) - start) + line[len(words) :]


def _stars_from(line: bytes, words: list[bytes], first: int) -> bytes:
    """A line whose words are secret from this one on; it has these, the last with all that follows."""
    return _stars(line, line.rindex(words[first])) if len(words) > first else line
