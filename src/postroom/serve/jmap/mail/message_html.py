"""MessageHtml/get: an email as a document for a sandboxed frame, made safe, its own pictures in it and those of other hosts left out unless asked for.

Of the vendor's capability, with the rights of Email/get. Made in a thread, two at a time, since hostile HTML takes seconds. Not here: what is safe
(`message.markup`), the door through which other hosts' pictures come (`web.pictures`).
"""

from __future__ import annotations

import asyncio
import base64
import re
from collections import Counter
from collections.abc import Callable
from functools import cached_property
from typing import Any, Final, Literal

from postroom.message.markup.document import document
from postroom.message.markup.pictures import BOX, Pictures
from postroom.message.markup.plain import MAX_TEXT, text_markup
from postroom.message.markup.safe import Safe, sanitise
from postroom.message.mime import flowed
from postroom.message.mime.picture_kinds import picture_kind
from postroom.proto.http.picture_addresses import PATTERN
from postroom.proto.jmap import body_parts
from postroom.proto.jmap.body_parts import BodyPart
from postroom.proto.jmap.body_values import body_value
from postroom.proto.jmap.capabilities import WEBMAIL
from postroom.proto.jmap.errors import MethodError
from postroom.proto.jmap.types import Arguments, Id, Object
from postroom.serve.jmap.mail.email_view import View
from postroom.serve.jmap.mail.whole_email import whole_email
from postroom.serve.jmap.methods.call import Call, Method, Methods

IN_THREAD: Final = 8_192  # octets of a message from which on its document is made in a thread
MAX_OWN_PICTURE: Final = 1_500_000  # octets of a picture that stands in the document itself
MAX_OWN_PICTURES: Final = 8 << 20  # octets of all pictures that do
MAX_BODY_PARTS: Final = 50  # of one message that are put into one document

_BEGINNING: Final = "data:image/gif;base64,"
_STAND_IN: Final = re.compile(rf"{_BEGINNING}cGFydC[A-Za-z0-9+/]{{1,80}}={{0,2}}")  # "part ..."
_ORIGIN: Final = re.compile(
    r"https?://[A-Za-z0-9.-]{1,255}(?::[0-9]{1,5})?|https?://\[[0-9A-Fa-f:.]{2,45}\](?::[0-9]{1,5})?"
)


class MessageHtmlGet(Arguments, frozen=True, kw_only=True):
    """`origin` is that of the page that shows it; other hosts' pictures come from there, and only where it is given."""

    account_id: Id
    email_id: Id
    allow_remote: bool = False
    origin: str | None = None
    dark: bool = False
    prefer: Literal["html", "text"] = "html"


async def get(call: Call, arguments: MessageHtmlGet) -> Object:
    """The document, and what was left out of it."""
    account_id = await call.account(arguments.account_id)
    remote = _remote(call, arguments)
    view = await whole_email(call, account_id, arguments.email_id)
    making = Making(view, arguments, remote)
    if len(view.raw) < IN_THREAD:
        return making.told()
    async with call.service.rendering:
        return await asyncio.to_thread(making.told)


def _remote(call: Call, arguments: MessageHtmlGet) -> Callable[[str], str] | None:
    """What gives an address of ours for one of another host."""
    origin, address = arguments.origin, call.service.picture_address
    if origin is not None and _ORIGIN.fullmatch(origin) is None:
        raise MethodError("invalidArguments", "an origin is https://host:port", arguments=["origin"])
    if not arguments.allow_remote:
        return None
    if origin is None:
        raise MethodError("invalidArguments", "say from which origin pictures come", arguments=["origin"])
    if address is None:
        raise MethodError("forbidden", "this server fetches no pictures of other hosts")
    account_id = call.visitor.account_id
    return lambda url: origin + address(account_id, url)


class Making:
    """The document of one email."""

    def __init__(self, view: View, arguments: MessageHtmlGet, remote: Callable[[str], str] | None) -> None:
        self._view = view
        self._arguments = arguments
        self._left = MAX_OWN_PICTURES
        self._stand_ins: dict[str, BodyPart] = {}
        self._missing: dict[str, str] = {}
        self._named: dict[str, str] = {}  # by the text, and shown where it names them
        self._pictures = Pictures(self._own, remote, PATTERN if remote else None)

    @cached_property
    def _parts(self) -> dict[str, BodyPart]:
        leaves = body_parts.leaves(self._view.root)
        return {cid: part for part in leaves if (cid := body_parts.cid(part))}

    def told(self) -> Object:
        """The response."""
        bodies = self._view.bodies
        parts = (bodies.html if self._arguments.prefer == "html" else bodies.text)[:MAX_BODY_PARTS]
        made = [safe for part in parts if (safe := self._part(part)) is not None]
        kinds = {part.part.subtype for part in parts if part.part.media_type == "text"}
        markup = "<hr>".join(one.markup for one in made)
        css = "\n".join(one.css for one in made if one.css)
        origin = (self._arguments.origin or "") if self._pictures.shown else ""
        return {
            "accountId": self._arguments.account_id,
            "emailId": self._arguments.email_id,
            "html": _STAND_IN.sub(
                self._picture, document(markup, css, origin=origin, dark=self._arguments.dark)
            ),
            "kind": "html" if "html" in kinds else "text" if kinds else "none",
            "blocked": _hosts(self._pictures.blocked),
            "shown": _hosts(self._pictures.shown),
            "trackers": _hosts(self._pictures.trackers),
            "removed": dict(sum((Counter(one.removed) for one in made), Counter())),
            "shownParts": [blob for cid, blob in self._named.items() if cid not in self._missing],
            "missingParts": [{"cid": cid, "blobId": blob} for cid, blob in self._missing.items()],
            "isTruncated": any(one.truncated for one in made),
            "isSimplified": any(one.simplified for one in made),
        }

    def _part(self, part: BodyPart) -> Safe | None:
        if part.part.media_type == "text":
            value = str(body_value(part, 0)["value"])
            if part.part.subtype == "html":
                return sanitise(value, self._pictures)
            if (part.part.parameter("format") or "").lower() == "flowed":
                delsp = (part.part.parameter("delsp") or "").lower() == "yes"
                value = flowed.unflow(value[:MAX_TEXT], delsp=delsp)
            return sanitise(text_markup(value), self._pictures)
        if part.part.media_type != "image" or body_parts.cid(part) or not shown_in_document(part):
            return None
        return sanitise(f'<img src="{self._stand_in(part)}">', self._pictures)

    def _own(self, cid: str) -> str | None:
        """A part of this message as the address that a picture of it has in the document."""
        part = self._parts.get(cid)
        if part is None:
            return None
        blob = part.blob_id
        if not shown_in_document(part):
            self._missing[cid] = blob
            return None
        self._named[cid] = blob
        return self._stand_in(part)

    def _stand_in(self, part: BodyPart) -> str:
        """A short address in the place of a picture, so that pictures are not looked through as if they were markup."""
        address = f"{_BEGINNING}{base64.b64encode(b'part ' + part.part.section.encode()[:60]).decode()}"
        self._stand_ins[address] = part
        return address

    def _picture(self, found: re.Match[str]) -> str:
        """The picture for its stand-in; each place where it stands counts, and one for which there is no room leaves it to others."""
        part = self._stand_ins.get(found[0])
        if part is None:
            return BOX
        octets = part.content.octets
        if len(octets) > self._left:
            if cid := body_parts.cid(part):
                self._missing[cid] = part.blob_id
            return BOX
        self._left -= len(octets)
        return f"data:{picture_kind(octets)};base64,{base64.b64encode(octets).decode()}"


def shown_in_document(part: BodyPart) -> bool:
    """Whether it is a picture, and small enough."""
    if part.part.size > 2 * MAX_OWN_PICTURE or not part.part.leaf:
        return False
    octets = part.content.octets
    return len(octets) <= MAX_OWN_PICTURE and picture_kind(octets) is not None


def _hosts(found: Counter[str]) -> dict[str, Any]:
    return {"count": found.total(), "hosts": sorted(found)}


METHODS: Final[Methods] = {"MessageHtml/get": Method(WEBMAIL, MessageHtmlGet, get)}
