"""`postroom`: its commands by name, each imported when it is called.

Commands of other rooms, and of other packages, come by entry points of the group `postroom.commands`: a name, and a `typer.Typer`. One that
cannot be loaded is listed with the reason and does not disturb the others. Not here: any command.
"""

from __future__ import annotations

import importlib
import os
import sys
from collections.abc import Callable, Mapping, Sequence
from types import MappingProxyType
from typing import Annotated, Any

import typer
from typer.exceptions import TyperException
from typer.main import get_command

from postroom import __version__
from postroom.agent.help_text import Command, Group
from postroom.agent.invocation import ReaderGone, commands
from postroom.agent.terminal import Terminal

GROUP = "postroom.commands"
_HERE = "postroom.app.cli."
OWN: Mapping[str, tuple[str, str]] = MappingProxyType(  # by name: where it is, and what the help says
    {
        "serve": ("serving:app", "Run a server."),
        "quickstart": ("quickstart:app", "Set up a server: configuration, account, keys, DNS records."),
        "domain": ("domains:app", "The domains that mail is taken for."),
        "account": ("accounts:app", "Who has a mailbox here."),
        "alias": ("aliases:app", "Addresses that stand for others."),
        "list": ("lists:app", "Mailing lists."),
        "contacts": ("contacts:app", "The contacts of an account, imported and exported."),
        "import": ("moving:import_app", "Take mail in from mbox files, Maildirs and single messages."),
        "export": ("moving:export_app", "Write an account's mail into files."),
        "queue": ("queue:app", "Mail that waits to be delivered."),
        "journey": ("journeys:app", "The way of a message: every hop, dialogue, attempt."),
        "check": ("checking:app", "Check that the store is whole, who sent a message, how one is written."),
        "backup": ("backups:backup_app", "Copy the mail, the directory, the queue and the keys."),
        "restore": ("backups:restore_app", "Begin again with a backup."),
        "dns": ("dns:app", "The DNS records that a domain needs."),
        "spf": ("spf:app", "Check whether a client may send as a domain (SPF)."),
        "dkim": ("dkim_keys:app", "DKIM: the keys that sign, and the signatures of a message."),
        "arc": ("signatures:arc", "Validate the ARC chain of a message."),
        "dmarc": ("dmarc:app", "What a domain asks for by DMARC, and what would come of a message."),
        "bimi": ("bimi:app", "The picture by which a domain wants its mail to be known (BIMI)."),
        "reports": ("reports:app", "Reports about our mail by others, and about theirs by us."),
        "tls": ("transport:app", "Check how well mail to a domain is protected (DANE, MTA-STS)."),
        "config": ("configuration:app", "What can be configured."),
        "certificates": ("certificates:app", "Certificates: what there is, new ones, calling off."),
        "sendmail": ("old_names:sendmail", "Send a message from a program (-t -i -f -bs ...)."),
        "mailq": ("old_names:mailq", "List the queue, as sendmail -bp."),
        "newaliases": ("old_names:newaliases", "Import the alias file, as sendmail -bi."),
    }
)


class Program(Group):
    """The group of all commands. To list them, nothing of this room is loaded; to run one, that one."""

    def list_commands(self, ctx: Any) -> list[str]:  # noqa: ARG002 -- typer's shape
        """All names: these, then those of entry points."""
        return [*OWN, *(name for name in sorted(_entry_points()) if name not in OWN)]

    def get_command(self, ctx: Any, cmd_name: str) -> Any:
        """The command for a listing."""
        if cmd_name in self.commands:
            return super().get_command(ctx, cmd_name)
        if cmd_name in OWN:
            return Command(cmd_name, help=OWN[cmd_name][1])
        return self._load(cmd_name)

    def resolve_command(self, ctx: Any, args: list[str]) -> Any:
        """The command to be run; a name that is none gets the nearest ones."""
        if self._load(args[0]) is None:
            self.commands.update({name: self.get_command(ctx, name) for name in self.list_commands(ctx)})
        return super().resolve_command(ctx, args)

    def _load(self, name: str) -> Any:
        load = _own(name) if name in OWN else _entry_points().get(name)
        if load is None:
            return None
        command: Any = get_command(_loaded(name, load))
        command.name = name
        self.commands[name] = command
        return command


def _own(name: str) -> Callable[[], typer.Typer]:
    module, _, attribute = OWN[name][0].partition(":")

    def load() -> typer.Typer:
        found: typer.Typer = getattr(importlib.import_module(_HERE + module), attribute)
        return found

    return load


def _entry_points() -> dict[str, Callable[[], typer.Typer]]:
    from importlib.metadata import entry_points

    return {point.name: point.load for point in entry_points(group=GROUP)}


def _loaded(name: str, load: Callable[[], typer.Typer]) -> typer.Typer:
    try:
        found: object = load()
        if isinstance(found, typer.Typer):
            return found
        why = f"its entry point is a {type(found).__name__}, not a typer.Typer"
    except Exception as error:  # noqa: BLE001 -- whatever a foreign package does when it is imported
        why = f"{type(error).__name__}: {error}"
    return _broken(name, why)


def _broken(name: str, why: str) -> typer.Typer:
    app = commands("")

    @app.command(
        help=f"Cannot be loaded ({why}).",
        context_settings={"ignore_unknown_options": True, "allow_extra_args": True},
    )
    def broken() -> None:
        Terminal().error(f"the command {name} cannot be loaded: {why}")
        raise typer.Exit(1)

    return app


def _version(asked: bool) -> None:
    if asked:
        Terminal().say(f"postroom {__version__}")
        raise typer.Exit


def build() -> typer.Typer:
    """The program."""
    app = typer.Typer(
        cls=Program,
        name="postroom",
        no_args_is_help=True,
        context_settings={"help_option_names": ["-h", "--help"]},
        rich_markup_mode=None,
        pretty_exceptions_enable=False,
    )

    @app.callback()
    def program(
        context: typer.Context,
        _asked: Annotated[
            bool,
            typer.Option("--version", callback=_version, is_eager=True, help="Say which version this is."),
        ] = False,
    ) -> None:
        """Internet mail: servers, queue, user agents, and a lab that shows every letter's way."""
        from postroom.app.cli.feed import ControlFeed

        context.obj = ControlFeed()

    return app


def run(arguments: Sequence[str]) -> int:
    """Runs a command line without the program's name; gives the exit code."""
    try:
        code = get_command(build()).main(args=list(arguments), prog_name="postroom", standalone_mode=False)
    except typer.Abort:
        Terminal().error("aborted")
        return 1
    except typer.Exit as left:
        return left.exit_code
    except ReaderGone:
        raise BrokenPipeError from None
    except TyperException as error:
        return _misused(error, as_json="--json" in arguments)
    sys.stdout.flush()
    return code if isinstance(code, int) else os.EX_OK


def _misused(error: TyperException, *, as_json: bool) -> int:
    """The command line is wrong: words, and where help is."""
    context = getattr(error, "ctx", None)
    if context is not None and type(error).__name__ == "NoArgsIsHelpError":
        Terminal().note(error.format_message())
        return error.exit_code
    path = context.command_path if context is not None else "postroom"
    text = error.format_message()
    Terminal(json=as_json).error(text if as_json else f"{text}\nHelp: {path} --help")
    return error.exit_code
