"""`postroom serve`: the server, in the foreground; whoever wants it in the background has systemd."""

from __future__ import annotations

import gc
from typing import Annotated

import typer

from postroom.agent.invocation import CommandFailed, Json, command, commands
from postroom.agent.terminal import Terminal
from postroom.app.cli.session import Administration, Config
from postroom.app.locate import SYSTEM_CONFIG, config_path, load_at
from postroom.app.settings.file import Settings, SettingsError

MOST_WORKERS = 64  # processes of one server on one machine

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
    workers: Annotated[
        int,
        typer.Option(metavar="N", min=1, max=MOST_WORKERS, help="Processes; more than one needs PostgreSQL."),
    ] = 1,
) -> None:
    """Run the server until it is told to stop; with --json one line says when it is ready and where."""
    if workers > 1 and not session.settings.server.database:
        raise CommandFailed(
            f"--workers {workers}: the embedded database has room for one process; name a PostgreSQL database in the"
            ' configuration ([server] database = "postgresql://..."), or leave --workers out',
            2,
        )
    gc.disable()  # modules stay: to look for garbage among them takes a twentieth of the start
    try:
        from postroom.app import serving
    finally:
        gc.enable()
    ready = serving.say if session.json else serving.say_nothing
    if workers > 1:
        from postroom.app.supervisor import supervise

        raise typer.Exit(serving.run(supervise(session.settings, workers, ready)))
    try:
        world = serving.internet(session.settings)
    except SettingsError as error:
        raise CommandFailed(str(error)) from error
    raise typer.Exit(serving.run(serving.serve(session.settings, world, ready)))
