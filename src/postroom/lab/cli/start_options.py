"""Options of `postroom lab`: accounts, captures, the page for others, enforcement.

Not here: what they mean (`lab.capture_file`, `lab.reachable`, `lab.house_settings`).
"""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

BindPage = Annotated[
    bool,
    typer.Option(
        "--bind-page", help="At --bind, the page too: whoever reaches it there reads all mail and passwords."
    ),
]
Pcap = Annotated[
    Path | None,
    typer.Option(
        "--pcap", metavar="FILE", help="Write what goes over its connections as a capture for Wireshark."
    ),
]
ShowSecrets = Annotated[
    bool, typer.Option("--show-secrets", help="In that file, passwords as they go, not as asterisks.")
]
Enforce = Annotated[
    bool, typer.Option("--enforce", help="Refuse what fails SPF and DMARC, as a server does.")
]
Account = Annotated[
    list[str] | None,
    typer.Option(metavar="ADDR:PASSWORD", help="A further account of one of the two domains."),
]
CatchAll = Annotated[
    bool, typer.Option("--catch-all", help="One mailbox gets what has no other, of any domain.")
]
