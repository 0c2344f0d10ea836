"""The four scenarios in which text-books explain mail: who is on which host, and what is between them.

Each is a lab and a few commands; what the message's way was is drawn from its journey afterwards, not from here. Not here: playing them (`lab.cli.playing`).
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from types import MappingProxyType

import msgspec

from postroom.lab.plan import House


class Step(msgspec.Struct, frozen=True):
    """What somebody does, and the command for it: `{us}` is this program, `{sender}` and `{recipient}` are addresses."""

    words: str
    command: str


class Scenario(msgspec.Struct, frozen=True):
    """`one_host`: both live at the same server."""

    title: str
    about: str
    steps: tuple[Step, ...]
    one_host: bool = False

    def houses(self, usual: Sequence[House]) -> tuple[House, ...]:
        """Those of the lab that it needs."""
        if not self.one_host:
            return tuple(usual)
        people = tuple(name for house in usual for name in house.people)
        return (msgspec.structs.replace(usual[0], people=people),)


_BY_SENDMAIL = Step(
    "alice's user agent hands a message to the mail system of its own host",
    r"printf 'Subject: Hello\n\nDo you like ketchup?\n' | {us} sendmail -F Alice -f {sender} {recipient}",
)
_BY_SMTP = Step(
    "alice's user agent, on a host of its own, submits a message by SMTP",
    "echo 'Do you like ketchup?' | {us} mail --as {sender} send {recipient} --subject Hello",
)
_HERE = Step("bob reads on the host of his mailbox", "{us} lab read {recipient}")
_BY_IMAP = Step(
    "bob's user agent, on a host of its own, fetches it by IMAP", "{us} mail --as {recipient} read 1"
)

SCENARIOS: Mapping[int, Scenario] = MappingProxyType(
    {
        1: Scenario(
            "sender and receiver on the same host",
            "Two user agents and a mailbox are all that is needed; nothing goes over a network.",
            (_BY_SENDMAIL, _HERE),
            one_host=True,
        ),
        2: Scenario(
            "sender and receiver on different hosts",
            "Two user agents and one pair of message transfer agents: a client that sends, a server that receives.",
            (_BY_SENDMAIL, _HERE),
        ),
        3: Scenario(
            "the sender reaches his mail server over a network",
            "Two user agents and two pairs of message transfer agents: one to alice's server, one from there to bob's.",
            (_BY_SMTP, _HERE),
        ),
        4: Scenario(
            "the receiver reaches his mail server over a network, too",
            "Two pairs of message transfer agents, which push, and a pair of message access agents: bob's pulls.",
            (_BY_SMTP, _BY_IMAP),
        ),
    }
)
