"""The part of a delivery report that is for people: what happened, to whom, what the other server said, and what can be done.

RFC 3464 §2 (the first part of the report), RFC 6522 §3. Plain text of at most 76 columns, but for what a remote server said, which is shown
as it came, made printable. Not here: the part for machines (`message.notifications.dsn`).
"""

from __future__ import annotations

import re
import textwrap
from collections.abc import Iterator, Sequence

import msgspec

from postroom.message.envelope import Recipient
from postroom.message.errors import EnhancedStatus
from postroom.message.headers.dates import format_date
from postroom.message.headers.trace import path_text
from postroom.message.notifications.dsn_rules import Action
from postroom.message.notifications.dsn_words import meaning
from postroom.message.printable import printable

MAX_REPLY_LINES = 20  # of one remote reply
MAX_REPLY_LINE = 500  # characters of one of its lines
MAX_EXPLAINED = 100  # recipients that are explained; of more only the addresses are listed
MAX_JOURNEY_LINES = 200
_WIDTH = 76
_REPLY = re.compile(r"[245][0-9]{2}(?:[ -]|\Z)")


class Delivery(msgspec.Struct, frozen=True):
    """What the report says of one recipient.

    `reply` is what the remote server said, code first, or our own words when no server was reached; `remote` its name. Times are unix
    seconds, 0 for unknown. `recipient.orcpt` is `type;address`, decoded from xtext. `goes_on`: relayed, and the next server reports, too.
    """

    recipient: Recipient
    action: Action
    status: EnhancedStatus
    reply: tuple[str, ...] = ()
    remote: str = ""
    last_attempt: int = 0
    retry_until: int = 0
    goes_on: bool = False


class About(msgspec.Struct, frozen=True):
    """The message that the report is about, as far as people know it by these: unencoded, "" for unknown."""

    subject: str = ""
    date: str = ""
    message_id: str = ""


# the order of the report: (the action, whether the next server reports, too), and what is said of it
_OPENINGS = {
    (Action.FAILED, False): "Your message could not be delivered to:",
    (Action.DELAYED, False): "Your message has not been delivered yet to:",
    (
        Action.RELAYED,
        False,
    ): "Your message was handed on for these recipients, to a server that will not report any further success:",
    (
        Action.RELAYED,
        True,
    ): "Your message is on its way. For these recipients it was handed on to the next server:",
    (
        Action.EXPANDED,
        False,
    ): "Your message was delivered to an address that stands for several, and sent on to all of them:",
    (Action.DELIVERED, False): "Your message was delivered to:",
}
_CLOSINGS = {
    Action.FAILED: "Nothing more will be tried for these recipients.",
    Action.DELAYED: "There is nothing that you need to do: it is tried again and again, and you will be told if it fails for good.",
}


def report_text(mta: str, deliveries: Sequence[Delivery], about: About, journey: Sequence[str]) -> str:
    """The text, with LF line ends."""
    lines = [f"This is the mail system of {printable(mta)}.", ""]
    for (action, goes_on), opening in _OPENINGS.items():
        chosen = [one for one in deliveries if one.action is action and one.goes_on is goes_on]
        if chosen:
            lines += [*_wrap(opening), ""]
            for number, delivery in enumerate(chosen):
                lines += _recipient(delivery, explain=number < MAX_EXPLAINED)
            if action in _CLOSINGS:
                lines += [*_wrap(_CLOSINGS[action]), ""]
    lines += _about(about)
    if journey:
        lines += ["How it went:", ""]
        lines += [f"  {printable(line, MAX_REPLY_LINE)}" for line in journey[:MAX_JOURNEY_LINES]]
        lines.append("")
    lines += ["The details for mail programs follow, and then your message or its header."]
    return "\n".join(lines) + "\n"


def clipped_reply(reply: Sequence[str]) -> list[str]:
    """A remote reply within the limits: printable lines, the last saying how many were left out."""
    lines = [printable(line, MAX_REPLY_LINE) for line in reply[:MAX_REPLY_LINES]]
    if len(reply) > MAX_REPLY_LINES:
        lines[-1] = f"[{len(reply) - MAX_REPLY_LINES + 1} more lines]"
    return lines


def said_by_server(reply: Sequence[str]) -> bool:
    """Whether it is a server's reply; if not, the words are our own."""
    return _REPLY.match(reply[0]) is not None


def _recipient(delivery: Delivery, *, explain: bool) -> Iterator[str]:
    yield f"  <{path_text(delivery.recipient.address)}>"
    if not explain:
        return
    good = delivery.action not in (Action.FAILED, Action.DELAYED)
    if delivery.reply:
        said = bool(delivery.remote) and said_by_server(delivery.reply)
        if said:
            yield f"    The server {printable(delivery.remote, 255)} said:"
        for line in clipped_reply(delivery.reply):
            yield from (f"      {line}",) if said else _wrap(line, "    ")
    if not good:
        words = meaning(delivery.status)
        yield from _wrap(f"{words.what} {words.remedy if delivery.action is Action.FAILED else ''}", "    ")
    if delivery.retry_until and delivery.action is Action.DELAYED:
        yield f"    It will be tried until {format_date(delivery.retry_until)}."
    yield ""


def _about(about: About) -> list[str]:
    known = [("Subject", about.subject), ("Date", about.date), ("Message-ID", about.message_id)]
    lines = [f"  {name}: {printable(value, 200)}" for name, value in known if value]
    return ["The message was:", "", *lines, ""] if lines else []


def _wrap(text: str, indent: str = "") -> list[str]:
    return textwrap.wrap(text.strip(), _WIDTH, initial_indent=indent, subsequent_indent=indent)
