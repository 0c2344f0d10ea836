"""`postroom check writing`: a message in a file, read as a proof-reader does before it is sent.

Not here: the checks (`message.proof`), and who sent it (`postroom check message`).
"""

from __future__ import annotations

from typing import Annotated

import typer

from postroom.agent.invocation import command
from postroom.agent.proofreading import judge
from postroom.app.cli.configuration import nowhere
from postroom.app.cli.following import followed
from postroom.app.cli.session import Administration
from postroom.app.cli.signatures import File, message_of
from postroom.message.proof.table import proofread, web_links

Without = Annotated[
    list[str] | None,
    typer.Option("--without", metavar="NAME", help="Let a check, or a group of them, not count."),
]


@command(nowhere)
def writing(
    session: Administration,
    file: File,
    *,
    follow: Annotated[
        bool, typer.Option("--follow", help="Ask each link whether it answers; else nothing is connected to.")
    ] = False,
    without: Without = None,
) -> None:
    """Say what readers and servers will stumble over in a message, and how it is mended.

    The exit code is 0 when nothing is bad, 3 when something is.
    """
    raw = message_of(file)
    reached = followed(web_links(raw)) if follow else None
    judge(session.terminal, proofread(raw, reached), without or ())
