"""What sendmail tells the server of a message beside its content: the fields of `operations.submission.Submit`.

RFC 3461 §4 (NOTIFY, RET, ENVID). Not here: who the recipients are.
"""

from __future__ import annotations

import os
import pwd
from typing import Any

from postroom.app.sendmail.options import Options


def facts_of(options: Options, recipients: list[str]) -> dict[str, Any]:
    """The fields of `Submit` beside the content."""
    sender = "" if options.sender is None else options.sender or "<>"
    return {
        "recipients": recipients,
        "sender": sender,
        "notify": None if options.notify is None else int(options.notify),
        "ret": options.ret,
        "envid": options.envid,
        "name": options.name or _full_name(),
    }


def _full_name() -> str:
    """The caller's name as the password file has it: what stands before the first comma."""
    name = os.environ.get("NAME", "")
    if not name:
        try:
            entry = pwd.getpwuid(os.getuid())
        except KeyError:
            return ""
        name = entry.pw_gecos.partition(",")[0].replace("&", entry.pw_name.capitalize())
    return name if name.isprintable() else ""
