"""HELP's answers, out of the table of verbs.

RFC 5321 §4.1.1.8. Not here: the table itself (`commands`).
"""

from __future__ import annotations

from postroom.proto.smtp.commands import VERBS
from postroom.proto.smtp.reply import Reply


def help_reply(topic: str, offered: frozenset[str]) -> Reply:
    """All that is offered, or one command's syntax and purpose."""
    row = VERBS.get(topic) if topic in offered else None
    if row is not None:
        return Reply.of(214, "2.0.0", f"Syntax: {row.syntax}", row.purpose)
    if topic:
        return Reply.of(504, "5.5.4", "There is no help on that: HELP alone lists the commands")
    names = [name for name in VERBS if name in offered]
    lines = [" ".join(names[start : start + 10]) for start in range(0, len(names), 10)]
    return Reply.of(214, "2.0.0", "Commands:", *lines, "HELP command explains one; end each line with CRLF")
