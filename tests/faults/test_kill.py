"""kill -9 under load: what was answered by 250 is there after the next start, and nothing is there more often than can be explained."""

import smtplib
from collections.abc import Iterator
from pathlib import Path

import pytest

from load import Load, numbers
from running import until
from served import Served

pytestmark = pytest.mark.slow

ROUNDS = 3
CONNECTIONS = 6
RELAYING = 4  # connections to the next server at most
UNSETTLED = 2  # messages for each of them: one is being written down while the next is sent


@pytest.fixture
def served(tmp_path: Path) -> Iterator[Served]:
    server = Served(tmp_path / "calzone", "carla@calzone.test")
    server.start()
    yield server
    server.process.kill()


@pytest.fixture
def next_hop(tmp_path: Path) -> Iterator[Served]:
    """A server that is not killed."""
    server = Served(tmp_path / "pizza", "pat@pizza.test")
    server.start()
    yield server
    server.process.kill()


@pytest.fixture
def relaying(tmp_path: Path, next_hop: Served) -> Iterator[Served]:
    """A server that passes everything for pizza.test on."""
    route = f'[routes."pizza.test"]\nhost = "127.0.0.1"\nport = {next_hop.port("smtp")}\n'
    server = Served(tmp_path / "calzone", "carla@calzone.test", f"{route}[queue]\nconcurrency = {RELAYING}\n")
    server.start()
    yield server
    server.process.kill()


def rounds_of_crashes(server: Served, load: Load) -> None:
    """Load, a crash in the midst of it at another moment each time, and a new start."""
    for number in range(1, ROUNDS + 1):
        promised = len(load.promised)
        load.start(CONNECTIONS)
        enough = promised + 29 + 17 * number
        until("messages to be taken", lambda enough=enough: len(load.promised) >= enough)
        server.process.kill()
        load.stop()
        server.start()


def repeated(load: Load) -> int:
    """How many attempts of the clients were repetitions."""
    return sum(count - 1 for count in load.attempted.values())


def test_delivered_here(served):
    def connect():
        return smtplib.SMTP("127.0.0.1", served.port("smtp"), timeout=60)

    load = Load(connect, "pat@pizza.test", served.owner)
    rounds_of_crashes(served, load)
    found = numbers(served.maildrop.all())
    assert load.promised - found.keys() == set()
    assert found.keys() <= load.attempted.keys()
    assert all(count <= load.attempted[number] for number, count in found.items())
    assert repeated(load) <= ROUNDS * CONNECTIONS
    served.command("check")
    assert served.process.stop() == 0


def test_passed_on(relaying, next_hop):
    load = Load(relaying.submission, relaying.owner, next_hop.owner)
    rounds_of_crashes(relaying, load)
    until("an empty queue", lambda: relaying.command("queue", "list", "--json") == "", patience=90)
    found = numbers(next_hop.maildrop.all())
    assert load.promised - found.keys() == set()
    duplicates = sum(found.values()) - len(found)
    assert duplicates <= ROUNDS * RELAYING * UNSETTLED + repeated(load)
    assert relaying.process.stop() == 0
