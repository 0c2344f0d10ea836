import asyncio

import pytest

from postroom.app.housekeeping import Chore, Housekeeping, Whose


class Log:
    def __init__(self):
        self.failed = []

    def exception(self, event, chore):
        self.failed.append((event, chore))


@pytest.fixture
def log():
    return Log()


async def run(log, mine, *chores, until):
    house = Housekeeping(log, mine)
    house.start(*chores)
    async with asyncio.timeout(20):
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
