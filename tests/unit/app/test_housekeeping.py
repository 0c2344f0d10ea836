import asyncio

import pytest

from postroom.app.housekeeping import FAILED_SECONDS, Chore, Housekeeping, Whose, after_failures
from postroom.net.clock import MovableClock


class Log:
    def __init__(self):
        self.failed = []

    def exception(self, event, chore, again_in):
        self.failed.append((event, chore))


@pytest.fixture
def log():
    return Log()


async def run(log, mine, *chores, until):
    house = Housekeeping(log, mine)
    house.start(*chores)
    async with asyncio.timeout(60):
        while not until():
            await asyncio.sleep(0)
    await house.stop()


async def test_only_what_is_this_processs_own_is_done(log):
    done, asked = [], []

    async def mine(chore):
        asked.append(chore.name)
        return chore.whose is Whose.EACH

    def chore(name, whose):
        async def work():
            done.append(name)
            return False

        return Chore(name, 1000.0, work, whose)

    chores = [chore(str(whose), whose) for whose in Whose]
    await run(log, mine, *chores, until=lambda: len(asked) == len(Whose))
    assert done == [str(Whose.EACH)]


async def test_a_chore_survives_its_errors_and_goes_on_while_there_is_more(log):
    done = []

    async def work():
        done.append(1)
        if len(done) == 3:
            raise OSError
        return True

    async def mine(_):
        return True

    await run(log, mine, Chore("dusting", 1000.0, work), until=lambda: log.failed)
    assert len(done) == 3
    assert log.failed == [("housekeeping.failed", "dusting")]


@pytest.mark.parametrize(
    ("pace", "failed", "rest"),
    [(1.0, 1, 2.0), (1.0, 3, 8.0), (1.0, 10_000, FAILED_SECONDS), (3600.0, 5, 3600.0)],
)
def test_what_fails_again_and_again_is_tried_less_often(pace, failed, rest):
    assert after_failures(pace, failed) == rest


async def test_chores_rest_by_the_clock(log):
    done, clock = [], MovableClock()

    async def work():
        done.append(1)
        return False

    async def mine(_):
        return True

    house = Housekeeping(log, mine, clock.sleep)
    house.start(Chore("daily", 86_400.0, work))
    async with asyncio.timeout(60):
        while len(done) < 3:
            await asyncio.sleep(0)
            clock.advance(86_400)
    await house.stop()
