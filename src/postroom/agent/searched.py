"""The options of a search.

Light, since each start of the program reads it. Not here: what is made of them (`agent.filing`).
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Annotated

import msgspec
import typer

From = Annotated[str, typer.Option("--from", metavar="TEXT", help="Who wrote it.")]
To = Annotated[str, typer.Option("--to", metavar="TEXT", help="Who got it.")]
Subject = Annotated[str, typer.Option("--subject", "-s", metavar="TEXT", help="What it is about.")]
Body = Annotated[
    str, typer.Option("--body", metavar="TEXT", help="What is written in it, its header left out.")
]
Since = Annotated[str, typer.Option(metavar="DAY", help="Arrived on this day or later: 2025-06-15.")]
Before = Annotated[str, typer.Option(metavar="DAY", help="Arrived before this day.")]
Unseen = Annotated[bool, typer.Option("--unseen", help="Nobody has read it yet.")]
Flagged = Annotated[bool, typer.Option("--flagged", help="It is marked as important.")]


class Searched(msgspec.Struct, frozen=True):
    """What is searched for; all of it has to hold. `words` may stand anywhere in a message, days are `2025-06-15`."""

    words: Sequence[str] = ()
    from_: str = ""
    to: str = ""
    subject: str = ""
    body: str = ""
    since: str = ""
    before: str = ""
    unseen: bool = False
    flagged: bool = False
