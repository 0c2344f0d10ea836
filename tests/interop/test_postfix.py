"""Debian's Postfix as the next hop of our server, and as the one before it."""

import os
import smtplib
from collections.abc import Iterator
from pathlib import Path

import pytest

from letters import letter, names, stamp, traced
from postfix import Postfix
from running import until
from served import Served


@pytest.fixture(scope="module")
def allowed(require_tool) -> None:
    """Whether a Postfix can be started here."""
    require_tool("postfix")
    if os.geteuid() != 0:
        pytest.skip("needs root: Postfix's master does")


@pytest.fixture(scope="module")
def next_hop(allowed) -> Iterator[Postfix]:
    """A Postfix that takes pizza.test's mail into maildirs, and later@'s not now."""
    settings = {
        "virtual_mailbox_domains": "pizza.test",
        "virtual_mailbox_maps": "inline:{pat@pizza.test=pat/, peg@pizza.test=peg/, later@pizza.test=later/}",
        "smtpd_recipient_restrictions": "check_recipient_access inline:{{later@pizza.test = 450 4.2.0 Not now}}, permit_mynetworks, reject",
    }
    postfix = Postfix("mail.pizza.test", settings)
    try:
        postfix.start()
        yield postfix
    finally:
        postfix.stop()


@pytest.fixture(scope="module")
def previous_hop(allowed, lab) -> Iterator[Postfix]:
    """A Postfix that passes hamburger.test's mail on, by SMTP; and some of it by LMTP."""
    mx, lmtp = lab.port("smtp"), lab.port("lmtp")
    ways = f"hamburger.test=smtp:[127.0.0.1]:{mx}"
    for name in ("bob+lmtp", "nobody+lmtp"):
        ways += f", {name}@hamburger.test=lmtp:inet:[127.0.0.1]:{lmtp}"
    settings = {
        "relay_domains": "hamburger.test",
        "transport_maps": f"inline:{{{ways}}}",
        "smtp_destination_concurrency_limit": "5",
    }
    postfix = Postfix("mail.crepes.test", settings)
    try:
        postfix.start()
        yield postfix
    finally:
        postfix.stop()


@pytest.fixture(scope="module")
def served(next_hop, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Served]:
    """A server of ours that knows the way to pizza.test."""
    route = f'\n[routes."pizza.test"]\nhost = "127.0.0.1"\nport = {next_hop.port}\n'
    server = Served(Path(tmp_path_factory.mktemp("served")), "carla@calzone.test", route)
    running = server.start()
    try:
        yield server
    finally:
        running.stop()


def test_the_next_hop(served, next_hop):
    """Several recipients, one of whom it does not know: those get it, and the sender gets a report."""
    text = letter(
        served.owner, "pat@pizza.test", stamp(), ".\n..\n" + "Crêpes, and a long line: " + "x" * 900 + "\n"
    )
    everybody = ["pat@pizza.test", "peg@pizza.test", "nobody@pizza.test"]
    with served.submission() as smtp:
        assert smtp.sendmail(served.owner, everybody, text, mail_options=["BODY=8BITMIME"]) == {}
    for name in ("pat", "peg"):
        (got,) = until(f"the letter of {name}", lambda name=name: next_hop.letters(name))
        rest = got[got.index(b"From: ") :]
        assert rest == text.replace(b"\r\n", b"\n")
        assert b"(authenticated as carla@calzone.test)" in got
    (report,) = served.maildrop.arrived()
    assert b"Final-Recipient: rfc822; nobody@pizza.test" in report
    assert b"550 5.1.1" in report


def test_the_next_hop_says_later(served):
    with served.submission() as smtp:
        smtp.sendmail(served.owner, "later@pizza.test", letter(served.owner, "later@pizza.test", stamp()))
    shown = until("an attempt", lambda: _reason(served, "later@pizza.test"))
    assert "450 4." in shown
    served.command("queue", "drop", "--recipient", "later@pizza.test", "--yes")


def _reason(served: Served, recipient: str) -> str:
    listed = served.command("queue", "list", "--recipient", recipient)
    return listed if "450" in listed else ""


@pytest.mark.parametrize("count", [1, 20])
def test_the_previous_hop(previous_hop, bob, sender, count):
    texts = [letter(sender.address, bob.address, f"{number}", ".\n..\nCrêpes\n") for number in range(count)]
    with smtplib.SMTP("127.0.0.1", previous_hop.port) as smtp:
        for text in texts:
            smtp.sendmail(sender.address, bob.address, text)
    got = bob.arrived(count)
    assert sorted(traced(raw)[1] for raw in got) == sorted(texts)
    for raw in got:
        fields = traced(raw)[0]
        assert names(fields) == ["Return-Path", "Delivered-To", "Received", "Received"]
        assert b"from mail.crepes.test " in fields[2]
        assert b"ESMTPS" in fields[2]  # it takes TLS where it is offered


def test_the_previous_hop_by_lmtp(previous_hop, lab, alice, sender):
    """One recipient is known, one is not, in one transaction: each gets an answer of his own."""
    bob = lab.person("bob@hamburger.test")
    text = letter(alice.address, bob.address, stamp())
    with smtplib.SMTP("127.0.0.1", previous_hop.port) as smtp:
        smtp.sendmail(alice.address, ["bob+lmtp@hamburger.test", "nobody+lmtp@hamburger.test"], text)
    found = until("the letter", lambda: [raw for raw in bob.all() if traced(raw)[1] == text])
    assert b"with LMTP" in traced(found[0])[0][2]
    until("Postfix to hear of it", lambda: "said: 550 5.1.1" in previous_hop.words())


def test_the_previous_hop_hears_of_unknown_people(previous_hop, bob):
    with smtplib.SMTP("127.0.0.1", previous_hop.port) as smtp:
        smtp.sendmail(
            bob.address, "nobody@hamburger.test", letter(bob.address, "nobody@hamburger.test", stamp())
        )
    report = bob.arrived()[0]
    assert b"5.1.1" in report
    assert b"nobody@hamburger.test" in report
