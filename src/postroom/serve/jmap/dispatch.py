"""All methods, by name: the families' tables in one."""

from __future__ import annotations

from typing import Final

from postroom.serve.jmap import (
    echo,
    email,
    email_import,
    email_query,
    email_set,
    mailbox,
    mailbox_query,
    mailbox_set,
    push_subscription,
    snippet,
    thread,
)
from postroom.serve.jmap.call import Methods

METHODS: Final[Methods] = {
    **echo.METHODS,
    **email.METHODS,
    **email_query.METHODS,
    **email_set.METHODS,
    **email_import.METHODS,
    **mailbox.METHODS,
    **mailbox_query.METHODS,
    **mailbox_set.METHODS,
    **thread.METHODS,
    **snippet.METHODS,
    **push_subscription.METHODS,
}
