"""Alice writes, Bob reads: every command against real servers."""

from __future__ import annotations

import smtplib
import time
from collections.abc import Callable
from email import message_from_string
from email.utils import parsedate_to_datetime
from pathlib import Path
from typing import Any

import pytest

from commands import Run
from postroom.lab import Lab

PNG = b"\x89PNG\r\n\x1a\n" + bytes(range(256))


def arrived(mail: Run, subject: str, who: str = "bob") -> dict[str, Any]:
    """The line of the message with this subject, when it has come."""
    for _ in range(1000):  # each look takes some milliseconds
        for line in mail(f"list --json --as {who}").records:
            if line["subject"] == subject:
                return line
    raise AssertionError(f"{subject} did not come")


@pytest.fixture
def letter(mail: Run, request: pytest.FixtureRequest) -> Callable[..., dict[str, Any]]:
    """Alice sends a message to bob and waits until it is there."""

    def send(*options: str, text: str = "Do you like ketchup?\n") -> dict[str, Any]:
        subject = request.node.name[:60]
        ran = mail(
            "send",
            "--as",
            "alice",
            "bob@hamburger.test",
            "--subject",
            subject,
            "--json",
            *options,
            stdin=text,
        )
        assert ran.code == 0, ran.err
        return {**arrived(mail, subject), "sent": ran.records[0]}

    return send


def test_the_date_is_by_the_clock_of_the_servers(mail: Run, by_a_moved_clock: str) -> None:
    before = time.time() + 432_000
    sent = mail(f"send --as alice {by_a_moved_clock} bob@hamburger.test --subject moved --body x")
    assert sent.code == 0, sent.err
    number = arrived(mail, "moved")["number"]
    read = mail(f"read {number} --as bob --raw").out
    date = parsedate_to_datetime(message_from_string(read)["Date"]).timestamp()
    assert -2 < date - before < 60


def test_sent_listed_read_deleted(mail: Run, letter: Callable[..., dict[str, Any]]) -> None:
    line = letter()
    assert line["from"] == "Alice <alice@crepes.test>"
    assert line["sent"]["journey"].startswith("J")
    assert line["sent"]["recipients"] == ["bob@hamburger.test"]
    read = mail(f"read {line['number']} --as bob")
    assert read.code == 0
    assert "Subject: test_sent_listed_read_deleted" in read.out
    assert "Do you like ketchup?" in read.out
    (record,) = mail(f"read --as bob --json {line['uid']}").records
    assert (record["text"], record["message_id"]) == ("Do you like ketchup?", line["sent"]["message_id"])
    assert mail(f"delete --as bob {line['uid']}").out == "deleted 1 message\n"
    assert line["uid"] not in [one["uid"] for one in mail("list --as bob --json").records]


def test_options_stand_before_or_behind_the_command(mail: Run) -> None:
    assert mail("--as bob list --json").out == mail("list --json --as bob@hamburger.test").out


def test_files_travel_and_are_saved_under_safe_names(
    mail: Run, letter: Callable[..., dict[str, Any]], tmp_path: Path
) -> None:
    (tmp_path / "crêpe.png").write_bytes(PNG)
    (tmp_path / "page.html").write_text("<p>Do you <b>like</b> it?</p>")
    line = letter("--attach", str(tmp_path / "crêpe.png"), "--html", str(tmp_path / "page.html"))
    ran = mail("read", "--as", "bob", "--save", str(tmp_path / "out"), str(line["number"]))
    assert "image/png" in ran.out
    assert "multipart/alternative" in ran.out
    (saved,) = (tmp_path / "out").iterdir()
    assert (saved.name, saved.read_bytes()) == ("crêpe.png", PNG)
    again = mail(
        "read", "--as", "bob", "--save", str(tmp_path / "out"), "--json", str(line["number"])
    ).records[0]
    assert again["saved"][0]["path"].endswith("crêpe (1).png")


def test_raw_is_the_message_octet_by_octet(mail: Run, letter: Callable[..., dict[str, Any]]) -> None:
    line = letter()
    raw = mail(f"read --as bob --raw {line['number']}").out
    assert len(raw.encode("utf-8", "surrogateescape")) == line["size"]
    assert raw.startswith("Return-Path: <alice@crepes.test>\r\n")
    headers = mail(f"read --as bob --headers {line['number']}").out
    assert "Received: from" in headers


def test_an_answer_goes_back_and_refers(mail: Run, letter: Callable[..., dict[str, Any]]) -> None:
    line = letter()
    ran = mail("reply", "--as", "bob", str(line["number"]), stdin="Yes!\n")
    assert ran.code == 0, ran.err
    answer = arrived(mail, f"Re: {line['subject']}", "alice")
    (record,) = mail(f"read --as alice --json --headers {answer['uid']}").records
    assert record["text"].startswith("Yes!\n\nOn ")
    assert "> Do you like ketchup?" in record["text"]
    assert ["In-Reply-To", f"<{line['message_id']}>"] in record["headers"]


@pytest.mark.parametrize("way", ["inline", "--attached"])
def test_a_forward_takes_the_letter_along(mail: Run, letter: Callable[..., dict[str, Any]], way: str) -> None:
    line = letter()
    options = [way] if way != "inline" else []
    ran = mail("forward", "--as", "bob", str(line["number"]), "alice@crepes.test", "--body", "Look", *options)
    assert ran.code == 0, ran.err
    forwarded = arrived(mail, f"Fwd: {line['subject']}", "alice")
    (record,) = mail(f"read --as alice --json {forwarded['uid']}").records
    assert record["text"].startswith("Look")
    types = [part["type"] for part in record["parts"]]
    assert ("message/rfc822" in types) if options else ("Do you like ketchup?" in record["text"])


def test_hidden_recipients_stay_hidden(mail: Run, letter: Callable[..., dict[str, Any]]) -> None:
    line = letter("--bcc", "alice@crepes.test", "--cc", "Bob B. <bob@hamburger.test>")
    assert line["sent"]["recipients"] == ["bob@hamburger.test", "alice@crepes.test"]
    raw = mail(f"read --as bob --raw {line['number']}").out.lower()
    assert "bcc:" not in raw


def test_verbose_shows_the_dialogue_without_the_password(mail: Run, lab: Any) -> None:
    ran = mail("send --as alice bob@hamburger.test -v --subject v --body x")
    assert ">MAIL FROM:<alice@crepes.test>" in ran.err
    assert all(one.password not in ran.err for one in lab._running.inhabitants)


def test_watch_shows_what_comes(mail: Run, by_pop3: str, monkeypatch: pytest.MonkeyPatch) -> None:
    def send(*_: Any) -> None:
        assert mail("send --as alice bob@hamburger.test --subject watched --body x").code == 0

    monkeypatch.setattr("postroom.agent.showing.News", Interrupting.with_action(send))
    ran = mail(f"watch --as bob --count 1 --interval 0.2 --json {by_pop3}")
    assert (ran.code, ran.records[-1]["event"], ran.records[-1]["subject"]) == (0, "added", "watched")


class Interrupting:
    """Does something once, at the first wait, and lets no time pass."""

    action: Callable[..., None]

    @classmethod
    def with_action(cls, action: Callable[..., None]) -> type:
        return type("Now", (cls,), {"action": staticmethod(action), "done": False})

    def __init__(self, *_: Any) -> None:
        self._done = False

    def wait(self, _: float) -> None:
        if not self._done:
            self._done = True
            self.action()


@pytest.mark.parametrize(
    ("line", "code", "words"),
    [
        ("read 999 --as bob", 1, "there is no message 999"),
        ("list --as carol", 2, "there are alice, bob"),
        ("list --config /no/such.toml", 1, "/no/such.toml"),
        ("--config /no/such.toml list", 1, "/no/such.toml"),
        ("send --as alice nobody@@x --body x", 1, "not an address"),
        ("send --as alice bob@hamburger.test --attach /no/such --body x", 1, "/no/such"),
        ("send --as alice carol@crepes.test --body x", 24, "No such user"),
    ],
)
def test_what_goes_wrong(mail: Run, line: str, code: int, words: str) -> None:
    ran = mail(line)
    assert (ran.code, ran.out) == (code, "")
    assert words in ran.err


def test_sent_to_some_is_said(mail: Run) -> None:
    ran = mail("send --as alice bob@hamburger.test carol@crepes.test --subject some --body x --json")
    assert (ran.code, ran.records[0]["recipients"]) == (30, ["bob@hamburger.test"])
    assert ran.records[0]["refused"][0]["recipient"] == "carol@crepes.test"


def test_how_a_message_is_written(mail: Run, letter: Callable[..., dict[str, Any]]) -> None:
    """What the program itself writes is well written, and its sender is proven."""
    line = letter()
    ran = mail(f"check {line['number']} --as bob")
    assert ran.code == 0, ran.out
    assert "sender\n  good  spf, dkim, dmarc" in ran.out
    (found,) = (one for one in mail(f"check {line['uid']} --as bob --json").records if one["check"] == "spf")
    assert found["reason"].startswith("mail.hamburger.test says spf=pass")
    assert mail(f"check {line['number']} --as bob --without nothing").code == 2


def test_a_message_without_a_header(mail: Run, lab: Lab) -> None:
    with smtplib.SMTP("127.0.0.1", lab.ports("hamburger.test")["smtp"], "crepes.test") as client:
        client.sendmail("nobody@crepes.test", ["bob@hamburger.test"], b"Do you like ketchup?\r\n")
    for line in mail("list --as bob").out.splitlines():
        number, *cells = line.split("\t")
        if cells[:3] == ["<nobody@crepes.test>", "(no subject)", "(no date)"]:
            break
    else:
        raise AssertionError("it is not listed")
    assert "Return-Path: <nobody@crepes.test>" in mail(f"read --as bob {number}").out
    ran = mail(f"reply --as bob {number}", stdin="Yes!")
    assert (ran.code, "names nobody to answer to" in ran.err) == (1, True)
