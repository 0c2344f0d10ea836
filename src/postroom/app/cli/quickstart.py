"""`postroom quickstart`: one command, no questions, everything printed, and the next command at the end."""

from __future__ import annotations

import asyncio
from pathlib import Path
from typing import Annotated

import typer

from postroom.agent.invocation import Json, NoColor, command, commands
from postroom.agent.terminal import Terminal
from postroom.app.cli.passwords import FromStdin, generated, new_password
from postroom.app.cli.session import Administration

app = commands("Set up a server.")


def setting_up(json: Json = False, no_color: NoColor = False) -> Administration:
    """A session without a server: there is none yet."""
    return Administration(Terminal(json=json, color=False if no_color else None), [])


@app.command()
@command(setting_up)
def quickstart(
    session: Administration,
    address: Annotated[str, typer.Argument(metavar="ADDRESS", help="Yours, such as you@example.com.")],
    *,
    hostname: Annotated[
        str, typer.Option(metavar="NAME", help="This machine's name; mail.DOMAIN where not given.")
    ] = "",
    directory: Annotated[Path, typer.Option(metavar="DIR", help="Where postroom.toml goes.")] = Path(),
    data: Annotated[
        Path | None, typer.Option(metavar="DIR", help="Where mail goes; 'data' beside the configuration.")
    ] = None,
    password_stdin: FromStdin = False,
) -> None:
    """Set up a server: configuration, account, keys; print its DNS records and the next command."""
    from postroom.app.quickstart import make, plan

    password = new_password(from_stdin=password_stdin, prompt=False)
    wanted = plan(address, hostname, directory, data, password or generated())
    made = asyncio.run(make(wanted))
    shown = "" if password else made.password
    session.terminal.record(
        {**{name: getattr(made, name) for name in made.__struct_fields__}, "password": shown}
    )
    records = "\n".join(
        f"    ; {record.topic}{' (optional)' if record.optional else ''}: {record.why}\n    {record.zone_file}"
        for record in made.records
    )
    domain = wanted.address.domain
    session.terminal.say(
        f"configuration  {made.config}\ndata           {made.data}\naccount        {made.address}"
        + (f"\npassword       {shown}    (shown only now)" if shown else "")
        + f"\n\nDNS records that {domain} needs (mail is signed when those of DKIM are there):\n\n{records}"
        + f"\n\nFor web forms, with names in short and in full: postroom dns records {domain}"
        + f"\nWhen they are published:                       postroom dns check {domain}"
        + f"\n\nNext: postroom serve --config {made.config}"
    )
