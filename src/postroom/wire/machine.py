"""What every protocol machine promises to the pump that moves its bytes.

A machine is pure: bytes in, events out, bytes out. It knows no socket, no clock and no store. Not here: any protocol's rules.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Protocol, TypeVar, runtime_checkable

Event_co = TypeVar("Event_co", covariant=True)


class Machine(Protocol[Event_co]):
    """One end of one connection.

    A server's machine hands out one event at a time; the next one comes only after the last was replied to, so pipelined commands are
    answered in their order and their replies leave in one write.
    """

    def receive(self, data: bytes) -> None:
        """Takes bytes of any size and cut; never raises on what a peer sends."""

    def next_event(self) -> Event_co | None:
        """The next thing that needs an answer from outside; None while more bytes or a reply are awaited."""

    def data_to_send(self) -> bytes:
        """All bytes that wait to be sent, once; b"" when there are none."""

    @property
    def closing(self) -> bool:
        """True when the connection is to be closed after the bytes that wait have been sent."""


@runtime_checkable
class BoundMachine(Protocol):
    """A machine that may bind its login to the TLS connection (RFC 5056 §2): whoever moves its bytes tells it how, before it has any.

    `binding` gives the data of a channel binding by its name (such as `tls-exporter`), b"" where there is none; None: nobody has told.
    """

    binding: Callable[[str], bytes] | None
