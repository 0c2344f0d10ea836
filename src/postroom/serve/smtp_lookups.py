"""VRFY and EXPN by policy: what a stranger learns, and what somebody who has logged in learns.

RFC 5321 §3.5 and §7.3 (252 to strangers), §3.5.2 (251 for what is forwarded). Not here: the commands' syntax.
"""

from __future__ import annotations

from postroom.intake.client import Client
from postroom.message.address import Address, parse_mailbox
from postroom.proto.smtp.reply import Reply
from postroom.serve.smtp_replies import CANNOT_TELL
from postroom.store import directory
from postroom.store.directory import Account, Alias, MailingList
from postroom.store.engine import Engine

MOST_MEMBERS = 1000  # lines of one reply


class Lookups:
    """Answers by the directory; `open_to_all` for a lab, else only to clients that have logged in. `home` completes bare names."""

    def __init__(self, engine: Engine, home: str, *, open_to_all: bool = False) -> None:
        self._engine = engine
        self._home = home
        self._open_to_all = open_to_all

    async def verify(self, client: Client, text: str) -> Reply:
        """VRFY."""
        address = self._address(text)
        if address is None:
            return Reply.of(501, "5.1.3", "That is no address: VRFY name or VRFY name@domain")
        if not self._may_ask(client):
            return CANNOT_TELL
        found = await directory.resolve(self._engine.reading(), address)
        match found:
            case Account(address=known, forwards=(), enabled=True):
                return Reply.of(250, "2.1.5", f"<{known}>")
            case Account(address=known, enabled=True):
                return Reply.of(251, "2.1.5", f"User not local; will forward to <{found.forwards[0]}>")
            case Alias(address=known) | MailingList(address=known):
                return Reply.of(250, "2.1.5", f"<{known}>")
            case Account():
                return Reply.of(550, "5.2.1", f"The mailbox {address} is disabled")
        if await directory.domain(self._engine.reading(), address.domain) is None:
            return Reply.of(
                252, "2.1.5", f"{address.domain} is not a domain of this server; will try to deliver"
            )
        return Reply.of(550, "5.1.1", f"No such user here: {address}")

    async def expand(self, client: Client, text: str) -> Reply:
        """EXPN."""
        address = self._address(text)
        if address is None:
            return Reply.of(501, "5.1.3", "That is no address: EXPN list or EXPN list@domain")
        if not self._may_ask(client):
            return Reply.of(252, "2.1.5", "Log in to see the members of lists")
        found = await directory.resolve(self._engine.reading(), address)
        match found:
            case Alias(targets=targets) | MailingList(targets=targets) if targets:
                shown = [f"<{target}>" for target in targets[:MOST_MEMBERS]]
                return Reply.of(250, "2.1.5", *shown)
            case Alias() | MailingList():
                return Reply.of(550, "5.2.4", f"{address} has no members")
            case Account(address=known):
                return Reply.of(250, "2.1.5", f"<{known}>")
        return Reply.of(550, "5.1.1", f"No such list here: {address}")

    def _may_ask(self, client: Client) -> bool:
        return self._open_to_all or client.login is not None

    def _address(self, text: str) -> Address | None:
        """A name as people type it: `bob`, `bob@hamburger.test`, `<bob@hamburger.test>`."""
        text = text.strip()
        if text.startswith("<") and text.endswith(">"):
            text = text[1:-1]
        address = parse_mailbox(text, unqualified=True)
        if address is not None and not address.domain:
            return Address(address.local, self._home)
        return address
