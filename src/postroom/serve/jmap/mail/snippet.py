"""SearchSnippet/get: why an email matches a filter (RFC 8621 §5.1)."""

from __future__ import annotations

import asyncio
from typing import Final

from postroom.message.ids import IdKind, id_text
from postroom.message.summary.searched_text import searched
from postroom.proto.jmap.capabilities import MAIL
from postroom.proto.jmap.search_words import search_words
from postroom.proto.jmap.snippets import MOST_SEARCHED, marked
from postroom.proto.jmap.standard import Operator, read_filter
from postroom.proto.jmap.types import Arguments, Id, IdOrCreated, Object
from postroom.serve.jmap.mail.email_filter import Filter
from postroom.serve.jmap.mail.email_view import View
from postroom.serve.jmap.methods.call import Call, Method, Methods, number_of
from postroom.serve.jmap.methods.folders import Folders
from postroom.serve.jmap.methods.getting import check_number
from postroom.store.emails import emails
from postroom.store.emails.emails import Reader


class SnippetGet(Arguments, frozen=True, kw_only=True):
    """RFC 8621 §5.1."""

    account_id: Id
    email_ids: list[IdOrCreated]
    filter: Object | None = None


async def get(call: Call, arguments: SnippetGet) -> Object:
    """RFC 8621 §5.1."""
    account_id = await call.account(arguments.account_id)
    check_number(len(arguments.email_ids), call.service.limits.max_objects_in_get, "ids")
    folders = await Folders.read(call, account_id)
    Filter(call, folders, arguments.filter)  # only to say what is wrong with it
    in_subject, in_body = _words(arguments.filter)
    asked = {one: number_of(IdKind.EMAIL, one) for one in map(call.resolved, arguments.email_ids)}
    reader = folders.reader
    copies = await emails.copies(call.reading, reader, {one for one in asked.values() if one is not None})
    contents = await emails.contents(call.reading, reader.account_id, copies)
    shown: list[Object] = []
    missing: list[str] = []
    for written, number in asked.items():
        if number is None or number not in copies:
            missing.append(written)
            continue
        view = View.of_email(copies[number], contents.get(number))
        shown.append(await _snippet(call, reader, view, (in_subject, in_body)))
    return {"accountId": arguments.account_id, "list": shown, "notFound": missing or None}


def _words(given: Object | None) -> tuple[list[str], list[str]]:
    """What to mark in subjects, and in bodies; what must not be there is not marked."""
    subject: list[str] = []
    body: list[str] = []
    tree = read_filter(given)
    waiting = [tree] if tree is not None else []
    while waiting:
        node = waiting.pop()
        if isinstance(node, Operator):
            waiting += node.conditions if node.operator != "NOT" else []
            continue
        for name, into in (("text", (subject, body)), ("subject", (subject,)), ("body", (body,))):
            for target in into if isinstance(node.get(name), str) else ():
                target += search_words(node[name])
    return subject, body


async def _snippet(call: Call, reader: Reader, view: View, words: tuple[list[str], list[str]]) -> Object:
    body = None
    if words[1] or view.stale:
        view.raw = await call.store.read_email(reader.account_id, view.email_id) or b""
        body = await asyncio.to_thread(_body, view.raw, words[1])
    subject = marked(view.summary.told.subject, words[0], whole=True)
    call.hold(len((subject or "").encode()))
    return {"emailId": id_text(IdKind.EMAIL, view.email_id), "subject": subject, "preview": body}


def _body(raw: bytes, words: list[str]) -> str | None:
    return marked(searched(raw, MOST_SEARCHED).body, words)


METHODS: Final[Methods] = {"SearchSnippet/get": Method(MAIL, SnippetGet, get)}
