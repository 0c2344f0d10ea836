"""`postroom lab read`: somebody reads his mail on the mail server's own host.

Not here: the operation (`lab.reading_here`).
"""

from __future__ import annotations

from typing import Annotated

import typer

from postroom.agent.invocation import command
from postroom.lab.cli.session import LabSession, lab_session


@command(lab_session)
def read_mail(
    session: LabSession,
    name: Annotated[str, typer.Argument(metavar="NAME", help="Who reads: bob, or bob@hamburger.test.")],
) -> None:
    """Read somebody's mail where it lies, as a user agent on the server's own host does: no POP3, no IMAP."""
    from postroom.lab.reading_here import READ

    count = 0
    for record in session.ask(READ, name=name):
        count += 1
        session.terminal.record(record)
        session.terminal.say(
            f"{record['number']}  From: {record['from_'] or '(nobody)'}   Subject: {record['subject'] or '(none)'}"
        )
        session.terminal.say("".join(f"   {line}\n" for line in record["text"].splitlines()).rstrip("\n"))
    if not count:
        session.terminal.note("no mail")
