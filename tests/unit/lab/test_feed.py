"""What happens in a lab: numbered, bounded, waited for; connections, logs and questions in one list."""

from __future__ import annotations

import asyncio
import io
import smtplib
from pathlib import Path

import msgspec
import pytest

from laboratory import LabThread
from postroom.app.logs import make_log
from postroom.lab.control import ask_lab
from postroom.lab.dns.server import Question
from postroom.lab.heard import feed as feeds
from postroom.lab.heard.explained import Explained
from postroom.lab.heard.feed import MOST_FACTS, MOST_TEXT, Feed, Happening, heard
from postroom.lab.heard.watching import WATCH, told
from postroom.message.journey.events import Decided, Hop, HopKind, Outcome, Said
from postroom.net.session import Peer, TlsFacts


def feed() -> Feed:
    return Feed(lambda: 1_000_000, lambda ip: "mail.crepes.test" if ip == "127.0.0.2" else "")


async def test_who_waits_hears_of_it() -> None:
    one = feed()
    waiting = asyncio.ensure_future(one.after(0))
    await asyncio.sleep(0)
    one.add("noted", text="x")
    assert [found.seq for found in await asyncio.wait_for(waiting, 60)] == [1]
    assert one.since(1) == []


async def test_who_waits_behind_what_was_forgotten_hears_of_what_comes() -> None:
    one = feed()
    one.add("noted", text="x")
    one.clear()
    waiting = asyncio.ensure_future(one.after(0))
    await asyncio.sleep(0)
    assert not waiting.done()
    one.add("noted", text="y")
    assert [found.text for found in await asyncio.wait_for(waiting, 60)] == ["y"]


def test_the_oldest_are_forgotten(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(feeds, "MOST", 3)
    one = feed()
    for text in "abcd":
        one.add("noted", text=text)
    assert [found.text for found in one.since(0)] == ["b", "c", "d"]
    assert [found.text for found in one.since(2)] == ["c", "d"]
    assert one.last == 4
    one.clear()
    assert one.since(0) == []
    one.add("noted", text="e")
    assert [found.seq for found in one.since(4)] == [5]


def test_what_is_remembered_of_each_has_an_end() -> None:
    one = feed()
    long = {"who": "x" * 3_000, "all": [{"is": "y" * 3_000, "at": 1}, *range(9_000)], "n": 7, "last": "z"}
    one.add("noted", text="t" * 3_000, facts=long)
    one.asked(Question(1, "127.0.0.1", "tcp", "a.test", "TXT", "NOERROR", ("TXT " + "x" * 60_000,)))
    (noted, asked) = one.since(0)
    assert noted.text == "t" * 1_999 + "…"
    assert noted.facts["who"] == "x" * 1_999 + "…"
    assert noted.facts["all"][:2] == [{"is": "y" * 1_999 + "…", "at": 1}, 0]
    assert (len(noted.facts["all"]), noted.facts["n"], noted.facts["last"]) == (3_995, 7, "…")
    assert [len(answer) for answer in asked.facts["answers"]] == [2_000]
    assert max(len(msgspec.json.encode(found)) for found in (noted, asked)) < 30_000


@pytest.mark.parametrize("more", [0, 1])
def test_what_is_cut_says_so(more: int) -> None:
    one = feed()
    one.add("noted", text="t" * (MOST_TEXT + more), facts={"names": ["x" * 99] * (MOST_FACTS // 100 + more)})
    one.overhear("hamburger.test", "smtp", Peer("127.0.0.2", 9), Peer("127.0.0.3", 25)).went(
        b"2" * (MOST_TEXT + more) + b"\r\n"
    )
    noted, line = (found for found in one.since(0) if found.kind in ("noted", "line"))
    for text in (noted.text, line.text):
        assert (len(text), text.endswith("…")) == (MOST_TEXT, bool(more))
    assert noted.facts["names"][-1].endswith("…")  # the list itself takes one character
    assert (noted.facts["names"][-1] == "…") == bool(more)


def test_a_connection_with_its_lines() -> None:
    one = feed()
    hearing = one.overhear("hamburger.test", "smtp", Peer("127.0.0.2", 9), Peer("127.0.0.3", 25))
    hearing.went(b"220 here\r\n")
    hearing.secured(TlsFacts("TLSv1.3", "AES", 256))
    hearing.came(b"DATA\r\n")
    hearing.went(b"354 go\r\n")
    hearing.came(b"line\r\n" * 203 + b".\r\n")
    hearing.ended("done")
    found = one.since(0)
    assert found[0].facts == {"peer": "127.0.0.2:9", "name": "mail.crepes.test", "port": 25}
    assert [(line.arrow, line.text, line.content) for line in found[1:2]] == [("->", "220 here", False)]
    assert [line.arrow for line in found[3:5]] == ["<~", "~>"]
    assert [line.text for line in found if line.content] == ["line"] * 200 + ["[3 more lines]"]
    assert (found[-1].kind, found[-1].text) == ("closed", "done")
    assert {line.connection for line in found} == {1}


def test_a_message_that_is_pasted_with_its_commands_is_told_behind_the_reply_that_asks_for_it() -> None:
    one = feed()
    hearing = one.overhear("hamburger.test", "smtp", Peer("127.0.0.1", 9), Peer("127.0.0.3", 25))
    hearing.came(b"DATA\r\n")
    hearing.came(b"RCPT is a word of this letter\r\n.\r\n")
    hearing.went(b"354 go\r\n")
    hearing.went(b"250 taken\r\n")
    hearing.came(b"DATA\r\nlost\r\n")
    hearing.ended("done")
    told = [(line.arrow + "=" * line.content, line.text) for line in one.since(1)]
    assert told == [
        ("<-", "DATA"),
        ("->", "354 go"),
        ("<-=", "RCPT is a word of this letter"),
        ("<-", "."),
        ("->", "250 taken"),
        ("<-", "DATA"),
        ("<-=", "lost"),
        ("", "done"),
    ]


def test_the_log_is_told_whatever_its_level(capsys: pytest.CaptureFixture[str]) -> None:
    one, stream = feed(), io.StringIO()
    log = heard(make_log("json", "warning", stream), one, "crepes.test")
    log.info("message.accepted", id="J1", sender=b"\xff", password="x")
    log.bind(job=3).warning("queue.late", hosts=("a", 1))
    assert [(line.text, dict(line.facts)) for line in one.since(0)] == [
        ("message.accepted", {"id": "J1", "sender": "\\xff", "password": "***"}),
        ("queue.late", {"job": 3, "hosts": ["a", 1]}),
    ]
    assert '"server":"crepes.test"' in stream.getvalue()
    assert "message.accepted" not in stream.getvalue()
    assert not capsys.readouterr().out


def test_attempts_of_the_queue_are_told() -> None:
    one = feed()
    hop = Hop(HopKind.RELAY, 0, [Decided(1, "spf", "x"), Said(2, [b">QUIT"]), Outcome(3, 0, "bob@b.test", "delayed", "4.4.1", "nobody there")])  # fmt: skip
    one.journeyed("a.test", 1 << 22, hop)
    assert [(found.text, found.facts["hop"]) for found in one.since(0)] == [
        ("spf: x", "relay"),
        ("<bob@b.test> delayed 4.4.1 nobody there", "relay"),
    ]


async def test_the_operation_gives_what_came_since() -> None:
    one = feed()
    one.add("noted", text="a")
    assert [record["text"] async for record in told(Explained(one), {"since": 0})] == ["a"]
    assert [record async for record in told(Explained(one), {})] == []


def test_a_letter_in_a_lab_is_watched_from_the_first_line_to_the_last(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    lab = LabThread(tmp_path)
    monkeypatch.setenv("XDG_RUNTIME_DIR", str(lab.runtime))
    try:
        with smtplib.SMTP("127.0.0.1", lab.lab.ports["hamburger.test"]["smtp"]) as client:
            client.sendmail("alice@crepes.test", ["bob@hamburger.test"], "Subject: Hi\r\n\r\nketchup")
        found = [msgspec.convert(record, Happening) for record in ask_lab(WATCH, since=0)]
    finally:
        lab.close()
    lines = [(one.arrow, one.text) for one in found if one.kind == "line"]
    assert ("<-", "rcpt to:<bob@hamburger.test>") in [(arrow, text.lower()) for arrow, text in lines]
    assert ("<-", "ketchup") in lines
    assert any(one.kind == "noted" and one.text == "message.accepted" for one in found)
    assert any(one.kind == "dns" for one in found)
    checks = [one for one in found if one.kind == "checked"]
    assert [len(one.facts["results"]) for one in checks] == [
        1,
        4,
        5,
    ]  # it grows: dkim; iprev and twice spf; dmarc
    assert checks[-1].text.startswith("Authentication-Results: mail.hamburger.test; iprev=")
    told_of = [(one.facts["event"], one.text) for one in found if one.kind == "journey"]
    assert ("outcome", "<bob@hamburger.test> filed in INBOX") in told_of
    assert ("decide", "message: accepted (no From field)") in told_of
    assert not any(text.startswith("spf") for _, text in told_of)  # that was heard of already
    assert [one.seq for one in found] == sorted({one.seq for one in found})
