"""App passwords, tokens, certificates, one-time codes and logins from the command line, without a server and with one."""

from __future__ import annotations

import base64
import time
from pathlib import Path

import pytest
import trustme

from commands import Run
from offices import NOW
from postroom.store.login import totp

BOB = "bob@hamburger.test"


@pytest.fixture(params=["direct", "served"], autouse=True)
def somewhere(request: pytest.FixtureRequest, config: Path) -> None:
    """Each test runs twice."""
    if request.param == "served":
        request.getfixturevalue("served")


@pytest.fixture(autouse=True)
def bob(run: Run, somewhere: None) -> None:
    run("domain add hamburger.test")
    run(f"account add {BOB}")


@pytest.mark.parametrize(("what", "words"), [("app-password", "app password"), ("token", "token")])
def test_a_key_is_shown_once(run: Run, what: str, words: str) -> None:
    said = run(f"account {what} create {BOB} phone --for imap --for smtp --expires 90d").out
    assert said.startswith(f"{words} 'phone' of {BOB}, shown only now: ")
    secret = said.rpartition(" ")[2].strip()
    listed = run(f"account {what} list {BOB}")
    assert secret not in listed.out
    assert "\tphone\timap, smtp\t" in listed.out
    (record,) = run(f"account {what} list {BOB} --json").records
    assert record["expires"] - record["created"] == 90 * 86_400 * 1_000_000
    assert run(f"account {what} create {BOB} x --for http").code == 1
    for never in ("0d", "0.0s"):  # a script that has counted the days that are left, and not "for ever"
        ended = run(f"account {what} create {BOB} x --expires {never}")
        assert (ended.code, "has ended already" in ended.err) == (2, True)
    assert run(f"account {what} delete {BOB} phone").out == f"{words} 'phone' of {BOB} deleted\n"
    assert f"postroom account {what} create {BOB} NAME" in run(f"account {what} list {BOB}").err


def test_a_certificate(run: Run, tmp_path: Path) -> None:
    trustme.CA().issue_cert(BOB).cert_chain_pems[0].write_to_path(str(tmp_path / "bob.pem"))
    (made,) = run(f"account certificate add {BOB} --file {tmp_path / 'bob.pem'} --name laptop --json").records
    assert made["identity"].startswith("sha256:")
    assert run(f"account certificate add {BOB} --email {BOB}").out == f"email:{BOB} logs {BOB} in\n"
    assert run(f"account certificate list {BOB}").out == f"email:{BOB}\t\n{made['identity']}\tlaptop\n"
    assert run(f"account certificate add {BOB}").code == 2
    assert "holds no certificate" in run(f"account certificate add {BOB} --file /dev/null").err
    assert run(f"account certificate delete {BOB} email:{BOB}").code == 0
    assert len(run(f"account certificate list {BOB} --json").records) == 1


def test_one_time_codes(run: Run) -> None:
    (made,) = run(f"account totp enrol {BOB} --json").records
    secret = base64.b32decode(made["secret"] + "=" * (-len(made["secret"]) % 8))
    assert run(f"account totp confirm {BOB} 000").code == 1
    moments = (int(time.time()), NOW // 1_000_000)  # a server's clock here stands
    codes = [totp.code(secret, moment // totp.STEP_SECONDS) for moment in moments]
    said = [run(f"account totp confirm {BOB} {code}").out for code in codes]
    assert any("mail programs need app passwords" in words for words in said)
    assert run(f"account totp show {BOB} --json").records[0]["state"] == "on"
    assert "needs no one-time codes" in run(f"account totp off {BOB}").out


def test_logins(run: Run) -> None:
    said = run(f"account logins {BOB}")
    assert (said.code, said.out) == (0, "")
    assert "nobody has logged in or tried" in said.err
