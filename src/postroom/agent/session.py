"""What every `postroom mail` command has: its terminal, the user's account, and his mailbox while it is needed.

Options stand before or behind the command's name: `postroom mail --as alice list` and `postroom mail list --as alice` are the same. Not here: commands.
"""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from pathlib import Path
from typing import Annotated, Any, TypeVar

import typer

from postroom.agent.accounts import Account, choose, known
from postroom.agent.invocation import CommandFailed, Json, NoColor
from postroom.agent.mailbox import Mailbox
from postroom.agent.terminal import Terminal

T = TypeVar("T")

As = Annotated[str, typer.Option("--as", metavar="NAME", help="Whose mail: an account's name or address.")]
Config = Annotated[Path | None, typer.Option("--config", metavar="FILE", help="The file of accounts.")]


class MailSession:
    """A command's session. `feed` may tell of news, when a server of this machine is there."""

    def __init__(self, terminal: Terminal, account: Account, feed: Any = None) -> None:
        self.terminal = terminal
        self.account = account
        self.feed = feed

    async def open_mailbox(self) -> Mailbox:
        """Opens the account's mailbox; raises `ServerFailed`."""
        from postroom.agent.pop3_mailbox import Pop3Mailbox

        return await Pop3Mailbox.open(self.account)

    def in_mailbox(self, work: Callable[[Mailbox], Awaitable[T]]) -> T:
        """Does something in the open mailbox; what it deletes is gone only when it all went well."""

        async def run() -> T:
            mailbox = await self.open_mailbox()
            try:
                value = await work(mailbox)
                await mailbox.close()
            except BaseException:
                await mailbox.drop()
                raise
            return value

        return asyncio.run(run())

    def failure(self, error: Exception) -> CommandFailed | None:
        """Failures of this room come with words already."""
        del error
        return None

    def close(self) -> None:
        """Nothing is held."""


def mail_session(
    context: typer.Context, json: Json = False, no_color: NoColor = False, as_: As = "", config: Config = None
) -> MailSession:
    """Makes the session from a command's options and those before its name."""
    above = context.parent.params if context.parent else {}
    account = choose(known(config or above.get("config")), as_ or above.get("as_") or "")
    return MailSession(Terminal(json=json, color=False if no_color else None), account, context.obj)
