"""A message that has arrived, as tests look at it: its words, links, codes and files.

RFC 5322, RFC 2045 as Python's `email` reads them: it is the view of whoever tests a program, not the servers' own. Not here: waiting for one.
"""

from __future__ import annotations

import email
import email.policy
import re
from collections.abc import Sequence
from email.message import MIMEPart
from html.parser import HTMLParser
from typing import TYPE_CHECKING, Final

from postroom.message.character_references import short_references, unescape

if TYPE_CHECKING:
    from postroom.message.proof.findings import Finding

_URL: Final = re.compile(r"https?://[^\s<>\"'\\^`{|}]+", re.IGNORECASE)
_END_OF_SENTENCE: Final = ".,;:!?)]"
_CODE: Final = re.compile(
    r"(?<![\w/.#&=+-])(\d{4,8}|\d{3}[ -]\d{3}|[A-Z0-9]{4}-[A-Z0-9]{4})(?![\w/-]|[.,]\d)"
)
_SAYS_CODE: Final = re.compile(r"\b(?:code|pin|otp|token|passcode|password)\b", re.IGNORECASE)
_SKIPPED: Final = frozenset(("head", "style", "script", "title"))


class NotInMail(AssertionError):
    """What was looked for is not in the message; the text shows what there is."""


class Attachment:
    """A file that came with a message."""

    def __init__(self, part: MIMEPart) -> None:
        self.name: str = part.get_filename() or ""
        self.content_type = part.get_content_type()
        self.content_id: str = str(part.get("Content-ID", "")).strip().removeprefix("<").removesuffix(">")
        payload = part.get_payload(decode=True)
        self.content: bytes = payload if isinstance(payload, bytes) else part.as_bytes()

    def __repr__(self) -> str:
        return f"<Attachment {self.name!r} {self.content_type}, {len(self.content)} octets>"


class Mail:
    """A message. `raw` are its octets as they were filed, `mailbox` the name of the mailbox it is in, `id` names it in its account."""

    def __init__(self, raw: bytes, uid: int, mailbox: str = "INBOX", id: str = "") -> None:  # noqa: A002 -- as JMAP calls it
        self.raw = raw
        self.uid = uid
        self.mailbox = mailbox
        self.id = id
        self.message = email.message_from_bytes(raw, policy=email.policy.default)

    @property
    def subject(self) -> str:
        """Decoded."""
        return str(self.message.get("Subject", ""))

    @property
    def sender(self) -> str:
        """The address in From."""
        return next(iter(self._addresses("From")), "")

    @property
    def to(self) -> list[str]:
        """The addresses in To."""
        return self._addresses("To")

    @property
    def cc(self) -> list[str]:
        """The addresses in Cc."""
        return self._addresses("Cc")

    @property
    def text(self) -> str:
        """The plain text; that of the HTML where there is no other."""
        part = self.message.get_body(("plain",))
        return _content(part) if part is not None else _TextOfHtml.of(self.html)

    @property
    def html(self) -> str:
        """The HTML, "" without."""
        part = self.message.get_body(("html",))
        return _content(part) if part is not None else ""

    def header(self, name: str) -> str:
        """A field's value, unfolded; "" without."""
        return " ".join(str(self.message.get(name, "")).split())

    def links(self, containing: str = "") -> list[str]:
        """All addresses of the web, those of the HTML first, each once."""
        found = [*_Anchors.of(self.html), *(one.rstrip(_END_OF_SENTENCE) for one in _URL.findall(self.text))]
        return [one for one in dict.fromkeys(found) if containing in one]

    def link(self, containing: str = "") -> str:
        """The one link with these words in it. Raises `NotInMail` when there is none, or are several."""
        found = self.links(containing)
        if len(found) != 1:
            what = f"{len(found)} links" if found else "no link"
            raise NotInMail(f"{what} containing {containing!r} in {self!r}: {self.links()}")
        return found[0]

    def code(self, pattern: str = "") -> str:
        """A code that somebody is to type, without spaces; `pattern` (a regular expression) says how one looks. Raises `NotInMail`."""
        shape = re.compile(pattern) if pattern else _CODE
        lines = [self.subject, *self.text.splitlines()]
        told = [at for at, line in enumerate(lines) if _SAYS_CODE.search(line)]
        near = [lines[at] for start in told for at in range(start, min(start + 3, len(lines)))]
        for line in (*near, *lines):
            match = shape.search(line)
            if match is not None:
                return "".join((match[1] if match.groups() else match[0]).split())
        raise NotInMail(f"no code in {self!r}: {self.text[:500]!r}")

    def attachments(self) -> list[Attachment]:
        """The files, in their order; pictures within the HTML among them."""
        bodies = [self.message.get_body((kind,)) for kind in ("plain", "html")]
        found = []
        for part in self.message.walk():
            named = part.get_filename() or part.get_content_disposition() == "attachment"
            if any(part is body for body in bodies) or (part.is_multipart() and not named):
                continue
            if named or part.get_content_maintype() != "text" or "Content-ID" in part:
                found.append(Attachment(part))
        return found

    def check(self) -> list[Finding]:
        """What a proof-reader says of it: header, bodies, HTML and who can show it, links, files, sender; each with verdict, reason, remedy."""
        from postroom.message.proof.table import proofread

        return proofread(self.raw)

    def problems(self, *, without: Sequence[str] = ()) -> list[Finding]:
        """What is bad of that, so that a test can say `assert not mail.problems()`; `without` names checks or groups that are not to count."""
        from postroom.message.proof.table import problems

        return problems(self.check(), without)

    def __repr__(self) -> str:
        return f"<Mail {self.subject!r} from {self.sender} to {', '.join(self.to)}>"

    def _addresses(self, name: str) -> list[str]:
        field = self.message.get(name)
        return [one.addr_spec for one in getattr(field, "addresses", ())]


def _content(part: MIMEPart) -> str:
    try:
        return str(part.get_content())
    except (LookupError, UnicodeError):  # a charset that nobody knows
        payload = part.get_payload(decode=True)
        return payload.decode("latin-1") if isinstance(payload, bytes) else ""


class _Anchors(HTMLParser):
    """Where links lead."""

    def __init__(self) -> None:
        super().__init__()
        self.found: list[str] = []

    @classmethod
    def of(cls, html: str) -> list[str]:
        parser = cls()
        parser.feed(short_references(html))
        return parser.found

    def handle_starttag(self, tag: str, attributes: Sequence[tuple[str, str | None]]) -> None:
        where = dict(attributes).get("href") or ""
        if tag in ("a", "area") and where.lower().startswith(("http://", "https://")):
            self.found.append(unescape(where))


class _TextOfHtml(HTMLParser):
    """What a reader sees."""

    def __init__(self) -> None:
        super().__init__()
        self._pieces: list[str] = []
        self._hidden = 0

    @classmethod
    def of(cls, html: str) -> str:
        parser = cls()
        parser.feed(short_references(html))
        lines = [" ".join(line.split()) for line in "".join(parser._pieces).splitlines()]
        return "\n".join(line for line in lines if line)

    def handle_starttag(self, tag: str, _attributes: Sequence[tuple[str, str | None]]) -> None:
        if tag in _SKIPPED:
            self._hidden += 1
        elif tag in ("br", "p", "div", "tr", "li", "h1", "h2", "h3", "table"):
            self._pieces.append("\n")

    def handle_endtag(self, tag: str) -> None:
        if tag in _SKIPPED:
            self._hidden = max(0, self._hidden - 1)
        elif tag in ("p", "div", "tr", "h1", "h2", "h3", "table"):
            self._pieces.append("\n")

    def handle_data(self, data: str) -> None:
        if not self._hidden:
            self._pieces.append(data)
