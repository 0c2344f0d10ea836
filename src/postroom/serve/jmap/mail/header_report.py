"""HeaderReport/get and HeaderReport/parse: what the header of an email, or one that was pasted, tells of the message's way and of who has checked what.

Of the vendor's capability, with the rights of Email/get. Only what this server has written itself about a message is believed. Not here: the analysis
(`message.headers.report`), words for people.
"""

from __future__ import annotations

from typing import Any, Final

import msgspec

from postroom.message.headers.header import Header
from postroom.message.headers.report import MAX_HEADER, as_header, checked, ours, report
from postroom.message.headers.unsubscribing import unsubscribing
from postroom.message.mixed_scripts import ascii_domain, suspicious_hosts
from postroom.message.printable import printable
from postroom.proto.jmap.body_values import body_value
from postroom.proto.jmap.capabilities import WEBMAIL
from postroom.proto.jmap.errors import MethodError
from postroom.proto.jmap.types import Arguments, Id, Object
from postroom.serve.jmap.mail.email_view import View
from postroom.serve.jmap.mail.whole_email import whole_email
from postroom.serve.jmap.methods.call import Call, Method, Methods
from postroom.serve.jmap.methods.octets import apart

MAX_TEXT: Final = 1 << 20  # octets of each text in which links are looked for
MOST_TEXTS: Final = 10  # of one message


class HeaderReportGet(Arguments, frozen=True, kw_only=True):
    """Of an email."""

    account_id: Id
    email_id: Id


class HeaderReportParse(Arguments, frozen=True, kw_only=True):
    """Of any header, as text."""

    account_id: Id
    header: str


async def get(call: Call, arguments: HeaderReportGet) -> Object:
    """The report, the verdicts of this server's own, how the list is left, and links that look like others."""
    account_id = await call.account(arguments.account_id)
    view = await whole_email(call, account_id, arguments.email_id)
    told = await apart(len(view.raw), _told, view, call.service.names)
    return {"accountId": arguments.account_id, "emailId": arguments.email_id, **told}


async def parse(call: Call, arguments: HeaderReportParse) -> Object:
    """Nothing of it is believed: anybody may have written it."""
    await call.account(arguments.account_id)
    if len(arguments.header) > MAX_HEADER:
        raise MethodError(
            "invalidArguments", f"a header has at most {MAX_HEADER} characters", arguments=["header"]
        )
    found = await apart(len(arguments.header), _parsed, arguments.header)
    return {"accountId": arguments.account_id, "report": found}


def _parsed(pasted: str) -> Any:
    return msgspec.to_builtins(report(Header.parse(as_header(pasted), limit=MAX_HEADER)))


def _told(view: View, names: frozenset[str]) -> Object:
    header = Header.parse(view.raw, limit=MAX_HEADER)
    own = ours(header, names)
    return {
        "report": msgspec.to_builtins(report(header, names)),
        "verdicts": None if own is None else msgspec.to_builtins(checked(own)),
        "unsubscribe": msgspec.to_builtins(unsubscribing(header, own)),
        "suspiciousLinks": [
            {"host": printable(host, 255), "ascii": ascii_domain(host), "scripts": scripts}
            for host, scripts in _hosts(view).items()
        ],
    }


def _hosts(view: View) -> dict[str, list[str]]:
    found: dict[str, list[str]] = {}
    for part in [*view.bodies.html, *view.bodies.text][:MOST_TEXTS]:
        if part.part.media_type == "text":
            found |= suspicious_hosts(str(body_value(part, MAX_TEXT)["value"]))
    return found


METHODS: Final[Methods] = {
    "HeaderReport/get": Method(WEBMAIL, HeaderReportGet, get),
    "HeaderReport/parse": Method(WEBMAIL, HeaderReportParse, parse),
}
