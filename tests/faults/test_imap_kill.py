"""kill -9 while several IMAP clients change one mailbox: what was answered OK is there after the next start, and QRESYNC tells each client
exactly what it missed."""

from __future__ import annotations

import random
import threading
from pathlib import Path

import msgspec
import pytest

from imap_replica import Believed
from imap_socket import ImapSocket, closing
from running import until
from served import PASSWORD, Served, ServedByPostgres, unverified

pytestmark = pytest.mark.slow

ROUNDS = 4
CLIENTS = 5


class Promises(msgspec.Struct):
    """What all clients together were promised, and what they asked for without an answer yet."""

    appended: dict[int, str] = {}  # uid -> keyword that came with it
    flagged: dict[int, set[str]] = {}  # uid -> keywords whose STORE was answered
    expunging: set[int] = set()  # uids that somebody asked to have removed
    answered: int = 0


class Clerk:
    """One client: a thread that works until the connection goes, and what it believes beyond that."""

    def __init__(self, number: int, promises: Promises) -> None:
        self.number, self.promises = number, promises
        self.chance = random.Random(number)
        self.rows: list[Believed] = []
        self.modseq = self.validity = self.work = 0

    def come(self, server: Served) -> ImapSocket:
        """Logs in, and resynchronises what was believed before."""
        client = ImapSocket(server.port("imaps"), unverified())
        client.ok(f"LOGIN {server.owner} {PASSWORD}")
        client.ok("ENABLE QRESYNC")
        if self.validity:
            client.resync(self.validity, self.rows, self.modseq)
        else:
            self.validity = client.select()
        return client

    def begin(self, server: Served) -> threading.Thread:
        """Comes, and works in a thread until the server is gone."""
        client = self.come(server)
        thread = threading.Thread(target=self._until_gone, args=(client,), daemon=True)
        thread.start()
        return thread

    def _until_gone(self, client: ImapSocket) -> None:
        with closing(client):
            try:
                while True:
                    self.chance.choice((self._append, self._flag, self._flag, self._expunge))(client)
                    client.learn()
                    self.promises.answered += 1
            except OSError:
                self.rows, self.modseq = client.replica.rows, client.known

    def _append(self, client: ImapSocket) -> None:
        self.work += 1
        keyword = f"$a{self.number}-{self.work}"
        last = client.say(f"APPEND INBOX ({keyword}) {{14+}}\r\nSubject: x\r\n\r\n")[-1]
        assert last.startswith("OK [APPENDUID "), last
        uid = int(last.split("]")[0].split()[-1])
        assert uid not in self.promises.appended
        self.promises.appended[uid] = keyword

    def _any(self, client: ImapSocket) -> int:
        """A uid that the client knows, 0 while it knows none."""
        return self.chance.choice([row.uid for row in client.replica.rows if row.uid] or [0])

    def _flag(self, client: ImapSocket) -> None:
        if not (uid := self._any(client)):
            return
        self.work += 1
        keyword = f"$f{self.number}-{self.work}"
        if client.say(f"UID STORE {uid} +FLAGS ({keyword})")[-1].startswith("OK"):
            self.promises.flagged.setdefault(uid, set()).add(keyword)

    def _expunge(self, client: ImapSocket) -> None:
        if len(client.replica.rows) < 12 or not (uid := self._any(client)):
            return
        self.promises.expunging.add(uid)
        client.ok(f"UID STORE {uid} +FLAGS (\\Deleted)")
        client.ok(f"UID EXPUNGE {uid}")


def check(server: Served, clerks: list[Clerk], promises: Promises) -> None:
    """All clients, each by what it was told, believe what a stranger reads who asks for everything."""
    stranger = ImapSocket(server.port("imaps"), unverified())
    with closing(stranger):
        stranger.ok(f"LOGIN {server.owner} {PASSWORD}")
        stranger.select()
        truth = dict(stranger.replica.believed())
    for clerk in clerks:
        client = clerk.come(server)
        with closing(client):
            assert dict(client.replica.believed()) == truth, clerk.number
            clerk.rows, clerk.modseq = client.replica.rows, client.known
    assert promises.appended.keys() - truth.keys() <= promises.expunging
    for uid, flags in truth.items():
        assert promises.flagged.get(uid, set()) <= flags
        assert promises.appended.get(uid, next(iter(flags), "")) in flags | {""}


@pytest.fixture(params=["sqlite", "postgresql"])
def server(request: pytest.FixtureRequest, tmp_path: Path) -> Served:
    owner = "carla@calzone.test"
    if request.param == "sqlite":
        return Served(tmp_path / "calzone", owner)
    return ServedByPostgres(tmp_path / "calzone", owner, request.getfixturevalue("database_url"))


def test_nothing_that_was_answered_is_lost_and_each_client_learns_what_it_missed(server: Served) -> None:
    server.start()
    promises = Promises()
    clerks = [Clerk(number, promises) for number in range(CLIENTS)]
    try:
        for number in range(ROUNDS):
            threads = [clerk.begin(server) for clerk in clerks]
            enough = promises.answered + 60 + 23 * number
            until("commands to be answered", lambda enough=enough: promises.answered >= enough)
            server.process.kill()
            for thread in threads:
                thread.join(20)
                assert not thread.is_alive()
            server.start()
            check(server, clerks, promises)
        server.command("check")
        assert server.process.stop() == 0
    finally:
        server.process.kill()
