"""Where sections lie in a message."""

from __future__ import annotations

import pytest
from hypothesis import given

from nests import messages
from postroom.message.summary.summary import minimal_summary, summarize
from postroom.proto.imap.commands.fetching import Attribute
from postroom.proto.imap.grammar import ImapCursor
from postroom.proto.imap.sections import Of, Section, section
from postroom.serve.imap.fetching.items import Found, Sectioned, UnknownEncoding
from postroom.serve.imap.sections import Chosen
from sections_walk import check_message


def found(raw: bytes, summary: bytes = b"") -> Found:
    """A message as a slice has it."""
    m = Found(1, (1, 1, 0, "", 0, 0, 1, 1, len(raw), summary or summarize(raw).pack()), recent=False)
    m.octets = raw
    return m


def octets(m: Found, name: str, kind: str = "BODY[]") -> bytes | None:
    if "0x" in name:  # a number that no part has
        name = name.replace("0x", "999")
    return Sectioned(Attribute(kind, b"", section(ImapCursor(f"[{name}]".encode())))).value(m)


@given(messages())
def test_sections_make_up_the_message(raw: bytes) -> None:
    m = found(raw)
    check_message(raw, m.opening.body_structure, lambda name: octets(m, name))


# RFC 9051 §6.4.5.1: the example of a complex message
def _part(kind: str, body: bytes) -> bytes:
    return b"Content-Type: %b\r\n\r\n%b" % (kind.encode(), body)


def _multipart(boundary: str, kind: str, *parts: bytes) -> bytes:
    mark = boundary.encode()
    joined = b"".join(b"--%b\r\n%b\r\n" % (mark, part) for part in parts)
    return _part(f"multipart/{kind}; boundary={boundary}", joined + b"--%b--\r\n" % mark)


def _message(content: bytes) -> bytes:
    return b"Subject: inner\r\n" + content


COMPLEX = _message(
    _multipart(
        "b1",
        "mixed",
        _part("text/plain", b"1"),
        _part("application/octet-stream", b"2"),
        _part(
            "message/rfc822",
            _message(
                _multipart(
                    "b2", "mixed", _part("text/plain", b"3.1"), _part("application/octet-stream", b"3.2")
                )
            ),
        ),
        _multipart(
            "b3",
            "mixed",
            _part("image/gif", b"4.1"),
            _part(
                "message/rfc822",
                _message(
                    _multipart(
                        "b4",
                        "mixed",
                        _part("text/plain", b"4.2.1"),
                        _multipart(
                            "b5",
                            "alternative",
                            _part("text/plain", b"4.2.2.1"),
                            _part("text/richtext", b"4.2.2.2"),
                        ),
                    )
                ),
            ),
        ),
    )
)


@pytest.mark.parametrize("number", ["1", "2", "3.1", "3.2", "4.1", "4.2.1", "4.2.2.1", "4.2.2.2"])
def test_the_example_of_rfc_9051(number: str) -> None:
    m = found(COMPLEX)
    assert octets(m, number) == number.encode()
    check_message(COMPLEX, m.opening.body_structure, lambda name: octets(m, name))


def test_what_only_messages_have() -> None:
    m = found(COMPLEX)
    assert octets(m, "4.1.MIME") == b"Content-Type: image/gif\r\n\r\n"
    for number in ("3", "4.2"):
        assert (octets(m, f"{number}.HEADER") or b"").startswith(
            b"Subject: inner\r\nContent-Type: multipart/mixed"
        )
    for nothing in ("1.HEADER", "4.TEXT", "5", "1.1", "4.2.2.3", "3.3.MIME"):
        assert octets(m, nothing) is None


FIELDS = b"From: a@b.test\r\nX-One: 1\r\n two\r\nfrom : c@d.test\r\nTo:\r\nX-Onet: no\r\n"


@pytest.mark.parametrize(
    ("of", "names", "expected"),
    [
        (Of.FIELDS, (b"FROM",), b"From: a@b.test\r\nfrom : c@d.test\r\n\r\n"),
        (Of.FIELDS, (b"x-one", b"to"), b"X-One: 1\r\n two\r\nTo:\r\n\r\n"),
        (Of.FIELDS, (b"nothing", b".*", b"", b"X-One: 1", b"["), b"\r\n"),
        (Of.NOT_FIELDS, (b"from", b"x-one"), b"To:\r\nX-Onet: no\r\n\r\n"),
        (Of.NOT_FIELDS, (b"",), FIELDS + b"\r\n"),
    ],
)
def test_chosen_fields(of: Of, names: tuple[bytes, ...], expected: bytes) -> None:
    chosen = Chosen(Section(of=of, fields=names))
    assert chosen.of(FIELDS + b"\r\n", followed=True) == expected
    assert chosen.of(FIELDS + b"\r\n", followed=False) == expected
    assert chosen.of(FIELDS, followed=False) == expected[:-2]  # no empty line and no body: RFC 9051 §6.4.5.1


def test_a_last_field_without_line_end() -> None:
    assert Chosen(Section(of=Of.FIELDS, fields=(b"to",))).of(b"From: x\r\nTo: y", followed=False) == b"To: y"
    assert (
        Chosen(Section(of=Of.FIELDS, fields=(b"from",))).of(b"From: x\r\nTo: y", followed=False)
        == b"From: x\r\n"
    )


def test_many_fields_are_linear() -> None:
    header = b"".join(b"X-%d: value\r\n" % number for number in range(20_000)) + b"\r\n"
    names = tuple(b"x-%d" % number for number in range(0, 20_000, 50))
    assert (
        Chosen(Section(of=Of.FIELDS, fields=names)).of(header, followed=True).count(b"\n") == len(names) + 1
    )


def test_decoding() -> None:
    raw = _message(
        _multipart(
            "b",
            "mixed",
            b"Content-Type: text/plain\r\nContent-Transfer-Encoding: quoted-printable\r\n\r\ncaf=C3=A9=0Ax",
            b"Content-Type: image/png\r\nContent-Transfer-Encoding: base64\r\n\r\nAAEKAg==\r\n",
            b"Content-Type: image/png\r\nContent-Transfer-Encoding: x-uuencode\r\n\r\nAAEC\r\n",
            b"Content-Type: text/plain; charset=utf-16\r\nContent-Transfer-Encoding: base64\r\n\r\nAGEACg==\r\n",
        )
    )
    m = found(raw)
    assert octets(m, "1", "BINARY[]") == b"caf\xc3\xa9\r\nx"
    assert octets(m, "2", "BINARY[]") == b"\0\x01\n\x02"
    assert octets(m, "4", "BINARY[]") == b"\0a\0\n"
    assert octets(m, "", "BINARY[]") == raw
    assert octets(m, "5", "BINARY[]") is None
    with pytest.raises(UnknownEncoding):
        octets(m, "3", "BINARY[]")


def test_a_minimal_summary_still_has_a_header() -> None:
    raw = b"Subject: x\r\n\r\nbody\r\n"
    m = found(raw, minimal_summary(raw).pack())
    assert octets(m, "HEADER") == b"Subject: x\r\n\r\n"
    assert octets(m, "TEXT") == b"body\r\n"
    assert octets(m, "1") == raw
