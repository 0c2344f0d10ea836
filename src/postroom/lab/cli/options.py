"""The options of `postroom lab` itself, as typer wants them declared. Not here: those of a class (`class_options`) and of the live view (`watch`)."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from postroom.lab.faults.mishaps import MISHAPS

Json = Annotated[bool, typer.Option("--json", help="One JSON line on standard output when it is ready.")]
Ephemeral = Annotated[bool, typer.Option("--ephemeral", help="Keep nothing when it stops.")]
BasePort = Annotated[
    int, typer.Option(metavar="PORT", min=0, max=60_000, help="All ports follow from it; 0: any free ones.")
]
Account = Annotated[
    list[str] | None,
    typer.Option(metavar="ADDR:PASSWORD", help="A further account of one of the two domains."),
]
Data = Annotated[Path | None, typer.Option(metavar="DIR", help="Where the lab keeps its things.")]
Faults = Annotated[
    list[str] | None,
    typer.Option(metavar="NAME[@DOMAIN]", help=f"Something that is wrong: {', '.join(MISHAPS)}."),
]
Enforce = Annotated[
    bool, typer.Option("--enforce", help="Refuse what fails SPF and DMARC, as a server does.")
]
Follow = Annotated[bool, typer.Option("--watch", help="Show everything that happens, as it happens.")]
Pcap = Annotated[
    Path | None,
    typer.Option(
        "--pcap", metavar="FILE", help="Write what goes over its connections as a capture for Wireshark."
    ),
]
ShowSecrets = Annotated[
    bool, typer.Option("--show-secrets", help="In that file, passwords as they go, not as asterisks.")
]
CatchAll = Annotated[
    bool, typer.Option("--catch-all", help="One mailbox gets what has no other, of any domain.")
]
BindPage = Annotated[
    bool,
    typer.Option(
        "--bind-page", help="At --bind, the page too: whoever reaches it there reads all mail and passwords."
    ),
]
