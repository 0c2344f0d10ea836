"""SAML (RFC 821 §3.4) from end to end: the message is filed, and shown on the open terminal at once."""

from __future__ import annotations

import io
import smtplib
import threading
from collections.abc import AsyncIterator

import pytest

from commands import Run
from postroom.agent.showing import show_at_once
from postroom.agent.terminal import Terminal
from postroom.app.operations.office import Watched
from postroom.lab import Lab


def test_a_message_for_the_terminal_is_shown_and_filed(
    mail: Run, lab: Lab, monkeypatch: pytest.MonkeyPatch
) -> None:
    (bob,) = [one for one in lab._running.inhabitants if one.address == "bob@hamburger.test"]
    server = lab._running.servers["hamburger.test"]
    watch, watched = server.watch, threading.Event()

    def marked(account_id: int) -> AsyncIterator[Watched]:
        watched.set()  # the subscription is made in the same turn of the loop
        return watch(account_id)

    def send() -> None:
        assert watched.wait(30)
        with smtplib.SMTP("127.0.0.1", lab.ports("hamburger.test")["smtp"], "crepes.test") as client:
            client.login(bob.address, bob.password)
            assert client.docmd(f"SAML FROM:<{bob.address}>")[0] == 250
            assert client.rcpt(bob.address)[0] == 250
            assert (
                client.data(b"From: bob@hamburger.test\r\nSubject: lunch\r\n\r\nNow!\x1b[31m\r\n")[0] == 250
            )

    monkeypatch.setattr(server, "watch", marked)
    sending = threading.Thread(target=send)
    sending.start()
    ran = mail("watch --as bob --count 2 --interval 1 --json")
    sending.join()
    events = {record["event"]: record for record in ran.records}
    assert (ran.code, set(events)) == (0, {"added", "shown"})
    assert events["shown"]["text"].startswith("Now!")
    assert "\x1b" not in ran.out


@pytest.mark.parametrize(
    ("header", "shown"),
    [
        (b"From: Bob <bob@l.test>\r\nSubject: lunch\r\n", "* from Bob <bob@l.test>: lunch"),
        (b"", "* from <alice@l.test>: (no subject)"),  # typed by hand: it has no header of its own
    ],
)
def test_a_message_for_the_terminal_says_from_whom_it_is(header: bytes, shown: str) -> None:
    out = io.StringIO()
    content = b"Return-Path: <alice@l.test>\r\n" + header + b"\r\nNow!\r\n"
    show_at_once(Terminal(out=out), {"event": "shown", "content": content})
    assert out.getvalue() == f"{shown}\nNow!\n"
