"""One run of the bench: where it happens, how large it is, who takes part, and how the two sides take turns.

Not here: any work that is measured (`rows`).
"""

from __future__ import annotations

import contextlib
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import TypeVar

import msgspec

from bench.certificate import Certificate
from bench.figures import Figure, Sample, Samples
from bench.ours import ForwardingPostroom, Ours
from bench.peers import ForwardingPostfix, Peers
from bench.processes import BenchError
from bench.systems import MailSystem

LEFT_OUT = "left out by --no-peers"
SETTLED_SECONDS = 300.0  # for the index to catch up


class Scale(msgspec.Struct, frozen=True):
    """How much is done. Of SMTP messages ours gets more, as a run of it is over too soon to be measured otherwise.

    `imap`: messages in the mailbox that IMAP is asked about; `crowd`: clients at once, each with `crowd_sessions`; `imap_idle`: connections in IDLE,
    of which the peer gets `imap_idle_peer` at most, as it has a process for each; `bulk`: letters of 100 KB that one client fetches `bulk_times`;
    `searched`: letters that are searched; `listed`: those of a public mailing list that are asked about; `idle`: connections; `filled`: messages in the mailbox before delivery, `filled_peer` those of them the peer is asked for as well.
    """

    runs: int
    starts: int
    ours_messages: int
    peer_messages: int
    relayed_ours: int
    relayed_peer: int
    mailbox: int
    imap: int
    crowd: int
    crowd_sessions: int
    imap_idle: tuple[int, ...]
    imap_idle_peer: int
    bulk: int
    bulk_times: int
    searched: int
    listed: int
    idle: tuple[int, ...]
    idle_tls: int
    filled: tuple[int, ...]
    filled_peer: tuple[int, ...]
    into_filled_ours: int
    into_filled_peer: int


FULL = Scale(
    runs=3,
    starts=5,
    ours_messages=10_000,
    peer_messages=2_000,
    relayed_ours=5_000,
    relayed_peer=1_500,
    mailbox=2_000,
    imap=3_000,
    crowd=200,
    crowd_sessions=5,
    imap_idle=(1_000, 10_000),
    imap_idle_peer=500,
    bulk=10_000,
    bulk_times=1,
    searched=100_000,
    listed=12_000,
    idle=(1_000, 10_000),
    idle_tls=1_000,
    filled=(1_000, 100_000, 1_000_000),
    filled_peer=(1_000, 100_000),
    into_filled_ours=5_000,
    into_filled_peer=500,
)
QUICK = Scale(
    runs=1,
    starts=3,
    ours_messages=3_000,
    peer_messages=500,
    relayed_ours=1_000,
    relayed_peer=300,
    mailbox=1_000,
    imap=3_000,
    crowd=50,
    crowd_sessions=2,
    imap_idle=(200, 1_000),
    imap_idle_peer=100,
    bulk=1_000,
    bulk_times=4,
    searched=20_000,
    listed=1_000,
    idle=(200, 1_000),
    idle_tls=200,
    filled=(1_000, 20_000),
    filled_peer=(1_000, 20_000),
    into_filled_ours=1_000,
    into_filled_peer=200,
)


T = TypeVar("T", bound=MailSystem)


class Course:
    """What every row is given. `say` tells people what happens now; `notes` is for what a reader of the numbers must know."""

    def __init__(self, directory: Path, scale: Scale, say: Callable[[str], None], no_peer: str) -> None:
        self.scale = scale
        self.say = say
        self.no_peer = no_peer
        self.notes: list[str] = []
        self.failed: list[str] = []
        self.certificate = Certificate(directory, "mx.receiver.test")
        self._directory = directory
        self._places = 0
        self._peers: Peers | None = None  # while they run

    def place(self, name: str) -> Path:
        """A path for a new directory."""
        self._places += 1
        return self._directory / f"{self._places}-{name}"

    def note(self, text: str) -> None:
        """For the end of the report, once."""
        if text not in self.notes:
            self.notes.append(text)

    @contextlib.contextmanager
    def ours(self, kind: type[Ours] = Ours) -> Iterator[Ours]:
        """A running Postroom with its users."""
        with _running(kind(self.place("ours"), self.certificate)) as server:
            server.populate()
            yield server

    @contextlib.contextmanager
    def forwarding(self, next_port: int) -> Iterator[ForwardingPostroom]:
        """A running Postroom that passes everything on."""
        with _running(ForwardingPostroom(self.place("forwarder"), self.certificate, next_port)) as server:
            server.populate()
            yield server

    @contextlib.contextmanager
    def peer(self) -> Iterator[Peers | None]:
        """The running peer; None when there is none, or it does not start."""
        if self.no_peer:
            yield None
            return
        peers = Peers(self.place("peer"), self.certificate)
        try:
            self._peers = peers if self._starts(peers) else None
            yield self._peers
        finally:
            self._peers = None
            peers.stop()

    def _starts(self, peers: Peers) -> bool:
        try:
            peers.start()
        except BenchError as error:
            self.note(f"not measured beside the peer, as it did not start: {error}")
            return False
        return True

    @contextlib.contextmanager
    def forwarding_peer(self, peer: MailSystem | None) -> Iterator[ForwardingPostfix | None]:
        """A Postfix that passes everything on to the peer; None without one."""
        if peer is None:
            yield None
            return
        postfix = ForwardingPostfix(self.place("forwarder"), peer.smtp)
        try:
            postfix.start()
            yield postfix
        finally:
            postfix.stop()

    def settle(self, system: MailSystem, seconds: float = SETTLED_SECONDS) -> None:
        """Waits until what a server does later is done."""
        limit = time.monotonic() + seconds
        while system.backlog():
            if time.monotonic() > limit:
                raise BenchError(f"{system.name} still indexes after {seconds:.0f} s")
            time.sleep(0.2)

    def alternate(
        self, work: str, ours: Callable[[], Sample], peer: Callable[[], Sample] | None, runs: int = 0
    ) -> Samples:
        """Both sides in turns. What fails on our side fails the bench; a peer that fails is left out from then on."""
        samples = Samples([], [])
        for run in range(runs or self.scale.runs):
            self.say(f"{work}: run {run + 1}")
            try:
                samples.ours.append(ours())
            except (BenchError, OSError) as error:
                self.failed.append(f"{work}: {error}")
                break
            if peer is None:
                continue
            try:
                samples.peer.append(peer())
            except (BenchError, OSError) as error:
                log = f"; Dovecot's log ends: {self._peers.dovecot.log_end()}" if self._peers else ""
                self.note(f"{work}: the peer was left out: {error}{log}")
                peer = None
        return samples


class Row(msgspec.Struct, frozen=True):
    """A group of lines of the table: its name for `--only`, what it is, and how it is measured."""

    name: str
    title: str
    run: Callable[[Course], Iterator[Figure]]


@contextlib.contextmanager
def _running(system: T) -> Iterator[T]:
    try:
        system.start()
        yield system
    finally:
        system.stop()
