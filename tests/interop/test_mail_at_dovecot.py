"""`postroom mail` at another kind of server: Debian's Dovecot, over STARTTLS."""

from __future__ import annotations

import json
import os
import ssl
import subprocess
from collections.abc import Callable, Iterator
from typing import Any

import imapclient
import pytest

from dovecot import PASSWORD, Dovecot
from letters import letter, stamp
from postroom.agent.accounts import Account, AccountsFile, Endpoint, dump
from running import POSTROOM, postroom, until


@pytest.fixture(scope="module")
def dovecot(require_tool) -> Iterator[Dovecot]:
    require_tool("dovecot", "dovecot-imapd")
    if os.geteuid() != 0:
        pytest.skip("needs root: Dovecot's master does")
    server = Dovecot()
    try:
        server.start()
        yield server
    finally:
        server.stop()


@pytest.fixture
def user() -> str:
    """Whom the server has never seen."""
    return f"bob{stamp()[-8:]}"


@pytest.fixture
def options(dovecot, user, tmp_path) -> list[str]:
    """The account, in a file of its own."""
    imap = Endpoint("localhost", dovecot.port)
    account = Account(
        "bob@pizza.test", imap=imap, username=user, password=PASSWORD, authorities=str(dovecot.ca)
    )
    path = tmp_path / "mail.toml"
    path.touch(0o600)
    path.write_text(dump(AccountsFile({"bob": account})))
    return ["mail", "--config", str(path)]


@pytest.fixture
def mail(options, home) -> Callable[..., list[dict[str, Any]]]:
    """Runs a command that must succeed, and gives its records."""

    def run(*words: str) -> list[dict[str, Any]]:
        done = postroom([*options, *words, "--json"], home)
        assert done.returncode == 0, done.stderr
        return [json.loads(line) for line in done.stdout.splitlines()]

    return run


@pytest.fixture
def put(dovecot, user) -> Callable[[str], bytes]:
    """Puts a letter into the account's INBOX."""

    def append(subject: str) -> bytes:
        raw = letter("alice@crepes.test", "bob@pizza.test", subject)
        with imapclient.IMAPClient("localhost", dovecot.port, ssl=False) as client:
            client.starttls(ssl.create_default_context(cafile=str(dovecot.ca)))
            client.login(user, PASSWORD)
            client.append("INBOX", raw)
        return raw

    return append


def test_letters_and_folders(mail, put, options, home):
    raw, _ = put("number one"), put("number two")
    one, two = mail("list")
    assert (one["subject"], one["flags"], two["subject"]) == ("number one", [], "number two")
    done = postroom([*options, "read", "--raw", one["uid"]], home)
    assert done.stdout.encode() in (raw, raw.replace(b"\r\n", b"\n"))
    assert [line["flags"] for line in mail("list")] == [["\\Seen"], []]
    assert [line["subject"] for line in mail("search", "ketchup", "--subject", "two")] == ["number two"]
    assert mail("move", one["uid"], "Crêpes & Co", "--create") == [
        {"moved": one["uid"], "number": 1, "to": "Crêpes & Co"}
    ]
    assert mail("folders") == [
        {"folder": "INBOX", "messages": 1, "unseen": 1, "use": ""},
        {"folder": "Crêpes & Co", "messages": 1, "unseen": 0, "use": ""},
        {"folder": "Sent", "messages": 0, "unseen": 0, "use": "sent"},
    ]
    (line,) = mail("list", "--folder", "Crêpes & Co")
    assert mail("delete", line["uid"], "--folder", "Crêpes & Co")[0]["deleted"] == line["uid"]
    assert mail("list", "--folder", "Crêpes & Co") == []
    assert mail("delete", two["uid"])
    assert mail("list") == []


def test_idle(put, options, home):
    command = [POSTROOM, *options, "watch", "--count", "1", "--json"]
    with subprocess.Popen(command, env=home, stdout=subprocess.PIPE, text=True) as watching:
        try:
            subject = stamp()

            def comes() -> bool:
                put(subject)
                return watching.poll() is not None

            until("the watcher to see a letter", comes)
            assert watching.stdout is not None
            assert json.loads(watching.stdout.readline())["subject"] == subject
        finally:
            watching.kill()
