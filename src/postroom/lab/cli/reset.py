"""`postroom lab reset`: the running lab as it was at its beginning.

Not here: how (`lab.resetting`).
"""

from __future__ import annotations

from postroom.agent.invocation import command
from postroom.lab.cli.session import LabSession, lab_session


@command(lab_session)
def reset_lab(session: LabSession) -> None:
    """Empty all mailboxes and queues of the running lab, and end its faults; accounts and passwords stay."""
    from postroom.lab.resetting import RESET

    found = next(iter(session.ask(RESET)))
    session.terminal.record(found)
    session.terminal.say(
        f"Gone: {found['messages']} messages, {found['queued']} in queues, {found['journeys']} journeys, {found['faults']} faults. "
        "Accounts, passwords and contacts are as they were; the clock cannot go back."
    )
