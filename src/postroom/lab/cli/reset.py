"""`postroom lab reset`: the running lab as it was at its beginning.

Not here: how (`lab.resetting`).
"""

from __future__ import annotations

from postroom.agent.invocation import command
from postroom.agent.terminal import count_text
from postroom.lab.cli.session import LabSession, lab_session


@command(lab_session)
def reset_lab(session: LabSession) -> None:
    """Empty all mailboxes and queues of the running lab, and end its faults; accounts and passwords stay."""
    from postroom.lab.resetting import RESET

    found = next(iter(session.ask(RESET)))
    session.terminal.record(found)
    session.terminal.say(
        f"Gone: {count_text(found['messages'], 'message')}, {found['queued']} in queues, {count_text(found['journeys'], 'journey')}, "
        f"{count_text(found['faults'], 'fault')}. "
        "Accounts, passwords and contacts are as they were; the clock cannot go back."
    )
