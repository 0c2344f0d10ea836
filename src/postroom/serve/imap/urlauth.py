"""GENURLAUTH, RESETKEY, URLFETCH: URLs by which somebody else reads one message, or a part of it.

RFC 4467 §3 (who may use a URL), §5 and §6 (authorization tokens), §7; RFC 5092 §6.1. The only mechanism is INTERNAL: an HMAC of the URL with the
mailbox's key. What is wrong with a URL is told to nobody: it leads to NIL. Not here: keys (`store.mailboxes.url_keys`).
"""

from __future__ import annotations

import hashlib
import hmac
import secrets
from typing import Final

from postroom.message.errors import MailError
from postroom.proto.imap import rendering
from postroom.proto.imap.commands.urlauth import GenUrlAuth, ResetKey, UrlFetch
from postroom.proto.imap.urls import BadUrl, ImapUrl, parse_url
from postroom.serve.imap.changing.catenating import Extract, part_of, url_pieces
from postroom.serve.imap.conversation.conversation import Answer, Conversation, Handlers, Refusal
from postroom.serve.imap.mailboxes import names
from postroom.store.emails.arriving import Original, originals
from postroom.store.engine.transaction import Transaction
from postroom.store.mailboxes import acl, mailboxes, url_keys
from postroom.store.mailboxes.rights import MailboxRef, NoSuchMailbox

MECHANISM: Final = "INTERNAL"
KEY: Final = 32  # octets of a mailbox's key
_SHA256: Final = "01"  # how tokens of this algorithm begin (RFC 4467 §2.4)


async def generate(conversation: Conversation, command: GenUrlAuth) -> Answer:
    """Signs URLs of one's own messages."""
    found = [await _signed(conversation, url, mechanism) for url, mechanism in command.rumps]
    conversation.out.untagged(b"GENURLAUTH " + b" ".join(rendering.string(url.encode()) for url in found))
    return Answer("Signed")


async def _signed(conversation: Conversation, url: str, mechanism: str) -> str:
    try:
        parsed = parse_url(url)
    except BadUrl:
        parsed = None
    if mechanism != MECHANISM:
        raise Refusal("The only mechanism is INTERNAL", status="BAD")
    if parsed is None or parsed.mechanism or not parsed.access or not _ours(conversation, parsed.host):
        raise Refusal("A URL that can be signed names its message here and who may read it", status="BAD")
    if parsed.user.lower() != conversation.address.lower() or not _known(parsed.access):
        raise Refusal("Only URLs of one's own messages are signed, for known kinds of access", status="BAD")
    secret = secrets.token_bytes(KEY)

    async def work(tx: Transaction) -> bytes:
        return await url_keys.make(tx, await names.find(conversation, tx, parsed.mailbox), secret)

    try:
        key = await conversation.write(work)
    except NoSuchMailbox as error:
        raise Refusal(error.public, status="BAD") from None  # RFC 4467 §7
    return f"{url}:{MECHANISM.lower()}:{_token(key, url)}"


async def reset(conversation: Conversation, command: ResetKey) -> Answer:
    """All URLs that were signed become invalid."""
    if any(mechanism != MECHANISM for mechanism in command.mechanisms):
        raise Refusal("The only mechanism is INTERNAL")
    account_id, name = conversation.account_id, command.mailbox
    if name is None:
        await conversation.write(lambda tx: url_keys.forget_all(tx, account_id))
        return Answer("All URLs are invalid now")

    async def work(tx: Transaction) -> MailboxRef:
        ref = await names.find(conversation, tx, name)
        await url_keys.forget(tx, ref)
        return ref

    ref = await conversation.write(work)
    if conversation.view is not None and conversation.view.ref == ref:
        conversation.out.status(b"*", "OK", "There is a new key", f"URLMECH {MECHANISM}")
    return Answer("URLs of this mailbox are invalid now", f"URLMECH {MECHANISM}")


async def fetch(conversation: Conversation, command: UrlFetch) -> Answer:
    """What URLs lead to, each in a response of its own; NIL for those that are not good."""
    for url in command.urls:
        found = await _opened(conversation, url)
        conversation.out.send(b"* URLFETCH %b " % rendering.string(url.encode()))
        if found is None:
            conversation.out.send(b"NIL\r\n")
        else:
            await _send(conversation, found)
        await conversation.drained()
    return Answer("Fetched")


async def _send(conversation: Conversation, found: Extract) -> None:
    """A literal, piece by piece. One that cannot be completed ends the session: nothing else could be understood."""
    conversation.out.send(b"{%d}\r\n" % found.size)
    try:
        async for piece in url_pieces(conversation, found):
            conversation.out.send(piece)
            await conversation.drained()
    except (Refusal, MailError) as error:
        assert conversation.connection is not None
        conversation.connection.close("a message could not be read to its end")
        raise ConnectionAbortedError(str(error)) from error
    conversation.out.send(b"\r\n")


async def _opened(conversation: Conversation, url: str) -> Extract | None:
    try:
        parsed = parse_url(url)
        if parsed.mechanism != MECHANISM or not _ours(conversation, parsed.host):
            return None
        account_id, original = await _verified(conversation, parsed)
        return await part_of(conversation, account_id, original, parsed)
    except (BadUrl, MailError):
        return None


async def _verified(conversation: Conversation, url: ImapUrl) -> tuple[int, Original]:
    """The message of a good URL. Raises `BadUrl`, or a `MailError`."""
    who = _access(url.access)
    if who is None or who not in ("", conversation.address.lower()):
        raise BadUrl
    if conversation.visiting and url.access.lower() != "anonymous":  # RFC 4467 §3: `authuser` is not for them
        raise BadUrl
    if url.expire is not None and url.expire <= conversation.service.now():
        raise BadUrl

    async def look(tx: Transaction) -> tuple[int, Original]:
        account_id = await _account(conversation, tx, url.user)
        path = names.normal(url.mailbox).split(names.SEPARATOR)
        mailbox_id = await mailboxes.by_path(tx, account_id, path)
        secret = await url_keys.get(tx, account_id, mailbox_id)
        if secret is None or not hmac.compare_digest(_token(secret, url.rump), url.token):
            raise BadUrl
        ref = MailboxRef(account_id, mailbox_id)
        if url.uidvalidity not in (None, (await mailboxes.get(tx, ref)).uidvalidity):
            raise BadUrl
        found = await originals(tx, ref, [(url.uid, url.uid)], 1)
        if not found:
            raise BadUrl
        return account_id, found[0]

    return await conversation.snapshot(look)


async def _account(conversation: Conversation, tx: Transaction, user: str) -> int:
    if user.lower() == conversation.address.lower():
        return conversation.account_id
    found = await acl.account_of(tx, user)
    if found is None:
        raise BadUrl
    return found


def _access(access: str) -> str | None:
    """Who may use a URL, in lower case; "" for everybody who has logged in. None: nobody may, since it is for others than users of IMAP."""
    lowered = access.lower()
    if lowered in ("anonymous", "authuser"):
        return ""
    return lowered[len("user+") :] or None if lowered.startswith("user+") else None


def _known(access: str) -> bool:
    """Whether a kind of access is one of RFC 4467 §3; `submit+` is for servers that submit mail, which URLFETCH does not serve."""
    return _access(access) is not None or bool(
        access.lower().removeprefix("submit+") not in ("", access.lower())
    )


def _ours(conversation: Conversation, host: str) -> bool:
    return host.lower().partition(":")[0] == conversation.service.config.host.lower()


def _token(secret: bytes, rump: str) -> str:
    return _SHA256 + hmac.new(secret, rump.encode(), hashlib.sha256).hexdigest()


HANDLERS: Final[Handlers] = {GenUrlAuth: generate, ResetKey: reset, UrlFetch: fetch}
