"""The options of `postroom lab` for classes and scenarios.

Not here: what they mean (`lab.plan`, `lab.reachable`, `lab.classroom.roll`, `lab.classroom.scenarios`).
"""

from __future__ import annotations

from typing import Annotated

import typer

Domain = Annotated[
    list[str] | None,
    typer.Option(metavar="NAME", help="Another name for the first domain; once more: for the second."),
]
Accounts = Annotated[
    str, typer.Option(metavar="N|FILE", help="Accounts for a class: student01 ..., or an address a line.")
]
Bind = Annotated[
    str, typer.Option(metavar="ADDR", help="Let others reach it at this address of this machine.")
]
Number = Annotated[
    int | None,
    typer.Option(
        metavar="N",
        min=1,
        max=4,
        show_default=False,
        help="One of the four of text-books, and no more than it needs.",
    ),
]
Play = Annotated[bool, typer.Option("--play", help="Play the scenario, draw it, and stop.")]
