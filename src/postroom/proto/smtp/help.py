"""HELP's answers, out of the tables of verbs and extensions.

RFC 5321 §4.1.1.8. Not here: the tables themselves (`commands`, `extensions`).
"""

from __future__ import annotations

from postroom.proto.smtp.commands import VERBS, Mail, Rcpt
from postroom.proto.smtp.extensions import Offer
from postroom.proto.smtp.reply import Reply


def help_reply(topic: str, offer: Offer) -> Reply:
    """All that is offered, or one command's syntax, purpose and parameters; the command may stand there as it will be said."""
    offered, verb = offer.verbs, topic.partition(" ")[0].upper()
    row = VERBS.get(verb) if verb in offered else None
    if row is not None:
        taken = offer.mail if issubclass(row.command, Mail) else offer.rcpt if row.command is Rcpt else ()
        parameters = [f"Parameters: {' '.join(taken)}"] if taken else []
        return Reply.of(214, "2.0.0", f"Syntax: {row.syntax}", row.purpose, *parameters)
    if topic:
        return Reply.of(504, "5.5.4", "There is no help on that: HELP alone lists the commands")
    names = [name for name in VERBS if name in offered]
    lines = [" ".join(names[start : start + 10]) for start in range(0, len(names), 10)]
    return Reply.of(214, "2.0.0", "Commands:", *lines, "HELP command explains one; end each line with CRLF")
