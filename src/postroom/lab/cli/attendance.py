"""`postroom lab class`: a teacher's view of all accounts of the running lab.

Not here: where it comes from (`lab.classroom.attendance`).
"""

from __future__ import annotations

import msgspec

from postroom.agent.invocation import command
from postroom.agent.terminal import Column, time_text
from postroom.lab.classroom.attendance import CLASS, Pupil
from postroom.lab.cli.session import LabSession, lab_session

COLUMNS = (
    Column[Pupil]("Address", lambda one: one.address),
    Column[Pupil]("Logins", lambda one: str(one.logins), number=True),
    Column[Pupil]("By", lambda one: " ".join(one.by)),
    Column[Pupil]("Failed", lambda one: str(one.failed), number=True),
    Column[Pupil]("Sent", lambda one: str(one.sent), number=True),
    Column[Pupil]("Received", lambda one: str(one.received), number=True),
    Column[Pupil]("Last seen", lambda one: time_text(one.last_seen) if one.last_seen else "never"),
)


@command(lab_session)
def show_class(session: LabSession) -> None:
    """Show who of the running lab has logged in, sent and received how much, and was last seen when."""
    session.terminal.listing((msgspec.convert(record, Pupil) for record in session.ask(CLASS)), COLUMNS)
