"""Every limit of the checks at its edge, and one beyond."""

from __future__ import annotations

import pytest

from postroom.message.markup.css import MAX_BRACKETS, MAX_CSS
from postroom.message.proof import body as bodies
from postroom.message.proof import files, styles
from postroom.message.proof import letter as letters
from postroom.message.proof.access import FEW_LETTERS
from postroom.message.proof.body import CLIPPED
from postroom.message.proof.clients import MAX_SHEET
from postroom.message.proof.findings import Verdict
from postroom.message.proof.header import LONGEST_LINE, LONGEST_SUBJECT, USUAL_LINE
from postroom.message.proof.letter import Letter
from postroom.message.proof.links import LONGEST_LINK
from postroom.message.proof.styles import Styles
from postroom.message.proof.table import proofread
from written_mail import HTML, body, html_alone, letter, replaced, with_file


def verdict(raw: bytes, name: str) -> Verdict:
    """The worst that the check says."""
    said = [one.verdict for one in proofread(raw) if one.check == name]
    return max(said, key=list(Verdict).index)


def sheet(size: int) -> bytes:
    return body("", f"<style>{'p{}'.ljust(size)}</style>")


def clipped(size: int) -> bytes:
    return html_alone(HTML.ljust(size, "x"))


EDGES = (
    ("subject", lambda n: replaced(b"Subject: Confirm your address", b"Subject: " + b"x" * n), LONGEST_SUBJECT, Verdict.NOTE),
    ("line-lengths", lambda n: replaced(b"Subject:", b"X-Long: " + b"x" * (n - 8) + b"\r\nSubject:"), USUAL_LINE, Verdict.NOTE),
    ("lines", lambda n: replaced(b"Welcome", b"x" * n + b"\r\nWelcome"), LONGEST_LINE, Verdict.BAD),
    ("html-styles-large", sheet, MAX_SHEET, Verdict.NOTE),
    ("link-addresses", lambda n: body(f'<a href="https://x.example/{"a" * (n - 18)}">a</a>'), LONGEST_LINK, Verdict.NOTE),
)  # fmt: skip


@pytest.mark.parametrize(("name", "make", "limit", "beyond"), EDGES, ids=[edge[0] for edge in EDGES])
def test_limits(name: str, make: object, limit: int, beyond: Verdict) -> None:
    assert callable(make)
    assert verdict(make(limit), name) is Verdict.GOOD
    assert verdict(make(limit + 1), name) is beyond


def test_a_line_of_the_header_that_servers_refuse() -> None:
    def long(octets: int) -> bytes:
        return replaced(b"Subject:", b"X-Long: " + b"x" * (octets - 8) + b"\r\nSubject:")

    assert verdict(long(LONGEST_LINE), "line-lengths") is Verdict.NOTE
    assert verdict(long(LONGEST_LINE + 1), "line-lengths") is Verdict.BAD


@pytest.mark.parametrize(("more", "expected"), [(0, Verdict.GOOD), (1, Verdict.BAD)])
def test_html_that_gmail_cuts(more: int, expected: Verdict) -> None:
    raw = clipped(CLIPPED)
    part = Letter(raw).html_part
    assert part is not None
    size = len(Letter(raw).octets(part))
    raw = clipped(CLIPPED - (size - CLIPPED) + more)
    part = Letter(raw).html_part
    assert part is not None
    assert len(Letter(raw).octets(part)) == CLIPPED + more
    assert verdict(raw, "clipped") is expected


def test_large_messages(monkeypatch: pytest.MonkeyPatch) -> None:
    raw = letter().as_bytes()
    for limit, beyond in (("LARGE", Verdict.NOTE), ("TOO_LARGE", Verdict.BAD)):
        monkeypatch.setattr(bodies, "LARGE", len(raw))
        monkeypatch.setattr(bodies, limit, len(raw))
        assert verdict(raw, "size") is Verdict.GOOD
        assert verdict(raw + b"x", "size") is beyond


def test_large_files(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(files, "LARGE_FILE", 100)
    assert verdict(with_file("a.bin", bytes(100)), "file-sizes") is Verdict.GOOD
    assert verdict(with_file("a.bin", bytes(101)), "file-sizes") is Verdict.NOTE


def test_few_words_beside_pictures() -> None:
    def alone(words: int) -> bytes:
        return html_alone(f'<!DOCTYPE html><img src="https://x.example/a.png" alt="x"><p>{"x" * words}</p>')

    assert verdict(alone(FEW_LETTERS), "picture-alone") is Verdict.GOOD
    assert verdict(alone(FEW_LETTERS - 1), "picture-alone") is Verdict.BAD


def test_few_words_are_not_compared() -> None:
    def other(words: int) -> bytes:
        return letter(
            f"<p>{' '.join(f'word{one}' for one in range(words))}</p>", "Nothing of it\n"
        ).as_bytes()

    assert verdict(other(bodies.FEW_WORDS), "same-words") is Verdict.NOTE
    assert verdict(other(bodies.FEW_WORDS - 1), "same-words") is Verdict.GOOD


def test_how_alike_the_texts_must_be() -> None:
    html = f"<p>{' '.join(f'word{one}' for one in range(20))}</p>"
    alike = round(bodies.ALIKE * 20)
    for shared, expected in ((alike, Verdict.GOOD), (alike - 1, Verdict.NOTE)):
        plain = " ".join(f"word{one}" for one in range(shared)) + "\n"
        assert verdict(letter(html, plain).as_bytes(), "same-words") is expected


def test_what_is_looked_at_is_bounded(monkeypatch: pytest.MonkeyPatch) -> None:
    raw = body('<a href="https://x.example/1">one</a>' * 3)
    for limit, name in ((3, "MAX_LINKS"), (2, "MAX_LINKS")):
        monkeypatch.setattr(letters, name, limit)
        assert len(Letter(raw).links) == limit
    monkeypatch.setattr(letters, "MAX_TAGS", 5)
    assert len(Letter(raw).tokens) == 5
    monkeypatch.setattr(letters, "MAX_BODY", 14)
    assert Letter(raw).html == HTML[:14]


def test_styles_are_bounded(monkeypatch: pytest.MonkeyPatch) -> None:
    assert Styles(["p{color:red}".ljust(MAX_CSS)], []).declarations == [("color", "red")]
    assert Styles(["p{color:red}".ljust(MAX_CSS + 1)], []).declarations == []
    assert Styles([], ["color:red".ljust(MAX_CSS)]).declarations == [("color", "red")]
    assert Styles([], ["color:red".ljust(MAX_CSS + 1)]).declarations == []
    assert Styles([], [f"color:{'(' * MAX_BRACKETS}{')' * MAX_BRACKETS}"]).declarations != []
    assert Styles([], [f"color:{'(' * (MAX_BRACKETS + 1)}"]).declarations == []
    monkeypatch.setattr(styles, "MAX_DECLARATIONS", 2)
    assert len(Styles([], ["a:b;c:d"]).declarations) == 2
    assert len(Styles([], ["a:b;c:d;e:f"]).declarations) == 2
