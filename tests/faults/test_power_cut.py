"""The power goes: what was answered by 250 is there on any disk that the system calls until then allow for (`power_cut`)."""

import asyncio
import concurrent.futures
import random
import re
import smtplib
from collections.abc import Iterator
from pathlib import Path

import pytest

import running
from letters import letter, stamp
from postroom.store.blobs.spilled import Spilled
from postroom.store.fsck import fsck
from postroom.store.fsck.findings import Wrong
from postroom.store.search.sqlite import SqliteSearch
from postroom.store.spool import spool
from postroom.store.spool.spool import Blob
from postroom.store.store import Store
from power_cut import Call, Disk, Image, calls, lay_out, strace
from running import PATIENCE, until
from served import Served

pytestmark = pytest.mark.slow

CARLA = "carla@calzone.test"
LONG = "x" * 76 + "\n"
JOURNEY = re.compile(rb"J[0-9a-z]{10,14}")
HARMLESS = frozenset((Wrong.ORPHAN_FILE, Wrong.UNFINISHED_FILE))
CHANCES = 2  # disks by chance, beside the one that lost all and the one that lost nothing
NOW = 1_900_000_000_000_000


class Promises:
    """Letters by the id under which they were accepted."""

    def __init__(self, server: Served) -> None:
        self._server = server
        self.texts: dict[bytes, bytes] = {}

    def smtp(self, lines: int = 3, times: int = 1) -> None:
        """Letters to the owner, in one connection."""
        with smtplib.SMTP("127.0.0.1", self._server.port("smtp"), timeout=PATIENCE) as smtp:
            smtp.ehlo()
            for _ in range(times):
                text = letter("pat@pizza.test", CARLA, stamp(), lines * LONG)
                smtp.mail("pat@pizza.test")
                smtp.rcpt(CARLA)
                code, words = smtp.data(text)
                assert code == 250
                self._keep(words, text)

    def sendmail(self, lines: int = 3) -> None:
        """A letter that goes on to another server, and waits since that is away."""
        text = letter(CARLA, "pat@pizza.test", stamp(), lines * LONG)
        words = ["sendmail", "-v", "-i", "-C", str(self._server.config), "pat@pizza.test"]
        done = running.postroom(words, self._server.environ, text.decode())
        assert done.returncode == 0, done.stderr
        self._keep(done.stderr.encode(), text)

    def _keep(self, words: bytes, text: bytes) -> None:
        [accepted] = set(JOURNEY.findall(words))
        self.texts[accepted] = text


@pytest.fixture
def server(tmp_path: Path) -> Iterator[Served]:
    server = Served(tmp_path / "home", CARLA, '[routes."pizza.test"]\nhost = "127.0.0.1"\nport = 1\n')
    yield server
    if server.process is not None:
        server.process.kill()


def record(server: Served, tmp_path: Path, require_tool) -> tuple[Disk, list[Call], Promises]:
    """A server's life: the disk before it, what it did, and what it promised."""
    require_tool("strace")
    server.start()
    assert server.process.stop() == 0
    disk, log = Disk(server.home / "data"), tmp_path / "calls"
    server.start(*strace(log))
    promises = Promises(server)
    promises.smtp(times=3)
    promises.smtp(lines=5000)
    promises.sendmail()
    promises.sendmail(lines=5000)
    promises.smtp(lines=5000, times=2)
    with concurrent.futures.ThreadPoolExecutor(4) as pool:
        for done in [pool.submit(promises.smtp, times=4) for _ in range(4)]:
            done.result()
    assert server.process.stop() == 0
    until("strace to write it all", lambda: log.read_bytes().rstrip().endswith(b"+++ exited with 0 +++"))
    return disk, calls(log), promises


def moments(disk: Disk, done: list[Call], promises: Promises) -> Iterator[set[bytes]]:
    """Plays it all; stops wherever something has become durable or is about to, or was promised, with all promises until then."""
    given: set[bytes] = set()
    for call in done:
        if disk.settle(call.begun):
            yield given
        if call.name in ("write", "writev", "sendto", "sendmsg") and not _on_disk(call, disk):
            told = set(JOURNEY.findall(b"".join(call.strings))) & promises.texts.keys()
            if told - given:
                given |= told
                yield given
        else:
            if call.name in ("fsync", "fdatasync") and _on_disk(call, disk):
                yield given
            disk.play(call)
    disk.settle(1 << 62)
    yield given


def _on_disk(call: Call, disk: Disk) -> bool:
    return call.name not in ("sendto", "sendmsg") and call.descriptor[1].startswith(str(disk.root))


async def letters_in(directory: Path) -> set[bytes]:
    """All letters of a store that is whole, in mailboxes and on their way."""
    store = await Store.open(f"sqlite://{directory}/store")
    try:
        wrong = [found async for found in fsck.check(store, NOW, octets=True)]
        assert [found for found in wrong if found.wrong not in HARMLESS] == []
        found = set()
        reading = store.engine.reading()
        for account_id, email_id in await reading.fetch("SELECT account_id, email_id FROM emails"):
            found.add(await store.read_email(account_id, email_id))
        for (spool_id,) in await reading.fetch("SELECT spool_id FROM spool"):
            body = await spool.body(reading, spool_id)
            if isinstance(body, Blob):
                body = await store.spilled(body.account_id, body.blob_id)
            found.add(body.whole() if isinstance(body, Spilled) else body)
        await SqliteSearch.open(directory / "store").close()
    finally:
        await store.close()
    return found


def survives(image: Image, directory: Path, promised: list[bytes]) -> None:
    lay_out(image, directory)
    there = asyncio.run(letters_in(directory))
    by_stamp = {raw[raw.index(b"Subject: ") :] for raw in there}
    for text in promised:
        assert text[text.index(b"Subject: ") :] in by_stamp


def test_f06_what_was_promised_survives_a_power_cut_at_any_moment(server, tmp_path, require_tool):
    disk, done, promises = record(server, tmp_path, require_tool)
    seen, number = set(), 0
    for given in moments(disk, done, promises):
        chance = random.Random(number)
        images = [
            disk.image(None),
            disk.image(None, everything=True),
            *(disk.image(chance) for _ in range(CHANCES)),
        ]
        for image in images:
            key = hash((frozenset(image.items()), frozenset(given)))
            if key not in seen:
                seen.add(key)
                number += 1
                survives(image, tmp_path / f"disk-{number}", [promises.texts[one] for one in given])
    assert given == promises.texts.keys()
    assert number > 100
