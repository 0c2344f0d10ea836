"""The commands that send: a new message, an answer, a forward.

RFC 5322 §3.6.4 (an answer refers to what it answers; `message.composing.reply` sees to it). Not here: the text's source (`agent.writing`), the dialogue
(`agent.submitting`).
"""

from __future__ import annotations

import asyncio
import secrets
from collections.abc import Sequence
from typing import TYPE_CHECKING

import msgspec

from postroom.agent.exits import Exit, ServerFailed
from postroom.agent.invocation import CommandFailed
from postroom.agent.mailbox import Mailbox
from postroom.agent.session import MailSession
from postroom.agent.submitting import Submitted, submit
from postroom.agent.writing import author, complete, finish, is_typed, kept, recipients
from postroom.agent.written import Written
from postroom.message.composing import reply as replies
from postroom.message.composing.compose import Draft

if TYPE_CHECKING:
    from postroom.agent.imap_mailbox import ImapMailbox


class Original(msgspec.Struct, frozen=True):
    """A message that is answered or passed on, and where it is."""

    raw: bytes
    number: int
    uid: str
    folder: str


def original(session: MailSession, number: str, folder: str) -> Original:
    """Fetches it."""

    async def fetch(mailbox: Mailbox) -> Original:
        (entry,) = await mailbox.chosen([number])
        return Original(await mailbox.message(entry.number), entry.number, entry.uid, folder)

    return session.in_mailbox(fetch, folder)


def new(session: MailSession, to: Sequence[str], options: Written) -> Draft:
    """The message of `postroom mail send`."""
    draft = Draft([author(session.account)], recipients(to))
    complete(draft, options)
    return draft


def answer(
    session: MailSession, original: Original, options: Written, *, to_all: bool, quoting: bool
) -> Draft:
    """The message of `postroom mail reply`."""
    draft = replies.reply(replies.read_original(original.raw), author(session.account), to_all=to_all)
    if not (draft.to or draft.cc or options.cc or options.bcc):
        raise CommandFailed(
            f"message {original.number} names nobody to answer to (no From, no Reply-To); write to somebody with: postroom mail send"
        )
    complete(draft, options, quoted=draft.text if quoting else "")
    return draft


def pass_on(
    session: MailSession, original: Original, to: Sequence[str], options: Written, *, attached: bool
) -> Draft:
    """The message of `postroom mail forward`."""
    raw, who = original.raw, author(session.account)
    if attached:
        draft = replies.forward_as_attachment(raw, who, recipients(to))
    else:
        draft = replies.forward(replies.read_original(raw), who, recipients(to))
    complete(draft, options, quoted=draft.text.lstrip("\n"))
    return draft


def send(
    session: MailSession, draft: Draft, options: Written, *, verbose: bool, answered: Original | None = None
) -> None:
    """Sends a message, which may be an answer, and says what became of it; `verbose` shows the dialogue. Raises `ServerFailed`."""
    tell = session.terminal.note if verbose else None
    with kept(draft.text if is_typed(options) else "", session.terminal.note):
        envelope, made = finish(draft, secrets.token_hex(12), session.account.now())
        done = asyncio.run(submit(session.account, envelope, made.raw, tell))
    filed = _file(session, made.raw)
    to = [str(one.address) for one in envelope.recipients]
    refused = {one.recipient for one in done.refused}
    session.terminal.record(
        {
            "message_id": made.message_id.strip("<>"),
            "journey": done.journey,
            "reply": done.reply,
            "recipients": [one for one in to if one not in refused],
            "refused": done.refused,
            **({"filed": filed} if filed else {}),
        }
    )
    session.terminal.say(_words(done, [one for one in to if one not in refused]))
    if answered is not None:
        _mark_answered(session, answered)
    if done.refused:
        words = "\n".join(f"{one.recipient}: {one.reply}" for one in done.refused)
        raise ServerFailed(f"not to all:\n{words}", Exit.SOME_RECIPIENTS)


def _mark_answered(session: MailSession, answered: Original) -> None:
    """Notes on a message that it was answered, where it can be noted; what goes wrong now is told, and is no failure."""
    if session.account.imap is None:
        return

    async def work(mailbox: ImapMailbox) -> None:
        (entry,) = await mailbox.chosen([answered.uid])
        await mailbox.mark([entry.number], ["\\Answered"])

    try:
        session.in_folder("A mark", work, answered.folder)
    except CommandFailed as error:
        session.terminal.note(f"it is sent, but not marked as answered: {error}")


def _file(session: MailSession, raw: bytes) -> str:
    """Keeps a copy by IMAP. The message has been sent: what goes wrong now is told, and is no failure."""
    from postroom.agent.folders import file_sent

    if session.account.imap is None or not session.account.file_sent:
        return ""
    try:
        return asyncio.run(file_sent(session.account, raw, session.terminal.note))
    except CommandFailed as error:
        session.terminal.note(f"it is sent, but no copy was filed: {error}")
        return ""


def _words(done: Submitted, to: list[str]) -> str:
    sent = f"sent to {', '.join(to)}"
    return f"{sent} as {done.journey}; its way: postroom journey {done.journey}" if done.journey else sent
