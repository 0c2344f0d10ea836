"""VRFY and EXPN by policy: what a stranger learns, and what somebody who has logged in learns.

RFC 5321 §3.5 and §7.3 (252 to strangers), §3.5.1 (names of people, and ambiguous ones), §3.5.2 (251 for what is forwarded). Not here: the
commands' syntax.
"""

from __future__ import annotations

from collections.abc import Sequence

import msgspec

from postroom.intake.client import Client
from postroom.message.address import Address, fold, parse_mailbox
from postroom.proto.smtp.reply import Reply
from postroom.serve.smtp.replies import CANNOT_TELL
from postroom.store.directory import lookup as directory
from postroom.store.directory.lookup import ROLES, Account, Alias, MailingList, Named, Resolved
from postroom.store.engine.transaction import Engine

MOST_MEMBERS = 1000  # lines of one reply
MOST_POSSIBLE = 20  # lines of the reply to an ambiguous name
_NO_NAME = frozenset('@<>"')  # what no name of a person holds: it was meant as an address


class Found(msgspec.Struct, frozen=True):
    """What a name stands for: `what` is None for nothing. `shown` is how replies call it; of several, `possible` lists some."""

    shown: str
    what: Resolved | None = None
    name: str = ""
    foreign: str = ""
    possible: Sequence[Named] = ()


class Lookups:
    """Answers by the directory; `open_to_all` for a lab, else only to clients that have logged in. `home` completes bare names."""

    def __init__(self, engine: Engine, home: str, *, open_to_all: bool = False) -> None:
        self._engine = engine
        self._home = home
        self._open_to_all = open_to_all

    async def verify(self, client: Client, text: str) -> Reply:
        """VRFY."""
        wanted = _read(text)
        if wanted is None:
            return Reply.of(
                501, "5.1.3", "That is neither an address nor a name: VRFY name or VRFY name@domain"
            )
        if not self._may_ask(client):
            return CANNOT_TELL
        found = await self._find(wanted)
        if found.possible:
            return _ambiguous(553, found.possible)
        match found.what:
            case Account(address=known, forwards=(), enabled=True) | Alias(address=known):
                return Reply.of(250, "2.1.5", str(Named(known, found.name)))
            case Account(enabled=True, forwards=forwards):
                return Reply.of(251, "2.1.5", f"User not local; will forward to <{forwards[0]}>")
            case MailingList(address=known):
                return Reply.of(250, "2.1.5", f"<{known}>")
            case Account():
                return Reply.of(550, "5.2.1", f"The mailbox {found.shown} is disabled")
        if found.foreign:
            words = (
                f"{found.foreign} is not a domain of this server: cannot say whether there is such a mailbox"
            )
            return Reply.of(252, "2.0.0", words)
        return Reply.of(550, "5.1.1", f"No such user here: {found.shown}")

    async def expand(self, client: Client, text: str) -> Reply:
        """EXPN."""
        wanted = _read(text)
        if wanted is None:
            return Reply.of(
                501, "5.1.3", "That is neither an address nor a name: EXPN list or EXPN list@domain"
            )
        if not self._may_ask(client):
            return Reply.of(252, "2.0.0", "Log in to see the members of lists")
        found = await self._find(wanted)
        if found.possible:
            return _ambiguous(550, found.possible)  # RFC 5321 §4.3.2: 553 is VRFY's alone
        match found.what:
            case Alias(targets=targets) | MailingList(targets=targets) if targets:
                shown = [f"<{target}>" for target in targets[:MOST_MEMBERS]]
                return Reply.of(250, "2.1.5", *shown)
            case Alias() | MailingList():
                return Reply.of(550, "5.2.4", f"{found.shown} has no members")
            case Account(address=known):
                return Reply.of(250, "2.1.5", str(Named(known, found.name)))
        return Reply.of(550, "5.1.1", f"No such list here: {found.shown}")

    def _may_ask(self, client: Client) -> bool:
        return self._open_to_all or client.login is not None

    async def _find(self, wanted: Address) -> Found:
        """An address as RCPT finds it; a bare name first at home, then as the name of a person, or in another domain of ours."""
        tx = self._engine.reading()
        if wanted.domain:
            what = await directory.resolve(tx, wanted)
            foreign = what is None and await directory.domain(tx, wanted.domain) is None
            return Found(str(wanted), what, foreign=wanted.domain if foreign else "")
        home = Address(wanted.local, self._home)
        what = await directory.exact(tx, home)
        if what is None and fold(wanted.local) not in ROLES:
            named = await directory.named(tx, wanted.local, MOST_POSSIBLE + 1)
            if len(named) > 1:
                return Found(wanted.local, possible=named)
            for one in named:
                return Found(str(one.address), await directory.exact(tx, one.address), one.name)
        return Found(wanted.local, what or await directory.resolve(tx, home))


def _read(text: str) -> Address | None:
    """What people type: `bob`, `bob@hamburger.test`, `<bob@hamburger.test>`, `Bob Baker`, `"Bob Baker"`; a name has no domain."""
    text = text.strip()
    if text.startswith("<") and text.endswith(">"):
        text = text[1:-1]
    address = parse_mailbox(text, unqualified=True)
    if address is None and text and not _NO_NAME.intersection(text):
        address = Address(" ".join(text.split()), "")
    return address


def _ambiguous(code: int, possible: Sequence[Named]) -> Reply:
    lines = [str(one) for one in possible[:MOST_POSSIBLE]]
    more = ["and others"] if len(possible) > MOST_POSSIBLE else []
    return Reply.of(code, "5.1.4", "Ambiguous; possibilities are", *lines, *more)
