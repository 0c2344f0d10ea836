"""The commands that send: a new message, an answer, a forward.

RFC 5322 §3.6.4 (an answer refers to what it answers; `message.reply` sees to it). Not here: the text's source (`agent.writing`), the dialogue
(`agent.submitting`).
"""

from __future__ import annotations

import asyncio
import secrets
from collections.abc import Sequence

from postroom.agent.exits import Exit, ServerFailed
from postroom.agent.invocation import CommandFailed
from postroom.agent.mailbox import Mailbox, find
from postroom.agent.session import MailSession
from postroom.agent.submitting import Submitted, submit
from postroom.agent.writing import author, complete, finish, recipients
from postroom.agent.written import Written
from postroom.message import reply as replies
from postroom.message.compose import Draft


def new(session: MailSession, to: Sequence[str], options: Written) -> Draft:
    """The message of `postroom mail send`."""
    draft = Draft([author(session.account)], recipients(to))
    complete(draft, options)
    return draft


def answer(session: MailSession, number: str, options: Written, *, to_all: bool, quoting: bool) -> Draft:
    """The message of `postroom mail reply`."""
    original = replies.read_original(_message(session, number))
    draft = replies.reply(original, author(session.account), to_all=to_all)
    if not (draft.to or draft.cc or options.cc or options.bcc):
        raise CommandFailed(
            f"message {number} names nobody to answer to (no From, no Reply-To); write to somebody with: postroom mail send"
        )
    complete(draft, options, quoted=draft.text if quoting else "")
    return draft


def pass_on(
    session: MailSession, number: str, to: Sequence[str], options: Written, *, attached: bool
) -> Draft:
    """The message of `postroom mail forward`."""
    raw, who = _message(session, number), author(session.account)
    if attached:
        draft = replies.forward_as_attachment(raw, who, recipients(to))
    else:
        draft = replies.forward(replies.read_original(raw), who, recipients(to))
    complete(draft, options, quoted=draft.text.lstrip("\n"))
    return draft


def send(session: MailSession, draft: Draft, *, verbose: bool) -> None:
    """Sends a message and says what became of it; `verbose` shows the dialogue. Raises `ServerFailed`."""
    envelope, made = finish(draft, secrets.token_hex(12))
    tell = session.terminal.note if verbose else None
    done = asyncio.run(submit(session.account, envelope, made.raw, tell))
    to = [str(one.address) for one in envelope.recipients]
    refused = {one.recipient for one in done.refused}
    session.terminal.record(
        {
            "message_id": made.message_id.strip("<>"),
            "journey": done.journey,
            "reply": done.reply,
            "recipients": [one for one in to if one not in refused],
            "refused": done.refused,
        }
    )
    session.terminal.say(_words(done, [one for one in to if one not in refused]))
    if done.refused:
        words = "\n".join(f"{one.recipient}: {one.reply}" for one in done.refused)
        raise ServerFailed(f"not to all:\n{words}", Exit.SOME_RECIPIENTS)


def _message(session: MailSession, number: str) -> bytes:
    async def fetch(mailbox: Mailbox) -> bytes:
        return await mailbox.message(find(await mailbox.entries(), number).number)

    return session.in_mailbox(fetch)


def _words(done: Submitted, to: list[str]) -> str:
    sent = f"sent to {', '.join(to)}"
    return f"{sent} as {done.journey}; its way: postroom journey {done.journey}" if done.journey else sent
