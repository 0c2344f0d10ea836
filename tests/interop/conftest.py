"""A lab for all of these tests, in a process of its own; each test has people of its own in it."""

from __future__ import annotations

import shutil
import ssl
import subprocess
import tempfile
from collections.abc import Callable, Iterator, Sequence
from itertools import count, cycle
from pathlib import Path
from typing import Any

import pytest

import running
from imap_box import ImapBox
from letters import Maildrop, letter, stamp
from running import Running, at_home

BOBS, ALICES = (
    12,
    4,
)  # they take turns, and each begins with an empty mailbox: a password takes its time to make


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Says by a marker what these tests are."""
    here = Path(__file__).parent
    for item in items:
        if here in item.path.parents:
            item.add_marker(pytest.mark.interop)


class LabProcess:
    """`postroom lab`, and what programs of the system are told about it."""

    def __init__(self, home: Path) -> None:
        self.home = home
        self.environ = at_home(home)
        people = [f"bob{n}@hamburger.test:pw-bob{n}" for n in range(BOBS)]
        people += [f"alice{n}@crepes.test:pw-alice{n}" for n in range(ALICES)]
        given = [word for one in people for word in ("--account", one)]
        arguments = ["lab", "--json", "--ephemeral", "--base-port", "0", *given]
        self.process = Running(arguments, self.environ, home / "lab.log")
        self.ca: str = self.process.facts["ca"]
        self.accounts: dict[str, str] = self.process.facts["accounts"]

    def port(self, service: str, domain: str = "hamburger.test") -> int:
        """A service's port."""
        number: int = self.process.facts["domains"][domain][service]
        return number

    def postroom(self, *arguments: str, stdin: str = "") -> subprocess.CompletedProcess[str]:
        """A command of ours that must succeed."""
        done = running.postroom(arguments, self.environ, stdin)
        assert done.returncode == 0, done.stderr
        return done

    def person(self, address: str) -> Person:
        """Somebody who lives there."""
        return Person(self, address)

    def log(self) -> str:
        """What the lab has said on standard error so far."""
        return self.process.log.read_text()


class Person(Maildrop):
    """Somebody of the lab: an address, a password, and mail."""

    def __init__(self, lab: LabProcess, address: str) -> None:
        self.address = address
        self.domain = address.partition("@")[2]
        trust = ssl.create_default_context(cafile=lab.ca)
        super().__init__(lab.port("pop3s", self.domain), address, lab.accounts[address], trust)


@pytest.fixture(scope="session")
def lab() -> Iterator[LabProcess]:
    """A running lab; when all tests are done, Ctrl-C ends it, and nothing is left."""
    home = Path(tempfile.mkdtemp(prefix="postroom-interop-"))
    try:
        running_lab = LabProcess(home)
        code = 1
        try:
            yield running_lab
        finally:
            code = running_lab.process.stop()
        assert code == 0, running_lab.log()
        assert list((home / "tmp").iterdir()) == []
        assert list((home / "runtime").iterdir()) == []
        assert '"level": "error"' not in running_lab.log(), running_lab.log()
    finally:
        shutil.rmtree(home, ignore_errors=True)


@pytest.fixture(scope="session")
def turns() -> dict[str, Iterator[int]]:
    """Whose turn it is."""
    return {"bob": cycle(range(BOBS)), "alice": cycle(range(ALICES)), "new": count()}


@pytest.fixture
def bob(lab: LabProcess, turns: dict[str, Iterator[int]]) -> Person:
    """Somebody at hamburger.test whose mailbox is empty."""
    return _emptied(Person(lab, f"bob{next(turns['bob'])}@hamburger.test"))


@pytest.fixture
def alice(lab: LabProcess, turns: dict[str, Iterator[int]]) -> Person:
    """Somebody at crepes.test whose mailbox is empty."""
    return _emptied(Person(lab, f"alice{next(turns['alice'])}@crepes.test"))


@pytest.fixture
def newcomer(lab: LabProcess, turns: dict[str, Iterator[int]]) -> Person:
    """Somebody at hamburger.test of whom nobody else has ever heard; for tests that change an account."""
    address = f"new{next(turns['new'])}@hamburger.test"
    lab.postroom("account", "add", address, "--at", "hamburger.test", "--password-stdin", stdin="pw-new\n")
    lab.accounts[address] = "pw-new"
    return Person(lab, address)


@pytest.fixture
def imap_of(lab: LabProcess) -> Callable[[Person], ImapBox]:
    """Somebody's account by IMAP."""

    def box(person: Person) -> ImapBox:
        trust = ssl.create_default_context(cafile=lab.ca)
        return ImapBox(lab.port("imaps", person.domain), person.address, person.password, trust)

    return box


def _emptied(person: Person) -> Person:
    person.empty()
    return person


@pytest.fixture
def sender(lab: LabProcess) -> Person:
    """Alice, where it does not matter what else she sends and gets."""
    return Person(lab, "alice@crepes.test")


@pytest.fixture
def written(sender: Person, bob: Person) -> bytes:
    """A whole letter from the sender to Bob, as on the wire."""
    return letter(
        sender.address, bob.address, stamp(), "Do you like ketchup?\n.\n..foo\nHow about pickles?\n"
    )


@pytest.fixture
def home(tmp_path: Path) -> dict[str, str]:
    """The environment of a user who has set nothing up."""
    return at_home(tmp_path)


Program = Callable[..., subprocess.CompletedProcess[str]]


@pytest.fixture
def program(home: dict[str, str], require_tool: Callable[..., str]) -> Program:
    """Runs a program of the system: `program(["swaks", ...], stdin="", package="", code=0)`, at home, where it leaves what it leaves.

    Its exit code is checked.
    """

    def run(
        command: Sequence[Any], *, stdin: str = "", package: str = "", code: int | None = 0
    ) -> subprocess.CompletedProcess[str]:
        path = require_tool(str(command[0]), package)
        done = running.run([path, *map(str, command[1:])], home, stdin, home["HOME"])
        assert code is None or done.returncode == code, f"{done.returncode}\n{done.stdout}\n{done.stderr}"
        return done

    return run
