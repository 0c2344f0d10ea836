"""A backup while mail comes in, a crash, and a restore elsewhere: what was acknowledged before is there, and no client believes what it remembers."""

import json
import re
import shutil
import smtplib
from collections.abc import Iterator
from pathlib import Path

import pytest

from imap_box import ImapBox
from letters import letter
from load import Load, numbers
from running import postroom, until
from served import PASSWORD, Served, unverified

pytestmark = pytest.mark.slow

CONNECTIONS = 4
LARGE = "Do you like ketchup?\n" * 20_000  # becomes a file
ROUTE = '[routes."pizza.test"]\nhost = "127.0.0.1"\nport = 1\n'  # nobody listens there


@pytest.fixture
def served(tmp_path: Path) -> Iterator[Served]:
    server = Served(tmp_path / "calzone", "carla@calzone.test", ROUTE)
    server.start()
    yield server
    server.process.kill()


class Elsewhere(Served):
    """Another machine, with the configuration of the first."""

    def __init__(self, home: Path, first: Served) -> None:
        home.mkdir()
        self.home, self.owner, self.environ = home, first.owner, first.environ
        self.config = home / "postroom.toml"
        self.process = None
        shutil.copy(first.config, self.config)


@pytest.fixture
def elsewhere(tmp_path: Path, served: Served) -> Iterator[Served]:
    server = Elsewhere(tmp_path / "elsewhere", served)
    yield server
    if server.process is not None:
        server.process.kill()


def box(server: Served) -> ImapBox:
    return ImapBox(server.port("imaps"), server.owner, PASSWORD, unverified())


def connect(server: Served) -> smtplib.SMTP:
    return smtplib.SMTP("127.0.0.1", server.port("smtp"), timeout=60)


def selected(server: Served, how: str = "") -> dict[str, int]:
    """The numbers that SELECT tells; `how` stands behind the name, and is said after ENABLE QRESYNC. Lines VANISHED are counted as EARLIER."""
    with box(server).open() as imap:
        imap._simple_command("ENABLE", "QRESYNC")
        typ, data = imap._simple_command("SELECT", f"INBOX{how}")
        imap.state = "SELECTED"
        assert typ == "OK", data
        untagged = imap.untagged_responses
        told = {name: int(untagged[name][0]) for name in ("UIDVALIDITY", "UIDNEXT", "HIGHESTMODSEQ")}
        return told | {"EARLIER": len(untagged.get("VANISHED", ())), "FETCH": len(untagged.get("FETCH", ()))}


def test_under_load_and_elsewhere(served, elsewhere, tmp_path):
    with connect(served) as smtp:
        smtp.sendmail(
            "pat@pizza.test", served.owner, letter("pat@pizza.test", served.owner, "number large", LARGE)
        )
    with served.submission() as smtp:
        smtp.sendmail(served.owner, "pat@pizza.test", letter(served.owner, "pat@pizza.test", "waits"))
    load = Load(lambda: connect(served), "pat@pizza.test", served.owner)
    load.start(CONNECTIONS)
    until("messages to be taken", lambda: len(load.promised) > 50)
    promised = {*load.promised, "large"}
    backup = tmp_path / "backup"
    *_, last = map(json.loads, served.command("backup", str(backup), "--json").splitlines())
    assert (last["finished"], last["missing"]) == (True, [])
    more = len(load.promised) + 30
    until("messages to be taken after it", lambda: len(load.promised) > more)
    load.stop()
    known = selected(served)
    validities = [_uidl(served)]
    served.process.kill()

    said = elsewhere.command("restore", str(backup), "--json")
    assert json.loads(said)["waiting"] == 1
    assert elsewhere.command("check") == "the store is whole\n"
    (waiting,) = map(json.loads, elsewhere.command("queue", "list", "--json").splitlines())
    assert (waiting["state"], "restored" in waiting["why"]) == ("held", True)
    elsewhere.start()
    assert promised - numbers(elsewhere.maildrop.all()).keys() == set()
    now = selected(elsewhere, f" (QRESYNC ({known['UIDVALIDITY']} {known['HIGHESTMODSEQ']}))")
    assert now["UIDVALIDITY"] > known["UIDVALIDITY"]
    assert now["HIGHESTMODSEQ"] > known["HIGHESTMODSEQ"] + (1 << 31)
    assert (now["EARLIER"], now["FETCH"]) == (0, 0)  # the client begins anew
    assert validities[0].isdisjoint(_uidl(elsewhere))
    with elsewhere.submission() as smtp:  # passwords and keys are those of before
        smtp.sendmail(
            elsewhere.owner, elsewhere.owner, letter(elsewhere.owner, elsewhere.owner, "number new")
        )
    until("a new letter", lambda: "new" in numbers(elsewhere.maildrop.all()))
    assert elsewhere.process.stop() == 0
    assert elsewhere.command("check") == "the store is whole\n"


def _uidl(server: Served) -> set[bytes]:
    pop = server.maildrop.open()
    try:
        return {line.split()[1] for line in pop.uidl()[1]}
    finally:
        pop.quit()


def test_while_a_server_runs_nothing_is_restored(served, tmp_path):
    served.command("backup", str(tmp_path / "backup"))
    done = postroom(["restore", str(tmp_path / "backup"), "--config", str(served.config)], served.environ)
    assert done.returncode == 1
    assert re.search("a server runs on .*: stop it first", done.stderr)


def test_without_a_server_and_what_waits_is_sent(served, elsewhere, tmp_path):
    with served.submission() as smtp:
        smtp.sendmail(served.owner, "pat@pizza.test", letter(served.owner, "pat@pizza.test", "waits"))
    assert served.process.stop() == 0
    assert "files" in served.command("backup", str(tmp_path / "one"))
    said = served.command("backup", str(tmp_path / "two"), "--base", str(tmp_path / "one"))
    assert str(tmp_path / "two") in said
    elsewhere.command("restore", str(tmp_path / "two"), "--send-queue")
    (waiting,) = map(json.loads, elsewhere.command("queue", "list", "--json").splitlines())
    assert waiting["state"] != "held"
