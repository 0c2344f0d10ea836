"""The options that every command has which writes a message.

Light, since each start of the program reads it. Not here: what is made of them (`agent.writing`).
"""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Annotated

import msgspec
import typer

Cc = Annotated[
    list[str] | None, typer.Option(metavar="ADDRESS", help="Who else gets it; may be given again.")
]
Bcc = Annotated[
    list[str] | None, typer.Option(metavar="ADDRESS", help="Who gets it unseen; may be given again.")
]
Subject = Annotated[str | None, typer.Option("--subject", "-s", metavar="TEXT", help="What it is about.")]
Attach = Annotated[
    list[Path] | None,
    typer.Option("--attach", "-a", metavar="FILE", help="A file to go with it; may be given again."),
]
Body = Annotated[
    str | None, typer.Option(metavar="TEXT", help="The text; else standard input, or the editor ($EDITOR).")
]


class Written(msgspec.Struct, frozen=True):
    """What the command line says of a message. `body` None: from standard input, or the editor."""

    cc: Sequence[str] = ()
    bcc: Sequence[str] = ()
    subject: str | None = None
    files: Sequence[Path] = ()
    html: Path | None = None
    body: str | None = None


def written(
    *,
    subject: Subject = None,
    cc: Cc = None,
    bcc: Bcc = None,
    attach: Attach = None,
    body: Body = None,
) -> Written:
    """What the options say of it."""
    return Written(cc or (), bcc or (), subject, attach or (), None, body)
