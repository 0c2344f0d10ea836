"""What the happenings of a lab mean: every kind has words, and what was learnt is learnt once."""

from __future__ import annotations

import pytest

from postroom.lab.heard import feed as feeds
from postroom.lab.heard import happening_words as words
from postroom.lab.heard.explained import Explained
from postroom.lab.heard.feed import Feed, Happening
from postroom.message.journey import dialogue_words, imap_words
from postroom.net.session import Peer, TlsFacts


def feed() -> Feed:
    return Feed(lambda: 1_000_000, lambda _: "")


def meanings(one: Feed) -> list[dialogue_words.Words | None]:
    explained = Explained(one)
    return [explained.meaning(happening) for happening in one.since(0)]


def test_a_dialogue_of_smtp() -> None:
    one = feed()
    hearing = one.overhear("hamburger.test", "smtp", Peer("127.0.0.2", 9), Peer("127.0.0.3", 25))
    hearing.went(b"220 here\r\n")
    hearing.came(b"EHLO x\r\n")
    hearing.went(b"250-here\r\n250 SIZE 10\r\n")
    hearing.secured(TlsFacts("TLSv1.3", "AES", 256))
    hearing.came(b"DATA\r\n")
    hearing.went(b"354 go\r\n")
    hearing.came(b"line\r\n.\r\n")
    hearing.ended("done")
    assert meanings(one)[:6] == [
        words.SERVICES["smtp"], dialogue_words.CODES["220"], dialogue_words.VERBS["EHLO"], dialogue_words.GREETING_NAME, dialogue_words.EXTENSIONS["SIZE"], dialogue_words.EVENTS["tls"],
    ]  # fmt: skip
    assert meanings(one)[8] == dialogue_words.BODY
    assert meanings(one)[-1] == words.CLOSED


def test_other_protocols() -> None:
    one = feed()
    imap = one.overhear("hamburger.test", "imaps", Peer("127.0.0.1", 9), Peer("127.0.0.3", 993))
    web = one.overhear("hamburger.test", "https", Peer("127.0.0.1", 9), Peer("127.0.0.3", 443))
    pop = one.overhear("hamburger.test", "pop3", Peer("127.0.0.1", 9), Peer("127.0.0.3", 110))
    imap.went(b"* OK hi\r\n")
    imap.came(b"a NOOP\r\n")
    web.came(b"GET /mail/ HTTP/1.1\r\n")
    web.went(b"HTTP/1.1 404 Not Found\r\n")
    pop.went(b"+OK hi\r\n")
    pop.came(b"RETR 1\r\n")
    pop.went(b"+OK\r\nSubject: x\r\n.\r\n")
    found = meanings(one)[3:]
    assert found[:5] == [imap_words.GREETING, imap_words.VERBS["NOOP"], words.METHODS["GET"], words.STATUSES["4"], dialogue_words.POP3_OK]  # fmt: skip
    assert found[5:] == [dialogue_words.POP3_VERBS["RETR"], dialogue_words.POP3_OK, words.MESSAGE, dialogue_words.POP3_END]  # fmt: skip


@pytest.mark.parametrize(
    ("name", "kind", "rcode", "answers", "expected"),
    [
        ("a.test", "MX", "NOERROR", ["10 b"], dialogue_words.QUESTIONS["MX"].text),
        ("a.test", "TXT", "NOERROR", ["x"], words.SPF.text),
        ("_dmarc.a.test", "TXT", "NXDOMAIN", [], words.TEXTS["_dmarc."].text + " There is no such name."),
        ("s._domainkey.a.test", "TXT", "NOERROR", [], f"{words.KEY.text} {words.EMPTY.text}"),
        ("a.test", "WKS", "", [], f"{words.OTHER_QUESTION.text} No answer came."),
    ],
)
def test_questions(name: str, kind: str, rcode: str, answers: list[str], expected: str) -> None:
    one = feed()
    one.add("dns", text=name, facts={"kind": kind, "rcode": rcode, "answers": answers})
    found = meanings(one)[0]
    assert found is not None
    assert found.text == expected


def test_the_rest() -> None:
    one = feed()
    one.add("noted", text="message.accepted")
    one.add("noted", text="else")
    one.add("checked", facts={"results": [{"method": "spf of HELO"}]})
    one.add("checked")
    one.add("journey", facts={"event": "decide", "what": "TLS"})
    one.add("journey", facts={"event": "outcome"})
    one.add("journey")
    found = meanings(one)
    assert found[:2] == [words.NOTES["message.accepted"], words.NOTE]
    assert found[2] is not None
    assert found[2].source == "RFC 8601 §2.2, RFC 7208"
    assert found[3:] == [words.CHECKED, dialogue_words.CHECKS["tls"], dialogue_words.EVENTS["outcome"], None]


def test_a_record_has_its_meaning_and_the_oldest_are_forgotten(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(feeds, "MOST", 2)
    one = feed()
    explained = Explained(one)
    for text in "abc":
        one.add("noted", text=text)
        assert explained.record(one.since(one.last - 1)[0])["means"] == words.NOTE.text
    assert explained.meaning(Happening(1, 0, "noted")) is None
    assert explained.meaning(Happening(2, 0, "noted")) == words.NOTE
    assert "means" not in explained.record(Happening(1, 0, "noted"))


def test_all_have_their_words() -> None:
    for table in (words.SERVICES, words.TEXTS, words.RCODES, words.METHODS, words.STATUSES, words.NOTES):
        for key, one in table.items():
            assert one.text, key
            assert one.source, key
