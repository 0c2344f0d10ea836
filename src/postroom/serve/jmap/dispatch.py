"""All methods, by name: the families' tables in one."""

from __future__ import annotations

from typing import Final

from postroom.serve.jmap import blob
from postroom.serve.jmap.account import (
    app_password,
    browser_session,
    grant,
    login_history,
    mail_programs,
    one_time_codes,
    own_password,
    passkey,
    preferences,
    quota,
)
from postroom.serve.jmap.contacts import (
    address_book,
    address_book_set,
    contact_card,
    contact_card_files,
    contact_card_query,
    contact_card_set,
)
from postroom.serve.jmap.mail import (
    bulk_change,
    email,
    email_import,
    email_query,
    email_set,
    header_report,
    leaving,
    mailbox,
    mailbox_query,
    mailbox_set,
    message_html,
    search_query,
    snippet,
    snooze,
    thread,
)
from postroom.serve.jmap.methods import echo
from postroom.serve.jmap.methods.call import Methods
from postroom.serve.jmap.push import push_subscription
from postroom.serve.jmap.sharing import principal, share_notification
from postroom.serve.jmap.submission import email_redirect, identity, journey, mdn, submission, submission_set

METHODS: Final[Methods] = {
    **echo.METHODS,
    **blob.METHODS,
    **email.METHODS,
    **email_query.METHODS,
    **email_set.METHODS,
    **email_import.METHODS,
    **email_redirect.METHODS,
    **mailbox.METHODS,
    **mailbox_query.METHODS,
    **mailbox_set.METHODS,
    **thread.METHODS,
    **snippet.METHODS,
    **search_query.METHODS,
    **message_html.METHODS,
    **header_report.METHODS,
    **journey.METHODS,
    **leaving.METHODS,
    **preferences.METHODS,
    **bulk_change.METHODS,
    **snooze.METHODS,
    **identity.METHODS,
    **submission.METHODS,
    **submission_set.METHODS,
    **mdn.METHODS,
    **quota.METHODS,
    **push_subscription.METHODS,
    **address_book.METHODS,
    **address_book_set.METHODS,
    **contact_card.METHODS,
    **contact_card_files.METHODS,
    **contact_card_query.METHODS,
    **contact_card_set.METHODS,
    **app_password.METHODS,
    **browser_session.METHODS,
    **grant.METHODS,
    **passkey.METHODS,
    **one_time_codes.METHODS,
    **own_password.METHODS,
    **login_history.METHODS,
    **mail_programs.METHODS,
    **principal.METHODS,
    **share_notification.METHODS,
}
