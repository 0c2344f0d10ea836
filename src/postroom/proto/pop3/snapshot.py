"""A maildrop as one session sees it: numbered messages with their sizes and unique-ids, and marks of deletion.

RFC 1939 §4 (message-numbers are given when the maildrop is opened and never change in a session), §5 (marked messages are not counted),
§7 (UIDL). Not here: the messages themselves, and the removal.
"""

from __future__ import annotations

from array import array
from collections.abc import Iterable, Iterator


class Snapshot:
    """Messages 1 to n of a maildrop. Sixteen octets of memory a message, so that a large maildrop is cheap to hold open.

    The unique-id of a message is its mailbox's UIDVALIDITY and its UID in hexadecimal: it stays for the life of the message and is
    never given again (RFC 1939 §7).
    """

    __slots__ = ("_deleted", "count", "octets", "read_only", "sizes", "uids", "validity")

    def __init__(
        self, validity: int, messages: Iterable[tuple[int, int]] = (), *, read_only: bool = False
    ) -> None:
        """`messages` are (uid, size in octets with CRLF line ends), in the order of their numbers. `read_only`: none can be marked."""
        self.validity = validity
        self.read_only = read_only
        self.uids = array("Q")
        self.sizes = array("Q")
        for uid, size in messages:
            self.uids.append(uid)
            self.sizes.append(size)
        self._deleted: set[int] = set()
        self.count = len(self.uids)
        self.octets = sum(self.sizes)

    def __len__(self) -> int:
        """How many messages there were when it was taken; `count` and `octets` leave out the deleted ones."""
        return len(self.uids)

    def uid(self, number: int) -> int:
        """The UID of a message by its number."""
        return self.uids[number - 1]

    def size(self, number: int) -> int:
        """The octets of a message by its number."""
        return self.sizes[number - 1]

    def unique_id(self, number: int) -> str:
        """The unique-id by number: 1 to 70 characters of %x21-7E (RFC 1939 §7)."""
        return f"{self.validity:08x}{self.uids[number - 1]:08x}"

    def is_deleted(self, number: int) -> bool:
        """Whether the message is marked."""
        return number in self._deleted

    def delete(self, number: int) -> None:
        """Marks a message that is not marked yet."""
        self._deleted.add(number)
        self.count -= 1
        self.octets -= self.sizes[number - 1]

    def reset(self) -> None:
        """Takes all marks away (RSET)."""
        self._deleted.clear()
        self.count = len(self.uids)
        self.octets = sum(self.sizes)

    def deleted(self) -> list[int]:
        """The numbers of the marked messages, ascending."""
        return sorted(self._deleted)

    def scan_lines(self, start: int, end: int) -> Iterator[str]:
        """`number size` for the unmarked messages from `start` to before `end`."""
        deleted, sizes = self._deleted, self.sizes
        return (f"{number} {sizes[number - 1]}" for number in range(start, end) if number not in deleted)

    def unique_id_lines(self, start: int, end: int) -> Iterator[str]:
        """`number unique-id`, likewise."""
        deleted = self._deleted
        return (f"{number} {self.unique_id(number)}" for number in range(start, end) if number not in deleted)
