"""`postroom config`: what can be configured, and whether a file is right."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from postroom.agent.invocation import CommandFailed, Json, NoColor, command, commands
from postroom.agent.terminal import Terminal
from postroom.app.cli.session import Administration
from postroom.app.locate import load_at
from postroom.app.settings.file import SettingsError, describe

app = commands("The configuration.")


def nowhere(json: Json = False, no_color: NoColor = False) -> Administration:
    """A session without a server."""
    return Administration(Terminal(json=json, color=False if no_color else None), [])


@app.command("describe")
@command(nowhere)
def describe_(session: Administration) -> None:
    """Print every key with its default and its meaning, as a file to begin with."""
    session.terminal.record({"toml": describe()})
    session.terminal.say(describe())


@app.command()
@command(nowhere)
def check(
    session: Administration, file: Annotated[Path, typer.Argument(metavar="FILE", help="A configuration.")]
) -> None:
    """Check a configuration file."""
    try:
        settings = load_at(file)
    except SettingsError as error:
        raise CommandFailed(str(error)) from error
    from postroom.app import reviewing

    found = reviewing.problems(settings)
    if found:
        raise CommandFailed("\n".join(f"{file}: {one}" for one in found))
    session.terminal.record(
        {"file": str(file), "hostname": settings.server.hostname, "data": settings.server.data}
    )
    session.terminal.say(f"{file} is right: {settings.server.hostname}, data in {settings.server.data}")
