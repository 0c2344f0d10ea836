"""A message that has arrived, as tests look at it: its words, links, codes and files.

RFC 5322, RFC 2045 as the checks read them (`message.proof.letter`): a program under test may write what is broken, and whoever looks at it must see it all the
same, in a time that grows with its length alone; Python's `email` raises at much of it. Not here: waiting for a message.
"""

from __future__ import annotations

import email
import email.policy
import re
from collections.abc import Sequence
from email.message import EmailMessage
from functools import cached_property
from typing import TYPE_CHECKING, Final

from postroom.message.encodings import charset, encoded_words
from postroom.message.mime.attachment import declared_name
from postroom.message.mime.structure import Part
from postroom.message.mime.text import strip_markup, written_text
from postroom.message.proof.letter import Letter

if TYPE_CHECKING:
    from postroom.message.proof.findings import Finding

_URL: Final = re.compile(r"https?://[^\s<>\"'\\^`{|}]+", re.IGNORECASE)
_END_OF_SENTENCE: Final = ".,;:!?)]"
_CODE: Final = re.compile(
    r"(?<![\w/.#&=+-])(\d{4,8}|\d{3}[ -]\d{3}|[A-Z0-9]{4}-[A-Z0-9]{4})(?![\w/-]|[.,]\d)"
)
_CONTAINERS: Final = ("multipart", "message")
_SAYS_CODE: Final = re.compile(r"\b(?:code|pin|otp|token|passcode|password)\b", re.IGNORECASE)


class NotInMail(AssertionError):
    """What was looked for is not in the message; the text shows what there is."""


class Attachment:
    """A file that came with a message."""

    def __init__(self, letter: Letter, part: Part) -> None:
        self.name = declared_name(part)
        self.content_type = f"{part.media_type}/{part.subtype}"
        self.content_id = _header(part.fields.get(b"content-id", b"")).removeprefix("<").removesuffix(">")
        self.content = letter.octets(part)

    def __repr__(self) -> str:
        return f"<Attachment {self.name!r} {self.content_type}, {len(self.content)} octets>"


class Mail:
    """A message. `raw` are its octets as they were filed, `mailbox` the name of the mailbox it is in, `id` names it in its account."""

    def __init__(self, raw: bytes, uid: int, mailbox: str = "INBOX", id: str = "") -> None:  # noqa: A002 -- as JMAP calls it
        self.raw = raw
        self.uid = uid
        self.mailbox = mailbox
        self.id = id
        self._letter = Letter(raw)

    @cached_property
    def message(self) -> EmailMessage:
        """As Python's `email` has it, which may raise at a field that is broken."""
        return email.message_from_bytes(self.raw, policy=email.policy.default)

    @property
    def subject(self) -> str:
        """Decoded."""
        return self._letter.field("Subject")

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
    def recipients(self) -> list[str]:
        """The addresses in To, Cc and Bcc."""
        return [one for name in ("To", "Cc", "Bcc") for one in self._addresses(name)]

    @property
    def text(self) -> str:
        """The plain text; that of the HTML where there is no other."""
        part = self._letter.plain_part
        return written_text(self.raw, part) if part is not None else strip_markup(self.html)

    @property
    def html(self) -> str:
        """The HTML, "" without."""
        part = self._letter.html_part
        return written_text(self.raw, part) if part is not None else ""

    def header(self, name: str) -> str:
        """A field's value, unfolded; "" without."""
        return " ".join(self._letter.field(name).split())

    @property
    def headers(self) -> list[tuple[str, str]]:
        """All fields in their order: names and decoded values."""
        return [(charset.header_text(name), _header(value)) for name, value in self._fields()]

    def links(self, containing: str = "") -> list[str]:
        """All addresses of the web, those of the HTML first, each once."""
        clicked = (one.href.strip() for one in self._letter.links)
        found = [one for one in clicked if one.lower().startswith(("http://", "https://"))]
        found += (one.rstrip(_END_OF_SENTENCE) for one in _URL.findall(self.text))
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
        bodies, found = (self._letter.plain_part, self._letter.html_part), []
        for part in self._letter.structure.parts:
            named = declared_name(part) or (
                part.disposition and part.disposition.value.lower() == "attachment"
            )
            if any(part is body for body in bodies) or (part.media_type in _CONTAINERS and not named):
                continue
            if named or part.media_type != "text" or b"content-id" in part.fields:
                found.append(Attachment(self._letter, part))
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
        return [one.email for one in self._letter.addresses(name)]

    def _fields(self) -> list[tuple[bytes, bytes]]:
        return [(field.name, field.value) for field in self._letter.header]


def _header(value: bytes) -> str:
    return encoded_words.decode(charset.header_text(value)).strip()
