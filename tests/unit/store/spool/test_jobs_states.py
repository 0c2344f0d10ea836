"""The queue against a model of it: two nodes claim, settle, lose their leases and come back; nothing is lost, and no zombie wins."""

import asyncio
import tempfile
from pathlib import Path

from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import Bundle, RuleBasedStateMachine, consumes, initialize, invariant, multiple, rule

from postroom.store.engine.migrations import migrate
from postroom.store.engine.sqlite import SqliteEngine
from postroom.store.spool import hops, jobs, queue, spool
from postroom.store.spool.jobs import Again, LeaseLost, Outcome
from postroom.store.spool.queue import Filter
from postroom.store.spool.spool import Lease, NewJob
from queued import DAY, NOW, SECOND, copies, letter

HOPS = ("", "a.test", "b.test")
LEASE = 60 * SECOND


class Queue(RuleBasedStateMachine):
    """The model: which copies each job still has, and the epoch that each job is at."""

    held = Bundle("held")

    @initialize()
    def open(self) -> None:
        self.loop = asyncio.new_event_loop()
        self.directory = tempfile.TemporaryDirectory(prefix="postroom-queue-")
        self.engine = self.loop.run_until_complete(
            SqliteEngine.open(Path(self.directory.name), on_fatal=lambda error: None)
        )
        self.loop.run_until_complete(migrate(self.engine, NOW))
        self.now = NOW
        self.waiting: dict[tuple[int, str], set[int]] = {}
        self.epochs: dict[tuple[int, str], int] = {}
        self.messages = 0

    def teardown(self) -> None:
        if hasattr(self, "engine"):
            self.loop.run_until_complete(self.engine.close())
            self.directory.cleanup()
            self.loop.close()

    def write(self, work):
        return self.loop.run_until_complete(self.engine.write(work))

    @rule(
        to=st.lists(st.sampled_from(HOPS), min_size=1, max_size=3, unique=True),
        each=st.integers(1, 3),
        p=st.integers(-9, 9),
    )
    def accept(self, to, each, p) -> None:
        self.messages += 1
        new = [
            NewJob(hop, copies(*range(place * each, place * each + each)), self.now, NOW + DAY, NOW + DAY)
            for place, hop in enumerate(to)
        ]
        self.write(lambda tx: spool.put(tx, letter(self.messages, priority=p), new))
        for one in new:
            self.waiting[self.messages, one.hop] = {copy.n for copy in one.copies}
            self.epochs[self.messages, one.hop] = 0

    @rule(node=st.integers(1, 2), limit=st.integers(1, 3), target=held)
    def claim(self, node, limit):
        of = Lease(node, self.now, self.now + LEASE)
        found = self.write(lambda tx: jobs.claim(tx, [1], of, limit))
        assert len(found) <= limit
        for one in found:
            key = (one.letter.accept_id, one.hop)
            assert {copy.n for copy in one.copies} == self.waiting[key]
            self.epochs[key] += 1
            assert one.epoch == self.epochs[key]
        return multiple(*found)

    @rule(one=consumes(held), done=st.integers(0, 3))
    def settle(self, one, done) -> None:
        key = (one.letter.accept_id, one.hop)
        final = [copy.n for copy in one.copies][:done]
        again = Again(self.now + SECOND, NOW + DAY)
        mine = key in self.epochs and self.epochs[key] == one.epoch
        try:
            self.write(lambda tx: jobs.settle(tx, one, [Outcome(n, final=True) for n in final], again))
        except LeaseLost:
            assert not mine
            return
        assert mine
        self.waiting[key] -= set(final)
        self.epochs[key] = self.epochs[key] if self.waiting[key] else -1
        if not self.waiting[key]:
            del self.waiting[key], self.epochs[key]
        if self.waiting.get(key):  # whoever settled has no lease any more
            self.zombie(one)

    def zombie(self, one) -> None:
        """A second settling of the same lease, which has no holder now."""
        try:
            self.write(lambda tx: jobs.settle(tx, one, [Outcome(copy.n, final=True) for copy in one.copies]))
        except LeaseLost:
            return
        raise AssertionError("settled twice under one lease")

    @rule(one=held)
    def renew(self, one) -> None:
        key = (one.letter.accept_id, one.hop)
        longer = self.write(lambda tx: jobs.renew(tx, one, self.now + LEASE))
        assert longer is None or self.epochs[key] == one.epoch

    @rule(seconds=st.sampled_from([1, 59, 61]))
    def time_passes(self, seconds) -> None:
        self.now += seconds * SECOND

    @rule(hop=st.sampled_from(HOPS), is_dead=st.booleans())
    def hop_changes(self, hop, is_dead) -> None:
        if is_dead:
            self.write(lambda tx: hops.dead(tx, hop, self.now, self.now + 30 * SECOND, ""))
        else:
            self.write(lambda tx: hops.alive(tx, hop))

    @invariant()
    def nothing_is_lost(self) -> None:
        if not hasattr(self, "engine"):
            return
        tx = self.engine.reading()
        entries = self.loop.run_until_complete(queue.listing(tx, Filter(), self.now))
        there = {
            (one.letter.accept_id, one.hop): {
                copy.n for copy in self.loop.run_until_complete(queue.waiting_copies(tx, one))
            }
            for one in entries
        }
        assert there == self.waiting
        letters = self.loop.run_until_complete(tx.fetch("SELECT accept_id FROM spool ORDER BY accept_id"))
        assert [row[0] for row in letters] == sorted({number for number, _ in self.waiting})


Queue.TestCase.settings = settings(max_examples=40, stateful_step_count=30, deadline=None)
TestQueue = Queue.TestCase
