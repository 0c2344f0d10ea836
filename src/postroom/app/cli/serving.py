"""`postroom serve`: the server, in the foreground; whoever wants it in the background has systemd."""

from __future__ import annotations

from typing import Annotated

import typer

from postroom.agent.invocation import CommandFailed, Json, command, commands
from postroom.agent.terminal import Terminal
from postroom.app.cli.session import Administration, Config
from postroom.app.locate import SYSTEM_CONFIG, config_path, load_at
from postroom.app.settings import Settings, SettingsError

app = commands("Run the server.")


class Starting(Administration):
    """A session that has settings."""

    settings: Settings
    json: bool = False


def starting(json: Json = False, config: Config = None) -> Starting:
    """Reads the configuration."""
    session = Starting(Terminal(json=json), [])
    session.json = json
    try:
        session.settings = load_at(config_path(config) or SYSTEM_CONFIG)
    except SettingsError as error:
        raise CommandFailed(str(error)) from error
    return session


@app.command()
@command(starting)
def serve(
    session: Starting,
    workers: Annotated[int, typer.Option(min=1, help="Processes; only 1 for now.")] = 1,
) -> None:
    """Run the server until it is told to stop; with --json one line says when it is ready and where."""
    if workers > 1:
        need = "" if session.settings.server.database else ", and needs PostgreSQL ([server] database)"
        raise CommandFailed(
            f"--workers {workers}: more than one process is not supported yet{need}; leave it out", 2
        )
    from postroom.app.server import run

    raise typer.Exit(run(session.settings, json=session.json))
