"""What the server can do, each capability once: the session object, the methods that may be called, and the page in docs/ derive from it.

RFC 8620 §2 and §9.4. A capability is in `TABLE` when all of it works. Not here: the values that settings decide (`serve.jmap.methods.sessions`).
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any, Final

import msgspec

from postroom.message.encodings.casemap import ascii_casemap, casemap
from postroom.message.query.language import MAX_QUERY, MAX_TERMS

CORE: Final = "urn:ietf:params:jmap:core"
MAIL: Final = "urn:ietf:params:jmap:mail"
SUBMISSION: Final = "urn:ietf:params:jmap:submission"
MDN: Final = "urn:ietf:params:jmap:mdn"
QUOTA: Final = "urn:ietf:params:jmap:quota"
BLOB: Final = "urn:ietf:params:jmap:blob"
VAPID: Final = "urn:ietf:params:jmap:webpush-vapid"
WEBSOCKET: Final = "urn:ietf:params:jmap:websocket"

CONTACTS: Final = "urn:ietf:params:jmap:contacts"
PRINCIPALS: Final = "urn:ietf:params:jmap:principals"
OWNER: Final = (
    "urn:ietf:params:jmap:principals:owner"  # RFC 9670 §1.5.2: of accounts alone; nobody asks for it
)
MAIL_SHARE: Final = "urn:ietf:params:jmap:mail:share"
WEBMAIL: Final = (
    "urn:postroom:params:jmap:webmail"  # ours: what the web mail needs beyond the standard, in one
)


# RFC 8621 §4.4.2; what a query of emails can be sorted by.
SORT_OPTIONS: Final = (
    "receivedAt", "size", "from", "to", "subject", "sentAt", "hasAttachment", "hasKeyword", "allInThreadHaveKeyword",
    "someInThreadHaveKeyword",
)  # fmt: skip


MOST_MAILBOXES: Final = 1_000  # of one email
MOST_ATTACHED: Final = 50 << 20  # octets of all parts of a new email, before they are encoded
MOST_SOURCES: Final = 100  # pieces of which one blob is put together
DIGESTS: Final = ("sha", "sha-256", "sha-512")  # of blobs, RFC 9404 §4.2
MOST_PREFERENCES: Final = 65_536  # octets of an account's preferences
LOOKED_UP: Final = ("Email", "Mailbox", "Thread")  # what a blob may be found in, RFC 9404 §4.3


class Capability(msgspec.Struct, frozen=True):
    """`rfc`: where it is described; what it says of an account of one's own, and of one where others share something, None where such accounts do not have it.

    `shared_with`: the type of which somebody has to share something there, "" for any.
    """

    uri: str
    rfc: str
    of_account: Mapping[str, Any] | None = None
    of_shared: Mapping[str, Any] | None = None
    shared_with: str = ""


_MAIL: Final[Mapping[str, Any]] = {
    "maxMailboxesPerEmail": MOST_MAILBOXES,
    "maxMailboxDepth": 20,
    "maxSizeMailboxName": 255,
    "maxSizeAttachmentsPerEmail": MOST_ATTACHED,
    "emailQuerySortOptions": list(SORT_OPTIONS),
    "mayCreateTopLevelMailbox": True,
}
# Where mail can be sent, "undoSeconds" besides: a setting, so the session adds it.
_WEBMAIL: Final[Mapping[str, Any]] = {
    "maxQueryLength": MAX_QUERY,
    "maxQueryTerms": MAX_TERMS,
    "maxSizePreferences": MOST_PREFERENCES,
}
_BLOB: Final[Mapping[str, Any]] = {
    "maxSizeBlobSet": 50 << 20,
    "maxDataSources": MOST_SOURCES,
    "supportedTypeNames": list(LOOKED_UP),
    "supportedDigestAlgorithms": list(DIGESTS),
}
TABLE: Final[tuple[Capability, ...]] = (
    Capability(CORE, "RFC 8620 §2"),
    Capability(MAIL, "RFC 8621 §1.3.1", _MAIL, {**_MAIL, "mayCreateTopLevelMailbox": False}, "Mailbox"),
    Capability(SUBMISSION, "RFC 8621 §1.3.2", {"maxDelayedSend": 0, "submissionExtensions": {}}),
    Capability(MDN, "RFC 9007 §1.3", {}),
    Capability(QUOTA, "RFC 9425 §2", {}),
    Capability(BLOB, "RFC 9404 §3", _BLOB, _BLOB),
    Capability(WEBSOCKET, "RFC 8887 §3.1"),
    Capability(VAPID, "RFC 9749 §3"),
    Capability(WEBMAIL, "of no RFC", _WEBMAIL, _WEBMAIL),
    Capability(
        CONTACTS,
        "RFC 9610 §1.4.1",
        {"maxAddressBooksPerCard": None, "mayCreateAddressBook": True},
        {"maxAddressBooksPerCard": None, "mayCreateAddressBook": False},
        "AddressBook",
    ),
    Capability(PRINCIPALS, "RFC 9670 §1.5.1", {"currentUserPrincipalId": None}),
    Capability(MAIL_SHARE, "of no RFC: draft-ietf-jmap-mail-sharing, work in progress", {}, {}, "Mailbox"),
)
KNOWN: Final = frozenset(capability.uri for capability in TABLE)
ASCII: Final = "i;ascii-casemap"
# RFC 8620 §5.5: what a text is sorted as; by i;unicode-casemap where nothing is said.
COLLATIONS: Final[Mapping[str, Callable[[str], str]]] = {ASCII: ascii_casemap, "i;unicode-casemap": casemap}
