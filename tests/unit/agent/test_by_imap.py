"""What IMAP adds to the commands, against real servers; and what is said where there is only POP3."""

from __future__ import annotations

import smtplib
from collections.abc import Callable, Iterator
from itertools import count
from typing import Any

import pytest

from commands import Run
from postroom.lab import Lab

NUMBERS = count(1)
Put = Callable[..., str]


@pytest.fixture
def put(lab: Lab, mail: Run, request: pytest.FixtureRequest) -> Put:
    """Puts a message into Bob's mailbox and gives its subject, which no other has."""

    def deliver(text: str = "Do you like ketchup?", subject: str = "") -> str:
        subject = f"{subject or request.node.name[:30]} {next(NUMBERS)}"
        header = f"From: Alice <alice@crepes.test>\r\nTo: bob@hamburger.test\r\nSubject: {subject}\r\n"
        port = lab.ports("hamburger.test")["smtp"]
        with smtplib.SMTP("127.0.0.1", port, "crepes.test") as client:
            client.sendmail("alice@crepes.test", ["bob@hamburger.test"], f"{header}\r\n{text}\r\n".encode())
        return subject

    return deliver


def lines(mail: Run, subject: str, folder: str = "INBOX") -> list[dict[str, Any]]:
    ran = mail("list", "--as", "bob", "--json", "--folder", folder)
    assert ran.code == 0, ran.err
    return [line for line in ran.records if line["subject"] == subject]


def test_a_message_that_was_read_is_seen(mail: Run, put: Put) -> None:
    subject = put()
    (line,) = lines(mail, subject)
    assert line["flags"] == []
    assert mail("list --as bob --last 1").out.rstrip("\n").endswith("\tnew")
    assert mail(f"read --as bob {line['uid']}").code == 0
    (line,) = lines(mail, subject)
    assert line["flags"] == ["\\Seen"]


@pytest.mark.parametrize(("more", "code"), [("", 0), ("--cc nobody@hamburger.test", 30)])
def test_an_answer_is_noted_on_the_message(mail: Run, put: Put, more: str, code: int) -> None:
    """Also one that did not go to all."""
    subject = put()
    (line,) = lines(mail, subject)
    assert mail(f"reply --as bob {line['uid']} --body Yes {more}").code == code
    (line,) = lines(mail, subject)
    assert set(line["flags"]) == {"\\Seen", "\\Answered"}


def test_folders_and_moves(mail: Run, put: Put) -> None:
    subjects = [put(), put()]
    found = [lines(mail, subject)[0] for subject in subjects]
    ran = mail("move", "--as", "bob", "--json", *(line["uid"] for line in found), "Crêpes & Co")
    assert (ran.code, ran.out) == (1, "")
    assert "there is no folder 'Crêpes & Co'; --create makes it" in ran.err
    ran = mail("move", "--as", "bob", "--json", "--create", *(line["uid"] for line in found), "Crêpes & Co")
    assert ran.records == [
        {"moved": line["uid"], "number": line["number"], "to": "Crêpes & Co"} for line in found
    ]
    assert lines(mail, subjects[0]) == []
    folders = {one["folder"]: one for one in mail("folders --as bob --json").records}
    assert folders["Crêpes & Co"] == {"folder": "Crêpes & Co", "messages": 2, "unseen": 2, "use": ""}
    assert folders["Sent"]["use"] == "sent"
    assert next(iter(folders)) == "INBOX"
    (line,) = lines(mail, subjects[1], "Crêpes & Co")
    assert "Do you like ketchup?" in mail("read", "--as", "bob", "--folder", "Crêpes & Co", line["uid"]).out
    assert mail("delete", "--as", "bob", "--folder", "Crêpes & Co", line["uid"]).code == 0
    assert lines(mail, subjects[1], "Crêpes & Co") == []
    assert len(lines(mail, subjects[0], "Crêpes & Co")) == 1
    assert "Crêpes & Co\t1\t1\t\n" in mail("folders --as bob").out


def test_search_is_done_by_the_server(mail: Run, put: Put) -> None:
    one, other = put("Pickles are crêpes' friends", "alpha"), put("Nothing", "beta")

    def found(*words: str) -> set[str]:
        ran = mail("search", "--as", "bob", "--json", *words)
        assert ran.code == 0, ran.err
        return {line["subject"] for line in ran.records} & {one, other}

    assert found("--subject", one) == {one}
    assert found("CRÊPES'", "pickles") == {one}
    assert found("--body", "nothing", "--from", "alice@crepes") == {other}
    assert found("--since", "2020-01-01", "--unseen", "--to", "bob") == {one, other}
    assert found("--before", "2020-01-01") == set()
    assert found("--flagged") == set()
    assert found("subject:beta", "OR", "!body:nothing", "newer_than:1d") == {one} | found("subject:beta")
    assert found("body:nothing", "!from:zoe", "is:unread", "{larger:1", "on:2001-01-01}") == {other}
    assert found('"crêpes\' friends"') == {one}
    assert mail("search --as bob no-such-word-anywhere").err == "nothing found\n"


@pytest.mark.parametrize(
    ("line", "code", "words"),
    [
        ("search --as bob", 2, "search for what?"),
        (
            "search --as bob form:alice",
            2,
            "at character 1, there is no operator form:: perhaps from: is meant",
        ),
        ("search --as bob in:inbox", 2, "name the folder with --folder"),
        ("search --as bob --since yesterday", 2, "'yesterday' is not a day; one looks like 2025-06-15"),
        ("list --as bob --folder Nowhere", 1, "postroom mail folders lists what there is"),
        ("move --as bob 1.1 Trash", 1, "there is no message 1.1"),
    ],
)
def test_what_goes_wrong(mail: Run, line: str, code: int, words: str) -> None:
    ran = mail(line)
    assert (ran.code, ran.out) == (code, "")
    assert words in ran.err


def test_what_is_sent_is_kept(mail: Run) -> None:
    subject = f"kept {next(NUMBERS)}"
    ran = mail(
        "send", "--as", "bob", "alice@crepes.test", "--subject", subject, "--body", "Ketchup", "--json"
    )
    assert ran.records[0]["filed"] == "Sent"
    (line,) = lines(mail, subject, "Sent")
    assert line["flags"] == ["\\Seen"]
    assert line["message_id"] == ran.records[0]["message_id"]


def test_news_comes_by_idle(mail: Run, put: Put, monkeypatch: pytest.MonkeyPatch) -> None:
    sent: Iterator[str] = iter(())

    def begin(*_: Any) -> None:
        nonlocal sent
        sent = iter([put(), put()])

    monkeypatch.setattr("postroom.agent.showing.News", begin)
    ran = mail("watch --as bob --count 2 --json")
    assert [(line["event"], line["subject"]) for line in ran.records] == [("added", one) for one in sent]


@pytest.mark.parametrize(
    ("line", "words"),
    [
        ("folders", "A list of folders needs IMAP"),
        ("move 1 Trash", "Moving needs IMAP"),
        ("search ketchup", "Searching needs IMAP"),
        ("list --folder Sent", "Another folder than INBOX needs IMAP"),
        ("watch --folder Sent", "Another folder than INBOX needs IMAP"),
    ],
)
def test_with_pop3_alone_the_remedy_is_named(mail: Run, by_pop3: str, line: str, words: str) -> None:
    ran = mail(f"{line} --as bob {by_pop3}")
    assert (ran.code, ran.out) == (1, "")
    assert words in ran.err
    assert "add a table imap" in ran.err


def test_pop3_is_good_for_the_rest(mail: Run, by_pop3: str, put: Put) -> None:
    subject = put()
    (line,) = [
        one
        for one in mail(f"list --as bob --json --folder inbox {by_pop3}").records
        if one["subject"] == subject
    ]
    assert "flags" not in line
    ran = mail(f"send --as bob alice@crepes.test --subject x --body x --json {by_pop3}")
    assert "filed" not in ran.records[0]
    assert mail(f"delete --as bob {line['uid']} {by_pop3}").code == 0
    assert lines(mail, subject) == []
