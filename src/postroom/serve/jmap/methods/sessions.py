"""The Session object: what the server can do, which accounts there are for whoever asks, and where to go.

RFC 8620 §2, RFC 9670 §1.5 (whose an account is). Its state is a hash of it, so that it changes when anything in it does. Not here: who asks.
"""

from __future__ import annotations

import hashlib
from typing import Any, Final

import msgspec

from postroom.message.ids import IdKind, id_text
from postroom.proto.jmap import ijson
from postroom.proto.jmap.capabilities import (
    COLLATIONS,
    CORE,
    OWNER,
    PRINCIPALS,
    SUBMISSION,
    TABLE,
    VAPID,
    WEBMAIL,
    WEBSOCKET,
)
from postroom.serve.jmap.methods.call import JmapService, Visitor, only_looks
from postroom.store.mailboxes import acl
from postroom.store.records import acl as record_acl
from postroom.store.records.share_notices import MAILBOX

PREFIX: Final = "/jmap"
API: Final = PREFIX + "/api"
SESSION: Final = PREFIX + "/session"
UPLOAD: Final = PREFIX + "/upload"
DOWNLOAD: Final = PREFIX + "/download"
ATTACHMENTS: Final = PREFIX + "/attachments"
WEBSOCKET_PATH: Final = PREFIX + "/ws"
EVENTS: Final = PREFIX + "/eventsource"
WELL_KNOWN: Final = "/.well-known/jmap"


async def session_object(service: JmapService, visitor: Visitor, origin: str) -> dict[str, Any]:
    """The object, with its state. `origin`: scheme and authority under which the client has reached the server."""
    own = id_text(IdKind.ACCOUNT, visitor.account_id)
    session: dict[str, Any] = {
        "capabilities": {
            capability.uri: _server(service, capability.uri, origin)
            for capability in TABLE
            if capability.uri != VAPID or service.push
        },
        "accounts": await accounts_of(service, visitor),
        "primaryAccounts": {capability.uri: own for capability in TABLE if capability.of_account is not None},
        "username": visitor.address,
        "apiUrl": origin + API,
        "downloadUrl": f"{origin}{DOWNLOAD}/{{accountId}}/{{blobId}}/{{name}}?type={{type}}",
        "uploadUrl": f"{origin}{UPLOAD}/{{accountId}}/",
        "eventSourceUrl": f"{origin}{EVENTS}?types={{types}}&closeafter={{closeafter}}&ping={{ping}}",
    }
    session["state"] = hashlib.sha256(ijson.encode(session)).hexdigest()[:16]
    return session


def _server(service: JmapService, uri: str, origin: str) -> dict[str, Any]:
    if uri == WEBSOCKET:  # RFC 8887 §3.1
        return {"url": f"ws{origin.removeprefix('http')}{WEBSOCKET_PATH}", "supportsPush": True}
    if uri == VAPID and service.push is not None:  # RFC 9749 §3
        return {"applicationServerKey": service.push.key}
    if uri == WEBMAIL:
        return {"attachmentsUrl": f"{origin}{ATTACHMENTS}/{{accountId}}/{{emailId}}/{{name}}"}
    if uri != CORE:
        return {}
    return {**msgspec.to_builtins(service.limits), "collationAlgorithms": list(COLLATIONS)}


async def accounts_of(service: JmapService, visitor: Visitor) -> dict[str, Any]:
    """The Account objects that somebody sees, by id: his own first, then those that share something with him."""
    reading = service.store.engine.reading()
    shared = await acl.shared_with(reading, visitor.account_id)
    given = await record_acl.shared_with(reading, visitor.account_id)
    names = await acl.addresses_of(reading, {**shared, **given})
    own = _account(visitor.address)
    own["accountCapabilities"][PRINCIPALS] = {
        "currentUserPrincipalId": id_text(IdKind.PRINCIPAL, visitor.account_id)
    }
    if service.post is not None:
        abilities = own["accountCapabilities"]
        abilities[SUBMISSION] = service.post.capability(service.now() // 1_000_000)
        abilities[WEBMAIL] = {**abilities[WEBMAIL], "undoSeconds": service.post.undo_seconds}
    accounts = {id_text(IdKind.ACCOUNT, visitor.account_id): own}
    for number, address in names.items():
        gifts = {kind: "".join(rights.values()) for kind, rights in given.get(number, {}).items()}
        if number in shared:
            gifts[MAILBOX] = "".join(shared[number].values())
        accounts[id_text(IdKind.ACCOUNT, number)] = _account(address, gifts)
    home = id_text(IdKind.ACCOUNT, visitor.account_id)
    for number in (visitor.account_id, *names):  # RFC 9670 §1.5.2
        accounts[id_text(IdKind.ACCOUNT, number)]["accountCapabilities"][OWNER] = {
            "accountIdForPrincipal": home,
            "principalId": id_text(IdKind.PRINCIPAL, number),
        }
    return accounts


def _account(address: str, gifts: dict[str, str] | None = None) -> dict[str, Any]:
    """`gifts`: the letters of all rights in somebody else's account, by what they are in; None for one's own."""
    own = gifts is None
    return {
        "name": address,
        "isPersonal": own,
        "isReadOnly": gifts is not None and only_looks(gifts),
        "accountCapabilities": {
            capability.uri: said
            for capability in TABLE
            if (said := capability.of_account if own else capability.of_shared) is not None
            and (gifts is None or not capability.shared_with or capability.shared_with in gifts)
        },
    }
