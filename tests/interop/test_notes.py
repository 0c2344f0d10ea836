"""The dialogues of the course notes at a lab as it is started, as they are printed there: names, people, passwords; typed into telnet and nc."""

from __future__ import annotations

import re
import smtplib
import ssl
from collections.abc import Callable, Iterator

import dns.message
import dns.query
import pytest

import running
from letters import Maildrop
from typing_by_hand import Typist

CREPES = """
S: 220 hamburger.edu
C: HELO crepes.fr
S: 250 Hello crepes.fr, pleased to meet you
C: MAIL FROM: <alice@crepes.fr>
S: 250 alice@crepes.fr... Sender ok
C: RCPT TO: <bob@hamburger.edu>
S: 250 bob@hamburger.edu ... Recipient ok
C: DATA
S: 354 Enter mail, end with "." on a line by itself
C: Do you like ketchup?
C:   How about pickles?
C: .
S: 250 Message accepted for delivery
C: QUIT
S: 221 hamburger.edu closing connection
"""
TWO_RECIPIENTS = """
S: 220 ubuntu.localdomain ESMTP Postfix (Ubuntu)
C: HELO ksit.edu.in
S: 250 ubuntu.localdomain
C: MAIL FROM: rprustagi@ksit.edu.in
S: 250 2.1.0 Ok
C: RCPT TO: dummy@ksit.local
S: 250 2.1.5 Ok
C: RCPT TO: dummyuser@ksit.local
S: 250 2.1.5 Ok
C: DATA
S: 354 End data with <CR><LF>.<CR><LF>
C: Subject: mail trial with postfix
C: This is a test mail to try that POP and IMAP works
C: with mail delivery.
C: .
S: 250 2.0.0 Ok: queued as 89715362D67
C: quit
S: 221 2.0.0 Bye
"""
TELNET = """
S: 220 cs.rpi.edu ESMTP Sendmail 8.9.3/8.9.3; Tue, 14 Mar 2000 19:41:16 -0500
C: HELO z3.cs.rpi.edu
S: 250 cs.rpi.edu Hello hollindg@z3.cs.rpi.edu [128.213.4.203], pleased to meet you
C: MAIL FROM: bill@microsoft.com
S: 250 Regis@millionaire.com... Sender ok
C: RCPT TO: hollindg
S: 250 hollindg... Recipient ok
C: DATA
S: 354 Enter mail, end with "." on a line by itself
C: Hi Dave - What is buffer overflow?
C: .
S: 250 VAA07541 Message accepted for delivery
C: QUIT
S: 221 closing connection
"""
LEADING_PERIOD = """
S: 220 cs.rpi.edu ESMTP
C: HELO z3.cs.rpi.edu
S: 250 cs.rpi.edu Hello, pleased to meet you
C: MAIL FROM: bill@microsoft.com
S: 250 bill@microsoft.com... Sender ok
C: RCPT TO: hollingd@monte.cs.rpi.edu
S: 250 hollingd... Recipient ok
C: DATA
S: 354 Enter mail, end with "." on a line by itself
C: Hi dave - this message is a test of SMTP
C: ..
C: ..foo
C: ..
C: .
S: 250 VAA0771 Message accepted for delivery
C: QUIT
S: 221 closing connection
"""
CAROLYN = """
S: +OK POP3 server ready
C: USER carolyn
S: +OK
C: PASS vegetables
S: +OK login successful
C: LIST
S: +OK
S: 1 2505
S: 2 14302
S: 3 8122
S: .
C: RETR 1
S: (sends message 1)
C: DELE 1
S: +OK
C: RETR 2
S: (sends message 2)
C: DELE 2
S: +OK
C: RETR 3
S: (sends message 3)
C: DELE 3
S: +OK
C: QUIT
S: +OK POP3 server disconnecting
"""
HUNGRY = """
S: +OK POP3 server ready
C: user {name}
S: +OK
C: pass hungry
S: +OK user successfully logged on
C: list
S: +OK
S: 1 498
S: 2 912
S: .
C: retr 1
S: (sends message 1)
C: dele 1
S: +OK
C: retr 2
S: (sends message 2)
C: dele 2
S: +OK
C: quit
S: +OK POP3 server signing off
"""
JOE = """
S: +OK POP3 monte.cs.rpi.edu v7.59 server ready
C: user joe
S: +OK User name accepted, password please
C: pass joepw
S: +OK Mailbox open, 1 messages
C: stat
S: +OK 1 412
C: list
S: +OK Mailbox scan listing follows
S: 1 412
S: .
C: retr 1
S: +OK 412 octets
S: (sends message 1)
C: quit
S: +OK
"""
Play = Callable[..., str]


@pytest.fixture(params=["telnet", "nc -C"])
def play(request, lab, home, require_tool) -> Iterator[Play]:
    """Types what the client says and waits for what the server is to say: `play(dialogue, "pop3")`; gives all that was seen."""
    typists = []

    def typed(dialogue: str, service: str, domain: str = "hamburger.test") -> str:
        words = str(request.param).split()
        packages = {"nc": "netcat-openbsd", "telnet": "telnet"}
        words[0] = require_tool(words[0], packages[words[0]])
        command = [*words, "127.0.0.1", str(lab.port(service, domain))]
        typists.append(Typist(command, home, terminal=words[0].endswith("telnet")))
        for who, line in (line.split(": ", 1) for line in dialogue.strip().splitlines()):
            if who == "C":
                typists[-1].type(line)
            else:
                typists[-1].reads(_expected(line))
        typists[-1].ends()
        return typists[-1].seen

    yield typed
    for typist in typists:
        typist.close()


def _expected(line: str) -> str:
    """The server's words may be others; code, kind and shape are those of the notes."""
    if line.startswith("(sends message"):
        return r"^(.*\n)*?\.$"
    if re.fullmatch(r"\d+ \d+", line):
        return rf"^{line.split(maxsplit=1)[0]} \d+$"
    if re.fullmatch(r"\+OK \d+ \d+", line):
        return rf"^\+OK {line.split()[1]} \d+$"
    if line == ".":
        return r"^\.$"
    return r"^\+OK( .*)?$" if line.startswith("+OK") else rf"^{line[:3]} "


@pytest.fixture
def reader(lab) -> Callable[[str], list[bytes]]:
    """What is in a mailbox of the notes' people, read by the notes' passwords; it is empty before and after."""
    for person in lab.process.facts["notes"]["accounts"]:
        person_of(lab, person).empty()

    def read(name: str, count: int = 1) -> list[bytes]:
        mail = person_of(lab, name)
        found: list[bytes] = mail.arrived(count)
        mail.empty()
        return found

    return read


def person_of(lab, address: str) -> Maildrop:
    """One of the notes' people, with his password of the notes."""
    port = lab.port("pop3s", address.partition("@")[2])
    password = lab.process.facts["notes"]["accounts"][address]
    return Maildrop(port, address, password, ssl.create_default_context(cafile=lab.ca))


def post(lab, recipient: str, *subjects: str, domain: str = "hamburger.test") -> None:
    """Letters by port 25."""
    with smtplib.SMTP("127.0.0.1", lab.port("smtp", domain), "crepes.fr", timeout=running.PATIENCE) as smtp:
        for subject in subjects:
            text = f"From: alice@crepes.fr\r\nTo: {recipient}\r\nSubject: {subject}\r\n\r\nDo you like ketchup?\r\n"
            smtp.sendmail("alice@crepes.fr", recipient, text)


def test_the_names_are_in_the_line_for_programs(lab):
    facts = lab.process.facts
    assert facts["domains"].keys() == {"hamburger.test", "crepes.test"}
    assert facts["notes"]["domains"] == {
        "hamburger.edu": "hamburger.test",
        "ksit.local": "hamburger.test",
        "cs.rpi.edu": "hamburger.test",
        "monte.cs.rpi.edu": "hamburger.test",
        "crepes.fr": "crepes.test",
    }
    assert facts["notes"]["accounts"]["carolyn@hamburger.test"] == "vegetables"


def test_do_you_like_ketchup(play, reader):
    play(CREPES, "smtp")
    [raw] = reader("bob@hamburger.test")
    assert raw.endswith(b"\r\nDo you like ketchup?\r\n  How about pickles?\r\n")
    assert raw.startswith(b"Return-Path: <alice@crepes.fr>\r\n")


def test_two_recipients(play, reader):
    play(TWO_RECIPIENTS, "smtp")
    for name in ("dummy", "dummyuser"):
        [raw] = reader(f"{name}@hamburger.test")
        assert b"\r\nSubject: mail trial with postfix\r\n" in raw
        assert raw.endswith(b"works\r\nwith mail delivery.\r\n")


def test_a_name_of_the_machine_alone(play, reader):
    play(TELNET, "smtp")
    [raw] = reader("hollindg@hamburger.test")
    assert raw.endswith(b"\r\nHi Dave - What is buffer overflow?\r\n")
    assert b"from z3.cs.rpi.edu " in raw


def test_a_leading_period(play, reader):
    play(LEADING_PERIOD, "smtp")
    [raw] = reader("hollindg@hamburger.test")
    assert raw.endswith(b"\r\nHi dave - this message is a test of SMTP\r\n.\r\n.foo\r\n.\r\n")


def test_carolyn_reads_and_deletes(play, lab):
    post(lab, "carolyn@hamburger.edu", "one", "two", "three")
    seen = play(CAROLYN, "pop3")
    assert seen.count("Do you like ketchup?") == 3
    assert person_of(lab, "carolyn@hamburger.test").count() == 0


@pytest.mark.parametrize(
    ("name", "recipient", "domain"),
    [("bob", "bob@hamburger.edu", "hamburger.test"), ("alice", "alice@crepes.fr", "crepes.test")],
)
def test_hungry(play, lab, name, recipient, domain):
    person = person_of(lab, f"{name}@{domain}")
    person.empty()
    post(lab, recipient, "one", "two", domain=domain)
    seen = play(HUNGRY.format(name=name), "pop3", domain)
    assert seen.count("Do you like ketchup?") == 2
    assert person.count() == 0


def test_joe(play, lab):
    person = person_of(lab, "joe@hamburger.test")
    person.empty()
    post(lab, "joe@monte.cs.rpi.edu", "one")
    assert "Do you like ketchup?" in play(JOE, "pop3")
    person.empty()


def test_what_is_sent_between_the_domains_of_the_notes_finds_its_way(lab, reader):
    """By the lab's own DNS: the MX of hamburger.edu is the lab's, and no other DNS is asked."""
    words = ("send", "carolyn@hamburger.edu", "--subject", "From crepes.fr")
    lab.postroom("mail", "--as", "alice", *words, stdin="Yes.\n")
    [raw] = reader("carolyn@hamburger.test")
    assert b"Subject: From crepes.fr\r\n" in raw


def test_the_zones(lab):
    def asked(name: str, kind: str) -> list[str]:
        query = dns.message.make_query(name, kind)
        found = dns.query.udp(
            query, "127.0.0.1", running.PATIENCE, lab.process.facts["dns"], ignore_unexpected=True
        )
        return [record.to_text() for answer in found.answer for record in answer]

    for name in ("hamburger.edu", "ksit.local", "cs.rpi.edu", "monte.cs.rpi.edu"):
        assert asked(name, "MX") == ["10 mail.hamburger.test."]
        assert asked(f"mail.{name}", "A") == ["127.0.0.3"]
    assert asked("crepes.fr", "MX") == ["10 mail.crepes.test."]
    assert asked("fred.cs.rpi.edu", "A") == ["127.0.0.3"]
    assert asked("z3.cs.rpi.edu", "A") == ["127.0.0.4"]
    assert asked("crepes.fr", "TXT") == []
