"""A user's mailbox as the commands see it, whichever protocol it is read by.

Numbers are those of one session, as POP3 (RFC 1939 §4) and IMAP have them; `uid` stays the same. Not here: what only IMAP can (`imap_mailbox`).
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Protocol

import msgspec

from postroom.agent.invocation import CommandFailed


class Entry(msgspec.Struct, frozen=True):
    """A message in the mailbox; `size` in octets. `flags` as IMAP has them, None where there are none to be known."""

    number: int
    uid: str
    size: int
    flags: tuple[str, ...] | None = None


class Mailbox(Protocol):
    """An open mailbox. All methods raise `ServerFailed`."""

    async def entries(self, last: int = 0) -> list[Entry]:
        """What is there, by number; only the last so many, 0 for all."""

    async def chosen(self, wanted: Sequence[str]) -> list[Entry]:
        """The messages with these numbers or uids, each once; raises `CommandFailed`."""

    async def headers(self, numbers: Sequence[int]) -> list[bytes]:
        """The headers of these messages, with as little of the rest as the server allows."""

    async def message(self, number: int) -> bytes:
        """A whole message."""

    async def delete(self, numbers: Sequence[int]) -> None:
        """Marks messages; they are gone when the mailbox is closed well."""

    async def close(self) -> None:
        """Ends the session well: what was deleted is gone."""

    async def drop(self) -> None:
        """Ends the session at once: nothing is deleted."""


def find(entries: Sequence[Entry], wanted: str) -> Entry:
    """The message with this number or uid; raises `CommandFailed`."""
    for entry in entries:
        if wanted == str(entry.number):
            return entry
    for entry in entries:
        if wanted == entry.uid:
            return entry
    raise missing(wanted, entries[0].number if entries else 0, entries[-1].number if entries else 0)


def missing(wanted: str, first: int, last: int) -> CommandFailed:
    """The error that says which numbers there are; `last` 0 for none."""
    there = "there is only 1" if last else "the mailbox is empty"
    if last > first:
        there = f"there are {first} to {last}"
    return CommandFailed(f"there is no message {wanted}; {there}")
