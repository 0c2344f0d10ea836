"""A letter that the lab's page sends: from one of the lab's people, by SMTP to his own server, as any mail program does.

RFC 6409 §3 (submission), RFC 3207 (under TLS), RFC 4954 (with his password). Not here: the dialogue (`agent.submitting`), the form (`static/send.js`).
"""

from __future__ import annotations

import secrets
from typing import Any

import msgspec

from postroom.agent.accounts import Account, Endpoint
from postroom.agent.invocation import CommandFailed
from postroom.agent.submitting import submit
from postroom.agent.writing import USER_AGENT, author, finish, recipients
from postroom.lab.running import Running
from postroom.message.composing.compose import Draft
from postroom.web.answers import Refused


class Letter(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """What the form says."""

    sender: str
    to: str
    subject: str = ""
    text: str = ""


async def send(running: Running, letter: Letter) -> dict[str, Any]:
    """Sends it; gives the journey's id and the server's last words. Raises `Refused` with the reason."""
    account = _account(running, letter.sender)
    try:
        draft = Draft([author(account)], to=recipients([letter.to]))
        draft.subject, draft.text, draft.user_agent = letter.subject, letter.text, USER_AGENT
        envelope, made = finish(draft, secrets.token_hex(12), running.clock.now())
        done = await submit(account, envelope, made.raw)
    except CommandFailed as error:
        raise Refused(422, str(error)) from error
    refused = [{"recipient": one.recipient, "reply": one.reply} for one in done.refused]
    return {"journey": done.journey, "reply": done.reply, "refused": refused}


def _account(running: Running, address: str) -> Account:
    one = next((one for one in running.inhabitants if one.address == address), None)
    if one is None:
        raise Refused(422, f"nobody in this lab has the address {address!r}")
    name, _, domain = address.partition("@")
    server = f"mail.{domain}"
    smtp = Endpoint("127.0.0.1", running.ports[domain]["submission"], "starttls", server)
    return Account(
        address,
        smtp,
        name=name.capitalize(),
        password=one.password,
        authorities=str(running.ca.path),
        ahead=running.clock.offset,
    )
