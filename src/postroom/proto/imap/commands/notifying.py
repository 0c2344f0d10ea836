"""NOTIFY: of which events in which mailboxes a client wants to hear, at any time.

RFC 5465 §3.1 (the command), §5 (events, and which need each other), §6 (which mailboxes), §8 (syntax). The list of events may stand with its own
parentheses, as §8 has it, or without, as in the example of §3.1. Not here: what is told of an event.
"""

from __future__ import annotations

import enum
from typing import Final

import msgspec

from postroom.proto.imap.commands.fetching import Attribute, attributes
from postroom.proto.imap.grammar import ImapCursor, atom, keyword
from postroom.proto.imap.sources import Source, mailbox_source
from postroom.proto.imap.verb import AFTER, Command, Verb

MAX_FILTERS: Final = 1_000  # mailboxes that one NOTIFY names, and groups without names


class Event(enum.StrEnum):
    """What can be told (RFC 5465 §5)."""

    MESSAGE_NEW = "MessageNew"
    MESSAGE_EXPUNGE = "MessageExpunge"
    FLAG_CHANGE = "FlagChange"
    MAILBOX_NAME = "MailboxName"
    SUBSCRIPTION_CHANGE = "SubscriptionChange"
    MAILBOX_METADATA_CHANGE = "MailboxMetadataChange"
    SERVER_METADATA_CHANGE = "ServerMetadataChange"


MESSAGE_EVENTS: Final = frozenset({Event.MESSAGE_NEW, Event.MESSAGE_EXPUNGE, Event.FLAG_CHANGE})
_BY_NAME: Final = {event.upper(): event for event in Event}


class Group(msgspec.Struct, frozen=True):
    """Events in some mailboxes. `source.kind` in upper case; `attributes` are told of new messages of the selected mailbox."""

    source: Source
    events: frozenset[Event]
    attributes: tuple[Attribute, ...] = ()


class Notify(Command, frozen=True):
    """NOTIFY SET, or NONE without `groups`. `status`: where watched mailboxes stand is to be told first. `unknown`: an event was named that is none here."""

    groups: tuple[Group, ...] = ()
    status: bool = False
    unknown: bool = False


class _Wanted(msgspec.Struct):
    """The events of one group as they are read."""

    events: set[Event] = msgspec.field(default_factory=set)
    attributes: tuple[Attribute, ...] = ()
    unknown: bool = False


_UNNAMED: Final = ("SELECTED", "SELECTED-DELAYED", "INBOXES", "PERSONAL", "SUBSCRIBED")
_NAMED: Final = ("SUBTREE", "MAILBOXES")
SELECTED: Final = frozenset({"SELECTED", "SELECTED-DELAYED"})


def _notify(c: ImapCursor) -> Notify:
    # notify = "NOTIFY" SP ("SET" [SP "STATUS"] 1*(SP event-group) / "NONE")       RFC 5465 §8
    c.sp()
    start = c.position
    word = keyword(c, "SET or NONE")
    if word == b"NONE":
        return Notify()
    if word != b"SET":
        c.position = start
        raise c.error("SET or NONE")
    status = c.accept_keyword(b" STATUS")
    groups: list[Group] = []
    unknown = False
    c.sp()
    while True:
        group, odd = _group(c)
        groups.append(group)
        unknown = unknown or odd
        if sum(max(1, len(one.source.names)) for one in groups) > MAX_FILTERS:
            raise c.error(f"at most {MAX_FILTERS} mailboxes")
        if not c.accept(b" "):
            break
    if sum(group.source.kind in SELECTED for group in groups) > 1:  # RFC 5465 §6.1
        raise c.error("SELECTED or SELECTED-DELAYED only once")
    return Notify(tuple(groups), status, unknown)


def _group(c: ImapCursor) -> tuple[Group, bool]:
    c.expect(b"(", "a group of mailboxes and events in parentheses")
    source = mailbox_source(c, _UNNAMED, _NAMED)
    c.sp()
    wanted = _Wanted()
    if c.accept(b"("):
        _events(c, wanted)
        c.expect(b")", "the end of the group")
    elif c.accept_keyword(b"NONE"):
        c.expect(b")", "the end of the group")
    else:
        _events(c, wanted)
    _check(c, source, wanted)
    return Group(source, frozenset(wanted.events), wanted.attributes), wanted.unknown


def _events(c: ImapCursor, wanted: _Wanted) -> None:
    """event *(SP event) and the parenthesis behind them."""
    while True:
        event = _BY_NAME.get(atom(c, "an event").upper())
        if event is None:
            wanted.unknown = True
        else:
            wanted.events.add(event)
        if event is Event.MESSAGE_NEW and c.peek(b" ("):
            c.sp()
            wanted.attributes = attributes(c)
        if c.accept(b")"):
            return
        c.sp()


def _check(c: ImapCursor, source: Source, wanted: _Wanted) -> None:
    """RFC 5465 §5 and §6.1: what is an error however well it is written."""
    events, selected = wanted.events, source.kind in SELECTED
    if selected and not events <= MESSAGE_EVENTS:
        raise c.error("only events of messages for the selected mailbox")
    if wanted.attributes and not selected:
        raise c.error("attributes only for the selected mailbox")
    both = {Event.MESSAGE_NEW, Event.MESSAGE_EXPUNGE}
    if events & MESSAGE_EVENTS and not both <= events and not wanted.unknown:
        raise c.error("MessageNew and MessageExpunge together, and FlagChange only with them")


VERBS: Final = {b"NOTIFY": Verb(_notify, AFTER, "RFC 5465 §3.1", "NOTIFY")}
