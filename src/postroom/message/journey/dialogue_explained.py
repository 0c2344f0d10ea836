"""What each line of a journey means: a dialogue's lines in their order, since a reply means what was asked before it, and other events on their own.

RFC 5321 §4.2 (replies), RFC 3463 (enhanced codes), RFC 1939 §3. Whatever a peer has said gets an explanation, one of its class at least, or none; nothing
is raised. Not here: the words (`dialogue_words`).
"""

from __future__ import annotations

import re
from typing import Final

from postroom.message.journey import dialogue_words as words
from postroom.message.journey.dialogue_words import Words
from postroom.message.journey.events import Asked, Connected, Decided, Event, Hop, HopKind, Said

MOST_LOOKED_AT: Final = 512  # octets of a line

_VERB: Final = re.compile(rb"([A-Za-z]{3,10})(?![A-Za-z0-9])")
_REPLY: Final = re.compile(rb"([2-5])([0-9])([0-9])(?:([ -])(.*))?", re.DOTALL)
_STATUS: Final = re.compile(rb"([245])\.([0-9]{1,3})\.([0-9]{1,3})(?![0-9])")
_KEYWORD: Final = re.compile(rb"([A-Za-z0-9][A-Za-z0-9-]{0,40})")
_LISTING: Final = frozenset(("EHLO", "LHLO"))
_READERS: Final = (HopKind.READ, HopKind.DELETED)


class Explainer:
    """Explains the lines of one hop, to be given in their order."""

    def __init__(self, hop: Hop) -> None:
        protocol = next((event.protocol for event in hop.events if isinstance(event, Connected)), "")
        self._pop3 = "pop3" in protocol.lower() or (not protocol and hop.kind in _READERS)
        self._client = b"<" if hop.kind in (HopKind.RECEIVED, *_READERS) else b">"
        self._verb = ""
        self._lines = 0  # of the reply that is being read
        self._challenged = False

    def line(self, said: bytes) -> Words | None:
        """The meaning of a line as `journey.Said` has it, its direction in front."""
        text = said[1:MOST_LOOKED_AT]
        if said[:1] == self._client:
            return self._command(text)
        return self._pop3_reply(text) if self._pop3 else self._reply(text)

    def _command(self, text: bytes) -> Words:
        self._lines = 0
        if text.startswith(b"["):
            return words.SECRET if text.startswith(b"[masked") else words.BODY
        if self._challenged:
            self._challenged = False
            return words.SECRET
        found = _VERB.match(text)
        self._verb = found[1].decode().upper() if found else ""
        table = words.POP3_VERBS if self._pop3 else words.VERBS
        return table.get(self._verb, words.UNKNOWN)

    def _reply(self, text: bytes) -> Words | None:
        found = _REPLY.match(text)
        if found is None:
            return None
        code, rest = text[:3].decode(), found[5] or b""
        first, self._lines = self._lines == 0, self._lines + 1
        if found[4] != b"-":
            self._lines = 0
        self._challenged = code == "334"
        if code == "250" and self._verb in _LISTING:
            if first:
                return words.GREETING_NAME
            name = _KEYWORD.match(rest)
            return words.EXTENSIONS.get(name[1].decode().upper() if name else "", words.UNKNOWN_EXTENSION)
        return _with_status(words.CODES.get(code, words.CLASSES[code[0]]), rest)

    def _pop3_reply(self, text: bytes) -> Words:
        if text.startswith(b"+OK"):
            return words.POP3_OK
        if text.startswith(b"-ERR"):
            return words.POP3_ERR
        if text.startswith(b"+"):
            self._challenged = True
            return words.POP3_MORE
        if text == b".":
            return words.POP3_END
        name = _KEYWORD.match(text)
        if self._verb == "CAPA" and name is not None:
            return words.POP3_CAPABILITIES.get(name[1].decode().upper(), words.LISTED)
        return words.LISTED


def _with_status(found: Words, rest: bytes) -> Words:
    """The meaning of a reply with that of its enhanced code (RFC 3463 §2)."""
    status = _STATUS.match(rest)
    if status is None:
        return found
    subject, detail = status[2].decode(), status[3].decode()
    more = words.DETAILS.get(f"{subject}.{detail}") or words.SUBJECTS.get(subject)
    if more is None or (subject == "0" and detail == "0"):
        return found
    text = f"{found.text} {status[0].decode()}: {more.text}."
    return Words(text, f"{found.source}, {more.source}", (*found.names, *more.names, status[0].decode()))


def explain_event(event: Event) -> Words | None:
    """What an event that is no dialogue means."""
    if isinstance(event, Said):
        return None
    if isinstance(event, Asked) and event.kind in words.QUESTIONS:
        return words.QUESTIONS[event.kind]
    if isinstance(event, Decided):
        what = event.what.lower()
        found = words.CHECKS.get(what) or words.CHECKS.get(what.partition(" ")[0])  # "spf of HELO"
        if found is not None:
            return found
    return words.EVENTS.get(str(event.__struct_config__.tag))
