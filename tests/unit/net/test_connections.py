"""The watch over all connections."""

import asyncio

from postroom.net.connections import Connections


class Connection:
    """Goes when dismissed, if it is polite."""

    def __init__(self, watch: Connections, *, polite: bool = True) -> None:
        self.watch, self.polite = watch, polite
        self.checks: list[float] = []
        self.cancelled = False
        watch.add(self)

    def check(self, now: float) -> None:
        self.checks.append(now)

    def dismiss(self) -> None:
        if self.polite:
            asyncio.get_running_loop().call_soon(self.watch.remove, self)

    def cancel(self) -> None:
        self.cancelled = True
        self.watch.remove(self)


async def test_each_is_looked_at() -> None:
    watch = Connections(lambda: 7.0)
    both = [Connection(watch), Connection(watch)]
    watch.check()
    assert [each.checks for each in both] == [[7.0], [7.0]]
    await watch.drain(5)
    assert watch._sweeper is None


async def test_a_connection_may_go_while_it_is_looked_at() -> None:
    watch = Connections(lambda: 7.0)
    going = Connection(watch)
    going.check = lambda now: watch.remove(going)  # type: ignore[method-assign]
    watch.check()
    assert len(watch) == 0


async def test_the_polite_go_and_the_others_are_cut() -> None:
    watch = Connections(lambda: 7.0)
    polite, stubborn = Connection(watch), Connection(watch, polite=False)
    await watch.drain(0.01)
    assert (polite.cancelled, stubborn.cancelled, len(watch)) == (False, True, 0)


async def test_nothing_to_drain() -> None:
    await Connections().drain(5)
