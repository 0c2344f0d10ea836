"""What every `postroom mail` command has: its terminal, the user's account, and his mailbox while it is needed.

Options stand before or behind the command's name: `postroom mail --as alice list` and `postroom mail list --as alice` are the same. Not here: commands.
"""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, TypeVar

import typer

from postroom.agent.accounts import Account, choose, known, own_file
from postroom.agent.invocation import CommandFailed, Json, NoColor
from postroom.agent.mailbox import Mailbox
from postroom.agent.terminal import Terminal

if TYPE_CHECKING:
    from postroom.agent.imap_mailbox import ImapMailbox

T = TypeVar("T")
M = TypeVar("M", bound=Mailbox)

As = Annotated[str, typer.Option("--as", metavar="NAME", help="Whose mail: an account's name or address.")]
Folder = Annotated[str, typer.Option("--folder", "-f", metavar="FOLDER", help="Another folder than INBOX.")]
Config = Annotated[Path | None, typer.Option("--config", metavar="FILE", help="The file of accounts.")]


class MailSession:
    """A command's session. `feed` may tell of news, when a server of this machine is there."""

    def __init__(self, terminal: Terminal, account: Account, feed: Any = None) -> None:
        self.terminal = terminal
        self.account = account
        self.feed = feed

    async def open_mailbox(self, folder: str = "") -> Mailbox:
        """Opens the account's mailbox, or another folder; raises `ServerFailed`, `CommandFailed`."""
        from postroom.agent.pop3_mailbox import Pop3Mailbox

        if self.account.imap is not None:
            return await self.open_folder(folder)
        if folder and folder.upper() != "INBOX":
            raise self.without_imap("Another folder than INBOX")
        if self.account.pop3 is None:
            raise CommandFailed(
                f"the account {self.account.address} has no imap or pop3 server: add one to its table"
            )
        return await Pop3Mailbox.open(self.account)

    async def open_folder(self, folder: str = "", what: str = "This") -> ImapMailbox:
        """Opens a folder by IMAP; raises `ServerFailed`, `CommandFailed`."""
        from postroom.agent.imap_mailbox import ImapMailbox

        if self.account.imap is None:
            raise self.without_imap(what)
        return await ImapMailbox.open(self.account, folder or "INBOX", self.terminal.note)

    def without_imap(self, what: str) -> CommandFailed:
        """The error of a command that POP3 knows no way for."""
        return CommandFailed(
            f"{what} needs IMAP, and the account {self.account.address} has none: add a table imap with host and port to it"
        )

    def in_mailbox(self, work: Callable[[Mailbox], Awaitable[T]], folder: str = "") -> T:
        """Does something in the open mailbox; what it deletes is gone only when it all went well."""
        return asyncio.run(_within(self.open_mailbox(folder), work))

    def in_folder(self, what: str, work: Callable[[ImapMailbox], Awaitable[T]], folder: str = "") -> T:
        """Does something, named `what`, for which IMAP is needed."""
        return asyncio.run(_within(self.open_folder(folder, what), work))

    def failure(self, error: Exception) -> CommandFailed | None:
        """Failures of this room come with words already."""
        del error
        return None

    def close(self) -> None:
        """Nothing is held."""


async def _within(opening: Awaitable[M], work: Callable[[M], Awaitable[T]]) -> T:
    mailbox = await opening
    try:
        value = await work(mailbox)
        await mailbox.close()
    except BaseException:
        await mailbox.drop()
        raise
    return value


def mail_session(
    context: typer.Context, json: Json = False, no_color: NoColor = False, as_: As = "", config: Config = None
) -> MailSession:
    """Makes the session from a command's options and those before its name."""
    account = choose(known(config or _config_above(context)), as_ or _above(context, "as_"))
    return MailSession(Terminal(json=json, color=False if no_color else None), account, context.obj)


class SetupSession:
    """The session of a command that makes an account: `path` is the file that it goes into."""

    def __init__(self, terminal: Terminal, path: Path) -> None:
        self.terminal = terminal
        self.path = path

    def failure(self, error: Exception) -> CommandFailed | None:
        """The file may be out of reach; other failures come with words already."""
        return CommandFailed(f"{self.path}: {error.strerror}") if isinstance(error, OSError) else None

    def close(self) -> None:
        """Nothing is held."""


def setup_session(
    context: typer.Context, json: Json = False, no_color: NoColor = False, config: Config = None
) -> SetupSession:
    """Makes it from a command's options and those before its name."""
    terminal = Terminal(json=json, color=False if no_color else None)
    return SetupSession(terminal, own_file(config or _config_above(context)))


def _config_above(context: typer.Context) -> Path | None:
    given = _above(context, "config")
    return Path(given) if given else None


def _above(context: typer.Context, option: str) -> str:
    """What stood before the command's name, as it was typed; "" for nothing."""
    return str((context.parent.params if context.parent else {}).get(option) or "")
