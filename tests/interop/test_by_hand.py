"""Dialogues of course notes, typed by hand: telnet, nc and openssl as students use them, and the mistakes that students make."""

from collections.abc import Callable, Iterator

import pytest

from letters import traced
from typing_by_hand import Typist

By = Callable[..., Typist]


FIRST = r"^(220 mail\.hamburger\.test|250 HELP)"
TOOLS = ["telnet", "nc -C", "openssl"]
KETCHUP = ("Do you like ketchup?", "How about pickles?")


@pytest.fixture
def by(lab, home, require_tool) -> Iterator[By]:
    """Starts a program that somebody types at: `by("telnet", "smtp")`."""
    typists = []

    def start(tool: str, service: str, domain: str = "hamburger.test") -> Typist:
        port = str(lab.port(service, domain))
        commands = {
            "telnet": ["telnet", "127.0.0.1", port],
            "nc -C": ["nc", "-C", "127.0.0.1", port],
            "nc": ["nc", "127.0.0.1", port],
            "openssl": [
                "openssl",
                "s_client",
                "-quiet",
                "-crlf",
                "-CAfile",
                lab.ca,
                "-connect",
                f"127.0.0.1:{port}",
            ],
        }
        command = commands[tool]
        if service in ("smtp", "submission") and tool == "openssl":
            command += ["-starttls", "smtp"]
        packages = {"nc": "netcat-openbsd", "telnet": "telnet"}
        command[0] = require_tool(command[0], packages.get(command[0], ""))
        typists.append(Typist(command, home, terminal=tool == "telnet"))
        return typists[-1]

    yield start
    for typist in typists:
        typist.close()


def greeted(typist: Typist, name: str = "crepes.fr") -> None:
    """The beginning; openssl reads the greeting itself, and shows the last line of the reply to its own EHLO."""
    typist.reads(FIRST)
    typist.says(f"HELO {name}", rf"^250 .*Hello {name}, pleased to meet you")


def writes(typist: Typist, sender: str, recipient: str, *lines: str) -> str:
    """One letter; gives the journey's id."""
    typist.says(f"MAIL FROM: {sender}", r"^250 2\.1\.0 ")
    typist.says(f"RCPT TO: {recipient}", r"^250 2\.1\.5 ")
    typist.says("DATA", r"^354 .*\.")
    return typist.says("\n".join((*lines, ".")), r"^250 2\.0\.0 Ok: queued as J[0-9a-z]+").split()[-1]


@pytest.mark.parametrize("tool", TOOLS)
def test_do_you_like_ketchup(by, bob, lab, tool):
    typist = by(tool, "smtp")
    greeted(typist)
    number = writes(typist, "<alice@crepes.fr>", f"<{bob.address}>", *KETCHUP)
    typist.says("QUIT", r"^221 .*mail\.hamburger\.test closing connection")
    typist.ends()
    fields, rest = traced(bob.arrived()[0])
    assert fields[0] == b"Return-Path: <alice@crepes.fr>\r\n"
    assert (
        rest == b"\r\nDo you like ketchup?\r\nHow about pickles?\r\n"
    )  # closed by an empty line: it has no header
    assert b"from crepes.fr " in fields[-1]
    way = lab.postroom("journey", number).stdout
    assert "MAIL FROM: <alice@crepes.fr>" in way


@pytest.mark.parametrize("tool", TOOLS)
def test_without_brackets_in_any_case(by, bob, tool):
    typist = by(tool, "smtp")
    typist.reads(FIRST)
    typist.says("helo crepes.fr", "^250 ")
    typist.says("mail from:alice@crepes.fr", "^250 2.1.0 ")
    typist.says(
        f"rcpt to: {bob.user.partition('@')[0]}", "^250 2.1.5 "
    )  # no domain: somebody of this machine
    typist.says("data", "^354 ")
    typist.says("Hi\n.", "^250 2.0.0 ")
    typist.says("quit", "^221 ")
    assert len(bob.arrived()) == 1


@pytest.mark.parametrize("tool", TOOLS)
def test_a_leading_period(by, bob, tool):
    typist = by(tool, "smtp")
    greeted(typist)
    text = ("Hi dave - this message is a test of SMTP", "..", "..foo", "..", "Did it work?")
    writes(typist, "<alice@crepes.fr>", f"<{bob.address}>", *text)
    rest = traced(bob.arrived()[0])[1]
    assert rest.endswith(b"a test of SMTP\r\n.\r\n.foo\r\n.\r\nDid it work?\r\n")


def test_several_messages_in_one_connection(by, bob):
    typist = by("telnet", "smtp")
    greeted(typist)
    for number in range(3):
        writes(typist, "<alice@crepes.fr>", f"<{bob.address}>", f"Subject: {number}", "", f"Letter {number}")
    typist.says("QUIT", "^221 ")
    bodies = [raw.partition(b"\r\n\r\n")[2] for raw in bob.arrived(3)]
    assert bodies == [b"Letter 0\r\n", b"Letter 1\r\n", b"Letter 2\r\n"]


def test_a_header_that_runs_into_the_text(by, bob):
    typist = by("nc -C", "smtp")
    greeted(typist)
    text = ("Subject: mail trial", "This is a test mail to try that POP works", "with mail delivery.")
    writes(typist, "alice@crepes.fr", bob.address, *text)
    header, _, body = bob.arrived()[0].partition(b"\r\n\r\n")
    assert header.endswith(b"\r\nSubject: mail trial")
    assert body == b"This is a test mail to try that POP works\r\nwith mail delivery.\r\n"


@pytest.mark.parametrize(("tool", "service"), [("telnet", "pop3"), ("nc -C", "pop3"), ("openssl", "pop3s")])
def test_pop3(by, bob, tool, service):
    typist = by("nc -C", "smtp")
    greeted(typist)
    for number in (1, 2):
        writes(
            typist,
            "<alice@crepes.fr>",
            f"<{bob.address}>",
            f"Subject: {number}",
            "",
            f"Letter {number}",
            "..",
        )
    sizes = [len(raw) for raw in bob.arrived(2)]
    typist = by(tool, service)
    typist.reads(r"^\+OK .*POP3 server ready")
    typist.says(f"user {bob.address}", r"^\+OK ")
    typist.says(f"pass {bob.password}", r"^\+OK .*2 messages")
    typist.says("stat", rf"^\+OK 2 {sum(sizes)}$")
    typist.says("list", rf"^\+OK .*\n1 {sizes[0]}\n2 {sizes[1]}\n\.$")
    for number in (1, 2):
        typist.says(f"retr {number}", rf"^\+OK {sizes[number - 1]} octets\n(.*\n)*Letter {number}\n\.\.\n\.$")
        typist.says(f"dele {number}", r"^\+OK ")
    typist.says("quit", r"^\+OK ")
    typist.ends()
    assert bob.count() == 0


def test_the_line_feed_of_nc_gets_a_remedy_within_a_second(by):
    typist = by("nc", "smtp")
    typist.reads("^220 ")
    typist.type("HELO crepes.fr")
    words = typist.reads(
        r"^500 5\.5\.2 .*$", patience=5
    )  # the machine may be busy; a silent server waits for minutes
    assert "CRLF" in words
    assert "nc with -C" in words


def test_the_line_feed_in_pop3(by):
    typist = by("nc", "pop3")
    typist.reads(r"^\+OK ")
    typist.type("user bob")
    assert "CRLF" in typist.reads(r"^-ERR .*$", patience=5)


def test_what_is_pasted_at_once_gets_words(by, bob):
    typist = by("nc -C", "smtp")
    typist.reads("^220 ")
    lines = (
        "HELO crepes.fr",
        "MAIL FROM: <alice@crepes.fr>",
        f"RCPT TO: <{bob.address}>",
        "DATA",
        "Hi",
        ".",
        "QUIT",
    )
    typist.type("\n".join(lines))
    assert "Wait for each reply" in typist.reads(r"^5\d\d 5\.5\.\d .*$")


@pytest.mark.parametrize(
    ("typed", "words"),
    [
        ("HELLO crepes.fr", r"^500 5\.5\.[12] .*"),
        ("MAIL FROM: <alice@crepes.fr", r"^501 5\.\d\.\d .*"),
        ("MAIL alice@crepes.fr", r"^501 5\.5\.\d .*FROM"),
        ("RCPT TO: <bob@hamburger.test>", r"^503 5\.5\.1 .*MAIL"),
        ("DATA", r"^503 5\.5\.1 .*"),
        ("help", r"^214"),
        ("", r"^500 5\.5\.[12] .*"),
        ("GET / HTTP/1.1", r"^\d\d\d [25]\.\d\.\d .*mail server"),
    ],
)
def test_mistakes_get_words(by, typed, words):
    typist = by("telnet", "smtp")
    greeted(typist)
    typist.says(typed, words)
