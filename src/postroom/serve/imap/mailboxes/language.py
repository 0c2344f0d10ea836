"""LANGUAGE, and the namespaces, which are told in it.

RFC 5255 §3.2 (the first known language of those that are asked for, by the lookup of RFC 4647 §3.4), §3.4 (TRANSLATION). Not here: the words
(`proto.imap.words`).
"""

from __future__ import annotations

from typing import Final

from postroom.proto.imap import rendering
from postroom.proto.imap.commands.mailboxes import Namespace
from postroom.proto.imap.commands.session import Language
from postroom.proto.imap.words import LANGUAGES, OTHER_USERS
from postroom.serve.imap.conversation.conversation import (
    DEFAULT_LANGUAGE,
    Answer,
    Conversation,
    Handlers,
    Refusal,
)
from postroom.serve.imap.mailboxes import names
from postroom.store.mailboxes import mailboxes


async def language(conversation: Conversation, command: Language) -> Answer:
    """Changes the language, or tells which there are."""
    if not command.ranges:
        known = " ".join(one.upper() for one in LANGUAGES)
        conversation.out.untagged(f"LANGUAGE ({known} {DEFAULT_LANGUAGE})")
        return Answer("Those are the languages")
    found = next((one for asked in command.ranges if (one := lookup(asked))), None)
    if found is None:
        raise Refusal("No such language")
    conversation.speak(found)
    conversation.out.untagged(f"LANGUAGE ({found if found == DEFAULT_LANGUAGE else found.upper()})")
    if conversation.account_id:
        _tell_namespaces(conversation)
    return Answer("The language is changed")


def lookup(asked: str) -> str | None:
    """The language for a range in lower case: itself, or what is left when its last parts are taken off one by one (RFC 4647 §3.4)."""
    if asked in ("default", DEFAULT_LANGUAGE):
        return DEFAULT_LANGUAGE
    while asked and asked not in LANGUAGES:
        asked = asked.rpartition("-")[0]
    return asked or None


async def namespace(conversation: Conversation, _: Namespace) -> Answer:
    """Tells them."""
    _tell_namespaces(conversation)
    return Answer("Those are the namespaces")


def _tell_namespaces(conversation: Conversation) -> None:
    """What is one's own, what is others', nothing without an owner (RFC 2342 §5)."""
    translated = OTHER_USERS.get(conversation.language)
    also = b""
    if translated is not None:
        also = b' "TRANSLATION" (%b)' % rendering.name(translated + names.SEPARATOR, utf8=False)
    told = (names.SEPARATOR.encode(), mailboxes.OTHER_USERS.encode(), also)
    conversation.out.untagged(b'NAMESPACE (("" "%b")) (("%b/" "/"%b)) NIL' % told)


HANDLERS: Final[Handlers] = {Language: language, Namespace: namespace}
