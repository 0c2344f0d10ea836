"""docs/sasl-mechanisms.md: by what one logs in, out of the table that the program works with."""

import re
from collections.abc import Collection

from doc_pages import page, table
from postroom.app.settings import file as settings
from postroom.proto.sasl.mechanisms import MECHANISMS
from rfc_citations import standing

RFC = re.compile(r"RFC (\d+)")


def sasl_page() -> str:
    usual = settings.LoginSettings().mechanisms
    rows = [
        (
            f"`{row.name}`",
            row.rfc,
            row.need.value,
            row.exposure.value,
            "yes" if row.bound else "",
            _when_offered(row.name, usual),
            standing(found[1]) if (found := RFC.match(row.rfc)) else "",
        )
        for row in MECHANISMS.values()
    ]
    head = ("mechanism", "text", "who logs in has", "who listens gets", "bound to TLS", "offered", "applied")
    return page(
        "SASL: mechanisms",
        "SMTP (AUTH), POP3 (AUTH) and IMAP (AUTHENTICATE) offer the same, ANONYMOUS aside, by which nothing is sent. The order is the one in which a client of Postroom's prefers them.",
        table(head, rows),
        "Nothing is offered without TLS; `[login] without_tls` offers what does not show the secret, and a lab offers all on loopback. "
        "A shared secret or a token has to be some account's, a certificate the connection's, before what needs it is offered. "
        "ANONYMOUS is there where `[login] anonymous` names an account: who comes without a name reads what that account shares with `anyone` (IMAP: "
        "`SETACL Lists anyone lr`), as `Other Users/...`, and by POP3 its INBOX if that is shared so. Nothing can be changed, whatever rights were given.",
    )


def _when_offered(name: str, usual: Collection[str]) -> str:
    if name in usual:
        return "yes"
    return (
        "where `[login] anonymous` names an account"
        if name == "ANONYMOUS"
        else "if named in `[login] mechanisms`"
    )


# ------------------------------------------------------------------------------------------------------------- SMTP, POP3
