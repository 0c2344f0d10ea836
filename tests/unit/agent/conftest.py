"""The agent's commands, run against a lab."""

from __future__ import annotations

import io
from collections.abc import Iterator
from pathlib import Path

import msgspec
import pytest

from commands import Ran, Run
from postroom.agent import runtime
from postroom.agent.accounts import AccountsFile, dump, load
from postroom.app.cli.program import run as run_program
from postroom.lab import Lab


@pytest.fixture(scope="session")
def lab() -> Iterator[Lab]:
    """One lab for all, whose clock nobody moves."""
    with Lab() as running:
        yield running


@pytest.fixture
def by_pop3(lab: Lab, tmp_path: Path) -> str:
    """The option that names a file of the lab's accounts as they would be without IMAP."""
    known = load(runtime.lab_directory(lab.environ()) / runtime.ACCOUNTS)
    for name, account in known.accounts.items():
        known.accounts[name] = msgspec.structs.replace(account, imap=None)
    return _file_of(known, tmp_path)


@pytest.fixture
def by_a_moved_clock(lab: Lab, tmp_path: Path) -> str:
    """The option that names a file of the lab's accounts as they would be five days later."""
    known = load(runtime.lab_directory(lab.environ()) / runtime.ACCOUNTS)
    for name, account in known.accounts.items():
        known.accounts[name] = msgspec.structs.replace(account, ahead=432_000)
    return _file_of(known, tmp_path)


def _file_of(known: AccountsFile, directory: Path) -> str:
    path = directory / "accounts.toml"
    path.touch(0o600)
    path.write_text(dump(known))
    return f"--config {path}"


@pytest.fixture
def mail(
    lab: Lab,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsysbinary: pytest.CaptureFixture[bytes],
) -> Run:
    """Runs `postroom mail ...`: `mail("list --as bob")`, or word by word; `stdin=` is what it reads."""
    for name in ("POSTROOM_MAIL_CONFIG", "POSTROOM_CONFIG", "EDITOR", "VISUAL"):
        monkeypatch.delenv(name, raising=False)
    for name, value in lab.environ().items():
        monkeypatch.setenv(name, value)
    monkeypatch.setenv("XDG_CONFIG_HOME", str(tmp_path / "config"))

    def run(*words: str, stdin: str = "") -> Ran:
        monkeypatch.setattr("sys.stdin", io.TextIOWrapper(io.BytesIO(stdin.encode())))
        code = run_program(["mail", *(words[0].split() if len(words) == 1 else words)])
        out, err = capsysbinary.readouterr()
        return Ran(code, out.decode("utf-8", "surrogateescape"), err.decode())

    return run
