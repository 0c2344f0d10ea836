"""The folders of an account that is read by IMAP, and the copy of what was sent.

RFC 9051 §6.3.9 (LIST), §6.3.12 (APPEND), RFC 6154 §2 (special uses), RFC 5819 §2 (numbers with LIST). Not here: what is in a folder (`imap_mailbox`).
"""

from __future__ import annotations

import msgspec

from postroom.agent.accounts import Account
from postroom.agent.imap_session import ImapSession, Tell, named, untold
from postroom.proto.imap import client_commands as say
from postroom.proto.imap.client_values import Listed, MailboxStatus

SENT = "Sent"
_SENT_NAMES = ("sent", "sent items", "sent messages", "inbox.sent", "inbox/sent")
_USES = ("all", "archive", "drafts", "flagged", "important", "junk", "sent", "trash")


class Folder(msgspec.Struct, frozen=True):
    """A folder: how many messages it has and how many of them are unseen (None where the server does not say), and what it is for."""

    folder: str
    messages: int | None
    unseen: int | None
    use: str


async def folders(session: ImapSession) -> list[Folder]:
    """All folders that hold messages, INBOX first; raises `ServerFailed`."""
    answer = await session.do(say.list_all(session.can, utf8=session.utf8))
    listed = {one.name: one for one in answer.data if isinstance(one, Listed) and one.selectable}
    numbers = {one.name: one.numbers for one in answer.data if isinstance(one, MailboxStatus)}
    for name in listed:
        if name not in numbers:
            said = await session.ask(named(say.status, name, utf8=session.utf8))
            numbers |= {one.name: one.numbers for one in said.data if isinstance(one, MailboxStatus)}
    return [
        Folder(name, numbers.get(name, {}).get("MESSAGES"), numbers.get(name, {}).get("UNSEEN"), _use(one))
        for name, one in sorted(listed.items(), key=lambda pair: (pair[0] != "INBOX", pair[0]))
    ]


async def file_sent(account: Account, raw: bytes, tell: Tell = untold) -> str:
    """Puts a copy of what was sent into the folder for it, which is made when there is none; gives its name. Raises `ServerFailed`."""
    session = await ImapSession.open(account, tell)
    try:
        answer = await session.do(say.list_all(session.can, utf8=session.utf8))
        listed = [one for one in answer.data if isinstance(one, Listed) and one.selectable]
        folder = _sent(listed) or await _make_sent(session, listed)
        await session.do(say.append(folder, raw, ["\\Seen"], utf8=session.utf8))
        await session.leave()
    except BaseException:
        await session.drop()
        raise
    return folder


async def _make_sent(session: ImapSession, listed: list[Listed]) -> str:
    """Some servers, such as Courier, have folders below INBOX alone (RFC 2342 §3)."""
    request = say.create(SENT, utf8=session.utf8)
    answer = await session.ask(request)
    if answer.done.ok or answer.done.code == "ALREADYEXISTS":
        return SENT
    delimiter = next((one.delimiter for one in listed if one.name == "INBOX"), "")
    if not delimiter:
        raise session.refused(request, answer)
    await session.do(say.create(f"INBOX{delimiter}{SENT}", utf8=session.utf8))
    return f"INBOX{delimiter}{SENT}"


def _sent(listed: list[Listed]) -> str:
    marked = [one.name for one in listed if "\\sent" in one.attributes]
    called = [one.name for one in listed if one.name.lower() in _SENT_NAMES]
    return next(iter([*marked, *called]), "")


def _use(listed: Listed) -> str:
    return next((use for use in _USES if f"\\{use}" in listed.attributes), "")
