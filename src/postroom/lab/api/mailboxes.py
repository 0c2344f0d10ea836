"""Mailboxes and their messages over HTTP, as `lab.testing` sees them: links, codes and files are found as in tests of Python.

Not here: how they are found (`lab.arrived.box`, `lab.arrived.mail`).
"""

from __future__ import annotations

import asyncio
import re
from http import HTTPStatus
from typing import Final

from postroom.lab.api import values
from postroom.lab.api.desk import Call, Desk, Octets
from postroom.lab.api.problems import Problem, not_found, unfit
from postroom.lab.arrived.box import Mailbox, NotArrived, fits
from postroom.lab.arrived.mail import Mail, NotInMail
from postroom.lab.arrived.residence import CannotMoveIn, mailbox_of, new_mailbox
from postroom.wire.numbers import decimal

_MEDIA_TYPE: Final = re.compile(r"[a-z0-9][a-z0-9!#$&^_.+-]{0,126}/[a-z0-9][a-z0-9!#$&^_.+-]{0,126}")
_UNKNOWN: Final = "application/octet-stream"


async def list_mailboxes(desk: Desk, _: Call) -> values.Mailboxes:
    """Accounts whose passwords the lab knows."""
    found = [await mailbox_of(desk.running, one.address) for one in desk.running.inhabitants]
    return values.Mailboxes([_mailbox(one) for one in found if one is not None])


async def make_mailbox(desk: Desk, call: Call) -> values.Mailbox:
    """A fresh mailbox, for a test of its own."""
    wanted: values.NewMailbox = call.body
    try:
        return _mailbox(await new_mailbox(desk.running, wanted.name, wanted.domain))
    except CannotMoveIn as error:
        if error.taken:
            raise Problem(HTTPStatus.CONFLICT, "taken", str(error)) from error
        raise unfit(str(error)) from error


async def show_mailbox(desk: Desk, call: Call) -> values.Mailbox:
    """What a program needs to send to it or to log in."""
    return _mailbox(await _found(desk, call))


async def list_messages(desk: Desk, call: Call) -> values.Headings:
    """Messages that are there, as far as they are wanted: the newest so many, in the order in which they came; spam among them."""
    wanted: values.Wanted = call.query
    box = await _found(desk, call)
    fitting = [mail for mail in await box.messages_async() if _is_wanted(mail, wanted)]
    return values.Headings([_heading(mail) for mail in fitting[-wanted.limit :]])


async def empty_mailbox(desk: Desk, call: Call) -> None:
    """Takes all messages away."""
    await (await _found(desk, call)).clear_async()


async def wait_for_message(desk: Desk, call: Call) -> values.Message:
    """The oldest message that fits, as soon as it is there; not found after the timeout, with words for what came instead."""
    wanted: values.Awaited = call.query
    box = await _found(desk, call)
    waiting = box.wait_async(subject=wanted.subject, sender=wanted.sender, timeout=wanted.timeout)
    try:
        return _message(await desk.unless_over(waiting))
    except NotArrived as error:
        raise Problem(HTTPStatus.NOT_FOUND, "not-arrived", str(error)) from error


async def show_message(desk: Desk, call: Call) -> values.Message:
    """A message with all that is found in it."""
    return _message((await _mail(desk, call))[1])


async def delete_message(desk: Desk, call: Call) -> None:
    """Takes a message away."""
    box, mail = await _mail(desk, call)
    await box.delete_async(mail)


async def show_raw(desk: Desk, call: Call) -> Octets:
    """The octets of a message as they were filed."""
    mail = (await _mail(desk, call))[1]
    return Octets(mail.raw, "message/rfc822", f"{mail.id}.eml")


async def list_parts(desk: Desk, call: Call) -> values.Parts:
    """The files that came with a message."""
    return values.Parts(_parts((await _mail(desk, call))[1]))


async def show_part(desk: Desk, call: Call) -> Octets:
    """The octets of a file that came with a message."""
    files = (await _mail(desk, call))[1].attachments()
    number = decimal(call.path["number"])
    if number is None or not 1 <= number <= len(files):
        raise not_found(f"the message has {len(files)} files, and no number {call.path['number']}")
    file = files[number - 1]
    known = _MEDIA_TYPE.fullmatch(file.content_type) is not None
    return Octets(file.content, file.content_type if known else _UNKNOWN, f"part-{number}")


async def list_links(desk: Desk, call: Call) -> values.Links:
    """Addresses of the web in a message."""
    wanted: values.Containing = call.query
    return values.Links((await _mail(desk, call))[1].links(wanted.containing))


async def show_code(desk: Desk, call: Call) -> values.Code:
    """The code that somebody is to type, such as 123456 or ABCD-1234; not found where there is none."""
    try:
        return values.Code((await _mail(desk, call))[1].code())
    except NotInMail as error:
        raise not_found(str(error)) from error


async def check_message(desk: Desk, call: Call) -> values.Checks:
    """What readers and servers will stumble over in a message, each with the reason and the remedy; see docs/checks.md."""
    mail = (await _mail(desk, call))[1]
    return values.Checks(await asyncio.to_thread(mail.check))


async def _found(desk: Desk, call: Call) -> Mailbox:
    address = call.path["address"]
    box = await mailbox_of(desk.running, address)
    if box is None:
        raise not_found(f"nobody in this lab has the address {address}")
    return box


async def _mail(desk: Desk, call: Call) -> tuple[Mailbox, Mail]:
    box, wanted = await _found(desk, call), call.path["id"]
    mail = await box.message_async(wanted)
    if mail is None:
        raise not_found(f"{box.address} has no message {wanted}")
    return box, mail


def _is_wanted(mail: Mail, wanted: values.Wanted) -> bool:
    if not (fits(mail.subject, wanted.subject) and fits(mail.sender, wanted.sender)):
        return False
    return not wanted.text or wanted.text.lower() in f"{mail.subject}\n{mail.text}".lower()


def _mailbox(box: Mailbox) -> values.Mailbox:
    return values.Mailbox(box.address, box.password, box.host, box.ports)


def _heading(mail: Mail) -> values.Heading:
    return values.Heading(mail.id, mail.mailbox, mail.subject, mail.sender, mail.to, mail.cc, len(mail.raw))


def _message(mail: Mail) -> values.Message:
    try:
        code = mail.code()
    except NotInMail:
        code = None
    return values.Message(
        mail.id, mail.mailbox, mail.subject, mail.sender, mail.to, mail.cc, len(mail.raw),
        mail.text, mail.html, mail.headers, mail.links(), code, _parts(mail),
    )  # fmt: skip


def _parts(mail: Mail) -> list[values.Part]:
    return [
        values.Part(number, file.name, file.content_type, file.content_id, len(file.content))
        for number, file in enumerate(mail.attachments(), 1)
    ]
