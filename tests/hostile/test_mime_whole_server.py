"""Hostile messages through a whole server: taken as they are, or refused with a code; and given back octet by octet over POP3."""

import pytest

from postroom.net.tls.certificates import opportunistic
from siege import PASSWORD, Besieged


def nested(depth: int) -> bytes:
    opening = b"".join(
        b"Content-Type: multipart/mixed; boundary=b%d\r\n\r\n--b%d\r\n" % (n, n) for n in range(depth)
    )
    return b"Subject: deep\r\nMIME-Version: 1.0\r\n" + opening + b"\r\nleaf\r\n"


LETTERS = {
    "M01 multiparts": nested(1_000),
    "M01 deeper": nested(20_000),
    "M01 messages": b"Content-Type: message/rfc822\r\n\r\n" * 5_000 + b"Subject: x\r\n\r\nleaf\r\n",
    "M02 empty parts": b"Content-Type: multipart/mixed; boundary=b\r\n\r\n" + b"--b\r\n" * 10_001 + b"--b--\r\n",
    "M03 fields": b"X: y\r\n" * 100_000 + b"\r\nhello\r\n",
    "M03 one field": b"X: " + b"y" * 3_000_000 + b"\r\n\r\nhello\r\n",
    "M04 words": b"Subject: " + b"=?utf-8?q?a?= " * 10_000 + b"\r\n\r\nhello\r\n",
    "M05 addresses": b"To: " + b"a@b.test, " * 100_000 + b"c@d.test\r\nFrom: g:;\r\n\r\nhello\r\n",
    "M06 parameters": b"Content-Type: text/plain;" + b" name*1=a;" * 4_000 + b"\r\n\r\nhello\r\n",
    "M07 comments": b"From: " + b"(" * 500 + b")" * 500 + b' a@b\r\nTo: (x\\\r\nCc: "\\\\\\\\"@x\r\n\r\nhello\r\n',
    "M08 values": b"Message-ID: <\r\nDate: Fri, 20 Nov 2026 12:00:00 +99999999999\r\nContent-Type: text/plain; "
    b"charset=x-nope\r\nSubject: =?rot13?b?!!?=\r\n\r\nhello\r\n",
    "M09 ambiguous": b'Content-Type: text/plain\r\nContent-Type: multipart/mixed; boundary="b "\r\nContent-Transfer-'
    b"Encoding : base64\r\nContent-Transfer-Encoding: 8bit\r\n\r\n--b--x\r\nhello\r\n",
    "M10 base64": b"Content-Transfer-Encoding: base64 (x)\r\n\r\nYQ==!!Yg=\r\n=abc\r\nbegin 644 x\r\n",
    "M11 space first": b" From: a@b\r\nSubject: x\r\n\r\nhello\r\n",
    "M11 raw 8 bit": b"Subject: \xff\xfe\xe9\r\n\r\nhello\r\n",
    "M12 From lines": b"From x Fri Nov 20\r\n" * 10_000 + b"\r\nFrom y\r\nhello\r\n",
    "M13 long lines": b"Subject: x\r\n\r\n" + b"z" * 1_001 + b"\r\n" + b"z" * 1_000_000 + b"\r\nlast\r\n",
    "M14 names": b'Content-Disposition: attachment; filename="../../x"\r\nContent-Type: a/b; name=cv\xe2\x80\xaefdp.exe'
    b"\r\n\r\nhello\r\n",
    "M16 words in addresses": b"From: =?utf-8?b?cG90dXNAd2hpdGVob3VzZS5nb3Y=?==?utf-8?Q?=00?=@a.test\r\n\r\nhello\r\n",
    "M19 results": b"Authentication-Results: lists.test; dmarc=pass\r\nX-Spam-Flag: NO\r\n\r\nhello\r\n",
}  # fmt: skip


@pytest.mark.parametrize("name", LETTERS)
def test_it_comes_back_as_it_came(house: Besieged, name: str) -> None:
    u, content = house.person(), LETTERS[name]
    with house.greeted() as wire:
        said = wire.letter("x@a.test", [u], content.removesuffix(b"\r\n"))
        assert said.startswith("250"), said
        assert wire.ask("NOOP").startswith("250")
    (letter,) = house.letters(u)
    assert letter.endswith(content)
    assert letter.startswith(b"Return-Path: <x@a.test>\r\n")


def test_m19_results_under_our_name_are_taken_out(house: Besieged) -> None:
    u = house.person()
    with house.greeted() as wire:
        forged = b"Authentication-Results: mx.l.test; dmarc=pass\r\nSubject: x\r\n\r\nhello"
        assert wire.letter("x@a.test", [u], forged).startswith("250")
    (letter,) = house.letters(u)
    assert b"dmarc=pass" not in letter
    assert letter.endswith(b"Subject: x\r\n\r\nhello\r\n")


@pytest.mark.parametrize("name", ["M01 multiparts", "M13 long lines", "M12 From lines"])
def test_and_over_pop3(house: Besieged, name: str) -> None:
    u, content = house.person(), LETTERS[name]
    with house.greeted() as wire:
        assert wire.letter("x@a.test", [u], content.removesuffix(b"\r\n")).startswith("250")
    (letter,) = house.letters(u)
    with house.connect("pop3s") as wire:
        wire.tls(opportunistic())
        assert wire.line().startswith("+OK")
        for line in (f"USER {u}", f"PASS {PASSWORD}"):
            wire.send(line + "\r\n")
            assert wire.line().startswith("+OK")
        wire.send("RETR 1\r\nQUIT\r\n")
        said = wire.rest()
    body = said.partition(b"\r\n")[2].rpartition(b".\r\n+OK")[0].replace(b"\r\n..", b"\r\n.")
    assert body == letter


@pytest.mark.parametrize(
    "content",
    [b"Subject: a\0b\r\n\r\nhello", b"Subject: a\rBcc: x@r.test\r\n\r\nhello", b"Subject: x\r\n\r\na\nb"],
    ids=["NUL", "CR", "LF"],
)
def test_m11_nul_and_bare_line_ends_are_refused(house: Besieged, content: bytes) -> None:
    u = house.person()
    with house.greeted() as wire:
        assert wire.letter("x@a.test", [u], content).startswith("550 5.5.2")
    assert house.letters(u) == []


def test_m11_a_header_that_runs_into_the_text_is_closed(house: Besieged) -> None:
    u = house.person()
    with house.greeted() as wire:
        assert wire.letter("x@a.test", [u], b"Subject: x\r\nthis is no field\r\nX: y").startswith("250")
    assert house.letters(u)[0].endswith(b"\r\nSubject: x\r\n\r\nthis is no field\r\nX: y\r\n")
