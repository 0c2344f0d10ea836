"""All methods, by name: the families' tables in one."""

from __future__ import annotations

from typing import Final

from postroom.serve.jmap import (
    address_book,
    address_book_set,
    blob,
    contact_card,
    contact_card_query,
    contact_card_set,
    echo,
    email,
    email_import,
    email_query,
    email_set,
    identity,
    mailbox,
    mailbox_query,
    mailbox_set,
    mdn,
    message_html,
    principal,
    push_subscription,
    quota,
    search_query,
    share_notification,
    snippet,
    submission,
    submission_set,
    thread,
)
from postroom.serve.jmap.call import Methods

METHODS: Final[Methods] = {
    **echo.METHODS,
    **blob.METHODS,
    **email.METHODS,
    **email_query.METHODS,
    **email_set.METHODS,
    **email_import.METHODS,
    **mailbox.METHODS,
    **mailbox_query.METHODS,
    **mailbox_set.METHODS,
    **thread.METHODS,
    **snippet.METHODS,
    **search_query.METHODS,
    **message_html.METHODS,
    **identity.METHODS,
    **submission.METHODS,
    **submission_set.METHODS,
    **mdn.METHODS,
    **quota.METHODS,
    **push_subscription.METHODS,
    **address_book.METHODS,
    **address_book_set.METHODS,
    **contact_card.METHODS,
    **contact_card_query.METHODS,
    **contact_card_set.METHODS,
    **principal.METHODS,
    **share_notification.METHODS,
}
