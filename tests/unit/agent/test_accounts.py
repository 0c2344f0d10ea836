"""The file of accounts: read, written, merged with a lab's, and never believed when others can read it."""

from __future__ import annotations

import os
import sys
from pathlib import Path

import pytest

from postroom.agent.accounts import Account, AccountsFile, Endpoint, choose, dump, known, load
from postroom.agent.invocation import CommandFailed
from postroom.agent.runtime import ACCOUNTS, lab_directory, publish

ALICE = Account(
    "alice@crepes.test",
    Endpoint("127.0.0.1", 587, "starttls", "mail.crepes.test"),
    Endpoint("127.0.0.1", 995, "implicit"),
    Endpoint("127.0.0.1", 143),
    name='Alice "A." \x7fé',
    password="secret",
    insecure_loopback=True,
    file_sent=False,
)
BOB = Account("bob@hamburger.test", password_command=["echo", "x"])


def written(path: Path, text: str, mode: int = 0o600) -> Path:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(text)
    path.chmod(mode)
    return path


def test_what_is_dumped_is_loaded(tmp_path: Path) -> None:
    file = AccountsFile({"alice": ALICE, "b o b": BOB}, "alice")
    assert load(written(tmp_path / "mail.toml", dump(file))) == file


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("nonsense", "mail.toml: "),
        ("[accounts.a]\nname = 'x'\n", "missing required field `address`"),
        ("[accounts.a]\naddress = 'a@b'\nadress = 1\n", "unknown field `adress`"),
        ("[accounts.a]\naddress = 'a@b'\n[accounts.a.smtp]\nhost = 'h'\nport = 0\n", ">= 1"),
        ("[accounts.a]\naddress = 'a@b'\n[accounts.a.smtp]\nhost = 'h'\nport = 1\ntls = 'maybe'\n", "tls"),
    ],
)
def test_what_is_wrong_is_named(tmp_path: Path, text: str, words: str) -> None:
    with pytest.raises(CommandFailed) as caught:
        load(written(tmp_path / "mail.toml", text))
    assert words in str(caught.value)


def test_passwords_that_others_can_read_are_refused(tmp_path: Path) -> None:
    path = written(tmp_path / "mail.toml", dump(AccountsFile({"alice": ALICE})), 0o640)
    with pytest.raises(CommandFailed, match="chmod 600"):
        load(path)
    assert load(written(path, dump(AccountsFile({"bob": BOB})), 0o644)).accounts == {"bob": BOB}


def test_own_accounts_and_a_labs_are_known_together(tmp_path: Path) -> None:
    environ = {"XDG_RUNTIME_DIR": str(tmp_path), "HOME": str(tmp_path)}
    with pytest.raises(CommandFailed, match="postroom lab"):
        known(None, environ)
    lab = AccountsFile({"alice": ALICE, "bob": ALICE}, "alice")
    publish({ACCOUNTS: dump(lab)}, lab_directory(environ))
    assert known(None, environ) == lab
    written(tmp_path / ".config/postroom/mail.toml", dump(AccountsFile({"bob": BOB}, "bob")))
    assert known(None, environ) == AccountsFile({"alice": ALICE, "bob": BOB}, "bob")
    named = written(tmp_path / "other.toml", dump(AccountsFile({"x": BOB})))
    assert set(known(named, environ).accounts) == {"x"}
    assert set(known(None, {**environ, "POSTROOM_MAIL_CONFIG": str(named)}).accounts) == {"x"}


@pytest.mark.parametrize(
    ("file", "name", "expected"),
    [
        (AccountsFile({"a": ALICE, "b": BOB}, "b"), "", BOB),
        (AccountsFile({"a": ALICE, "b": BOB}, "b"), "a", ALICE),
        (AccountsFile({"a": ALICE, "b": BOB}), "alice@crepes.test", ALICE),
        (AccountsFile({"a": ALICE}), "", ALICE),
        (AccountsFile({"a": ALICE, "b": BOB}), "", "one of a, b"),
        (AccountsFile({"a": ALICE}), "c", "there are a"),
        (AccountsFile(), "", "one of none"),
    ],
)
def test_whose_mail(file: AccountsFile, name: str, expected: Account | str) -> None:
    if isinstance(expected, Account):
        assert choose(file, name) == expected
    else:
        with pytest.raises(CommandFailed, match=expected) as caught:
            choose(file, name)
        assert caught.value.code == 2


def test_where_passwords_come_from(tmp_path: Path) -> None:
    (tmp_path / "pw").write_text("from file\n")
    assert ALICE.secret() == "secret"
    assert Account("a@b", password_file=str(tmp_path / "pw")).secret() == "from file"
    assert (
        Account("a@b", password_command=[sys.executable, "-c", "print('from command\\nx')"]).secret()
        == "from command"
    )


def test_a_password_command_does_not_eat_the_letter(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """`echo text | postroom mail reply 1` fetches the letter, by a password, before it reads the text."""
    greedy = [sys.executable, "-c", "import sys; print('pw', len(sys.stdin.read()))"]
    (tmp_path / "text").write_text("the text")
    with (tmp_path / "text").open() as piped:
        monkeypatch.setattr("sys.stdin", piped)
        before = os.dup(0)
        os.dup2(piped.fileno(), 0)
        try:
            assert Account("a@b", password_command=greedy).secret() == "pw 0"
            assert piped.read() == "the text"
        finally:
            os.dup2(before, 0)
            os.close(before)


@pytest.mark.parametrize(
    "account",
    [
        Account("a@b", password_file="/no/such"),
        Account("a@b", password_command=["/no/such"]),
        Account("a@b", password_command=[sys.executable, "-c", "raise SystemExit(1)"]),
    ],
)
def test_passwords_that_do_not_come(account: Account) -> None:
    with pytest.raises(CommandFailed, match="password"):
        account.secret()


def test_the_page_about_the_file_shows_one_that_is_read(tmp_path: Path) -> None:
    page = (Path(__file__).parents[3] / "docs/mail-accounts.md").read_text("utf-8")
    text = page.partition("```toml\n")[2].partition("```")[0]
    file = load(written(tmp_path / "mail.toml", text))
    assert choose(file, "").imap == Endpoint("mail.example.com", 993, "implicit")
    keys = "\n".join(
        line.removeprefix("# ") for line in text.splitlines()
    )  # those that are commented out, too
    everything = load(written(tmp_path / "mail.toml", keys))
    assert everything.accounts["you"].bearer
    assert everything.accounts["you"].imap == Endpoint("mail.example.com", 993, "implicit", "mx.example.com")
