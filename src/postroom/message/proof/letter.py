"""A message as the checks look at it: its header, its two bodies, the tags, links and styles of its HTML, its files. Each part is read once.

RFC 5322, RFC 2045, RFC 2046 §5.1.4 (alternatives), RFC 2392 (cid). Bounded. Not here: any verdict.
"""

from __future__ import annotations

import re
from functools import cached_property
from typing import Final, NamedTuple

from postroom.message.encodings import charset, transfer
from postroom.message.encodings.character_references import unescape
from postroom.message.encodings.encoded_words import decode
from postroom.message.headers.address_list import AddressSpec, mailboxes, parse_address_list
from postroom.message.headers.header import Header
from postroom.message.markup.tokens import Tag, tokens
from postroom.message.mime.attachment import is_attachment
from postroom.message.mime.structure import Part, Structure, scan
from postroom.message.mime.text import part_text, strip_markup, written_text
from postroom.message.proof.styles import Styles

MAX_BODY: Final = 2 << 20  # octets of a body that are read
MAX_TAGS: Final = 50_000  # tags and texts of the HTML that are looked at
MAX_LINKS: Final = 1_000  # that are looked at

_URL: Final = re.compile(r"https?://[^\s<>\"'\\^`{|}]{1,4000}", re.IGNORECASE)
_END_OF_SENTENCE: Final = ".,;:!?)]*_"


class Link(NamedTuple):
    """Where a link leads, and the words that are clicked on; `picture`: what is clicked on has a picture with words for those who do not see it."""

    href: str
    words: str
    picture: bool = False


class Letter:
    """One message. `raw` has CRLF line ends, or what came in their place."""

    def __init__(self, raw: bytes) -> None:
        self.raw = raw
        self.header = Header.parse(raw)
        self.structure: Structure = scan(raw)

    def field(self, name: str) -> str:
        """The first field of that name, unfolded and decoded; "" without one."""
        return decode(charset.header_text(self.header.get(name) or b""))

    def addresses(self, name: str) -> list[AddressSpec]:
        """All mailboxes of the fields of that name."""
        return [
            one for value in self.header.all(name) for one in mailboxes(parse_address_list(value)) if value
        ]

    @cached_property
    def author(self) -> str:
        """The domain in From, lower case; "" without one."""
        found = self.addresses("From")
        return found[0].domain.lower() if found else ""

    @cached_property
    def bodies(self) -> list[Part]:
        """The leaves that a reader is shown as the message itself."""
        parts = self.structure.parts
        return [
            part
            for part in parts
            if part.leaf
            and part.media_type == "text"
            and part.subtype in ("plain", "html")
            and not is_attachment(self.structure, part)
            and not self._inside_message(part)
        ]

    def _inside_message(self, part: Part) -> bool:
        while part.parent >= 0:
            part = self.structure.parts[part.parent]
            if part.media_type == "message":
                return True
        return False

    @cached_property
    def plain_part(self) -> Part | None:
        """The first plain text."""
        return next((part for part in self.bodies if part.subtype == "plain"), None)

    @cached_property
    def html_part(self) -> Part | None:
        """The first HTML."""
        return next((part for part in self.bodies if part.subtype == "html"), None)

    @cached_property
    def plain(self) -> str:
        """The plain text; "" without."""
        return part_text(self.raw, self.plain_part, MAX_BODY) if self.plain_part is not None else ""

    @cached_property
    def html(self) -> str:
        """The HTML as it is written; "" without."""
        return written_text(self.raw, self.html_part, MAX_BODY) if self.html_part is not None else ""

    @cached_property
    def words(self) -> str:
        """What a reader of the HTML reads."""
        return strip_markup(self.html)

    def octets(self, part: Part, limit: int | None = None) -> bytes:
        """A leaf without its transfer encoding."""
        stop = part.body_end if limit is None else min(part.body_end, part.body_start + limit)
        return transfer.decode(self.raw[part.body_start : stop], part.encoding).octets

    @cached_property
    def tokens(self) -> list[Tag | str]:
        """The HTML taken apart."""
        found: list[Tag | str] = []
        for one in tokens(self.html):
            if len(found) == MAX_TAGS:
                break
            found.append(one)
        return found

    @cached_property
    def tags(self) -> list[Tag]:
        """The start tags."""
        return [one for one in self.tokens if isinstance(one, Tag) and not one.end]

    def named(self, *names: str) -> list[Tag]:
        """The start tags of these elements."""
        return [tag for tag in self.tags if tag.name in names]

    @cached_property
    def styles(self) -> Styles:
        """All CSS."""
        inline = [tag.attributes["style"] for tag in self.tags if "style" in tag.attributes]
        return Styles([tag.inside for tag in self.named("style")], inline)

    @cached_property
    def links(self) -> list[Link]:
        """The links of the HTML, in their order."""
        found: list[Link] = []
        open_: tuple[str, list[str], bool] | None = None
        for one in self.tokens:
            if len(found) == MAX_LINKS:
                break
            if isinstance(one, str):
                if open_ is not None:
                    open_[1].append(unescape(one))
            elif open_ is not None and one.name == "img":
                open_ = (open_[0], open_[1], open_[2] or bool(one.attributes.get("alt", "").strip()))
            elif one.name == "area" and "href" in one.attributes:
                found.append(Link(one.attributes["href"], one.attributes.get("alt", "")))
            elif one.name == "a":
                if open_ is not None:
                    found.append(Link(open_[0], " ".join("".join(open_[1]).split()), open_[2]))
                label = one.attributes.get("aria-label", "") if not one.end else ""
                open_ = (
                    None
                    if one.end or "href" not in one.attributes
                    else (one.attributes["href"], [], bool(label))
                )
        return found

    @cached_property
    def written_links(self) -> list[str]:
        """The addresses of the web in the plain text."""
        found = [one.rstrip(_END_OF_SENTENCE) for one in _URL.findall(self.plain)]
        return list(dict.fromkeys(found))[:MAX_LINKS]

    @cached_property
    def addresses_of_web(self) -> list[str]:
        """Where all links lead, each once."""
        return list(dict.fromkeys([*(link.href.strip() for link in self.links), *self.written_links]))

    @cached_property
    def files(self) -> list[Part]:
        """The attachments, pictures within the HTML among them."""
        return [
            part
            for part in self.structure.parts
            if part.media_type != "multipart" and part not in self.bodies and not self._inside_message(part)
        ]


def without_html(letter: Letter) -> str:
    """Why nothing can be said of its HTML."""
    return "" if letter.html else "the message has no HTML"


def without_files(letter: Letter) -> str:
    """Why nothing can be said of its files."""
    return "" if letter.files else "the message has no files"
