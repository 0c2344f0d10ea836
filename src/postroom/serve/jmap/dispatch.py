"""All methods, by name: the families' tables in one."""

from __future__ import annotations

from typing import Final

from postroom.serve.jmap import echo, email, email_query, mailbox, mailbox_query, mailbox_set, thread
from postroom.serve.jmap.call import Methods

METHODS: Final[Methods] = {
    **echo.METHODS,
    **email.METHODS,
    **email_query.METHODS,
    **mailbox.METHODS,
    **mailbox_query.METHODS,
    **mailbox_set.METHODS,
    **thread.METHODS,
}
