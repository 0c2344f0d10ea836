"""An account that is set up: what is refused before any server is asked, and what the file is afterwards."""

from __future__ import annotations

import io
from pathlib import Path

import pytest

from postroom.agent import setting_up
from postroom.agent.accounts import Account, AccountsFile, Endpoint, dump, load
from postroom.agent.invocation import CommandFailed
from postroom.agent.services import Services
from postroom.agent.session import SetupSession
from postroom.agent.setting_up import Told, set_up
from postroom.agent.terminal import Terminal

ALICE = Told("alice@x.test", imap="i.x.test", smtp="s.x.test")


@pytest.fixture
def session(tmp_path: Path) -> SetupSession:
    return SetupSession(Terminal(out=io.StringIO(), err=io.StringIO()), tmp_path / "new" / "mail.toml")


@pytest.fixture
def no_servers(monkeypatch: pytest.MonkeyPatch) -> list[Account]:
    """Every server takes every login; gives the accounts that were tried."""
    tried: list[Account] = []

    async def try_(account: Account) -> None:
        tried.append(account)

    monkeypatch.setattr(setting_up, "_try", try_)
    monkeypatch.setattr("sys.stdin", io.StringIO("secret word\r\nmore\n"))
    return tried


def test_a_new_file_is_its_owners_alone(session: SetupSession, no_servers: list[Account]) -> None:
    set_up(session, ALICE)
    assert session.path.stat().st_mode & 0o777 == 0o600
    assert list(session.path.parent.iterdir()) == [session.path]
    account = Account(
        "alice@x.test",
        Endpoint("s.x.test", 465, "implicit"),
        None,
        Endpoint("i.x.test", 993, "implicit"),
        password="secret word",
    )
    assert load(session.path) == AccountsFile({"alice": account}, "alice")
    assert no_servers == [account]


def test_what_stands_in_the_file_stays_as_it_is(session: SetupSession, no_servers: list[Account]) -> None:
    session.path.parent.mkdir()
    before = '# mine\ndefault = "bob"\n\n[accounts.bob]   # at work\naddress = "bob@y.test"'
    session.path.write_text(before)
    session.path.chmod(0o600)
    set_up(session, ALICE)
    assert session.path.read_text().startswith(before + "\n")
    file = load(session.path)
    assert (list(file.accounts), file.default) == (["bob", "alice"], "bob")
    assert len(no_servers) == 1


def test_a_password_command_is_kept_and_no_password(session: SetupSession, no_servers: list[Account]) -> None:
    told = Told(
        "alice@x.test",
        "work",
        pop3="p.x.test",
        smtp="s.x.test:587",
        user="al",
        name="Alice Q.",
        server_name="m.x.test",
        password_command="pass show 'my mail'",
    )
    set_up(session, told)
    account = load(session.path).accounts["work"]
    assert account.password_command == ["pass", "show", "my mail"]
    assert (account.password, account.login_name, account.name) == ("", "al", "Alice Q.")
    assert account.smtp == Endpoint("s.x.test", 587, "starttls", "m.x.test")
    assert no_servers == [account]


@pytest.mark.parametrize(
    ("told", "words"),
    [
        (Told("alice"), "'alice' is no address"),
        (Told("alice@"), "is no address"),
        (Told("alice@x.test", imap="a b", smtp="s"), "--imap a b"),
        (Told("alice@x.test", imap="i", smtp="s", password_command="pass 'x"), "--password-command pass 'x"),
    ],
)
def test_what_is_wrong_is_said_at_once(
    session: SetupSession, no_servers: list[Account], told: Told, words: str
) -> None:
    with pytest.raises(CommandFailed, match=words) as caught:
        set_up(session, told)
    assert caught.value.code == 2
    assert no_servers == []
    assert not session.path.exists()


@pytest.mark.parametrize("told", [ALICE, Told("al@x.test", "bob", imap="i", smtp="s")])
def test_an_account_that_is_there_is_not_written_twice(
    session: SetupSession, no_servers: list[Account], told: Told
) -> None:
    session.path.parent.mkdir()
    session.path.write_text(dump(AccountsFile({"bob": Account("alice@x.test")})))
    with pytest.raises(CommandFailed, match=r"has the account 'bob' \(alice@x\.test\) already"):
        set_up(session, told)
    assert no_servers == []


def test_no_password_is_no_account(
    session: SetupSession, no_servers: list[Account], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("sys.stdin", io.StringIO(""))
    with pytest.raises(CommandFailed, match="first line of standard input"):
        set_up(session, ALICE)
    assert no_servers == []


@pytest.mark.parametrize(
    ("host", "asked"),
    [("mail.x.test", False), ("x.test", False), ("mailx.test", True), ("mail.provider.test", True)],
)
def test_a_server_outside_the_domain_needs_the_persons_yes(
    session: SetupSession, no_servers: list[Account], monkeypatch: pytest.MonkeyPatch, host: str, asked: bool
) -> None:
    async def published(*_: object) -> Services:
        return Services(Endpoint(host, 993, "implicit"), None, Endpoint("s.x.test", 465, "implicit"))

    monkeypatch.setattr(setting_up, "published", published)
    if not asked:
        set_up(session, Told("alice@x.test"))
        assert len(no_servers) == 1
        return
    with pytest.raises(CommandFailed, match=f"mail is at {host}; .*--imap {host}:993 --smtp s.x.test:465"):
        set_up(session, Told("alice@x.test"))
    monkeypatch.setattr(Terminal, "confirm", lambda *_: True)
    set_up(session, Told("alice@x.test"))
    assert load(session.path).accounts["alice"].imap == Endpoint(host, 993, "implicit")
