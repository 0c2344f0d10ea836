from __future__ import annotations

import email
import email.message
import email.policy

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from postroom.message.mime import structure as mime
from postroom.message.mime.structure import MAX_DEPTH, MAX_PARTS, Limits, Structure, scan


def _tree(structure: Structure) -> list[tuple[str, str]]:
    return [(part.section, f"{part.media_type}/{part.subtype}") for part in structure.parts]


def _bodies(raw: bytes) -> list[bytes]:
    return [raw[part.body_start : part.body_end] for part in scan(raw).parts if part.leaf]


def _mixed(body: bytes, boundary: bytes = b"b") -> bytes:
    return b"Content-Type: multipart/mixed; boundary=" + boundary + b"\r\n\r\n" + body


def test_a_message_without_mime_fields_is_plain_text() -> None:
    (part,) = scan(b"From: a@b\r\n\r\nDo you like ketchup?\r\nHow about pickles?\r\n").parts
    assert (part.section, part.media_type, part.subtype, part.parameters) == (
        "1",
        "text",
        "plain",
        (("charset", "us-ascii"),),
    )
    assert (part.encoding, part.lines, part.size, part.is_message) == ("7bit", 2, 42, True)


def test_a_message_without_a_header_is_its_body() -> None:
    (part,) = scan(b"Do you like ketchup?\r\n").parts
    assert (part.header_start, part.body_start, part.body_end) == (0, 0, 22)
    assert scan(b"").parts[0].size == 0


# RFC 2046 §5.1.1: the example; the line end before a delimiter is not part of the body
SIMPLE = _mixed(
    b"This is the preamble.  It is to be ignored, though it\r\nis a handy place for composition agents to include an\r\n"
    b"explanatory note to non-MIME conformant readers.\r\n\r\n--simple boundary\r\n\r\n"
    b"This is implicitly typed plain US-ASCII text.\r\nIt does NOT end with a linebreak.\r\n--simple boundary\r\n"
    b"Content-type: text/plain; charset=us-ascii\r\n\r\n"
    b"This is explicitly typed plain US-ASCII text.\r\nIt DOES end with a linebreak.\r\n\r\n--simple boundary--\r\n\r\n"
    b"This is the epilogue.  It is also to be ignored.\r\n",
    b'"simple boundary"',
)


def test_the_example_of_rfc_2046() -> None:
    assert _tree(scan(SIMPLE)) == [("", "multipart/mixed"), ("1", "text/plain"), ("2", "text/plain")]
    assert _bodies(SIMPLE) == [
        b"This is implicitly typed plain US-ASCII text.\r\nIt does NOT end with a linebreak.",
        b"This is explicitly typed plain US-ASCII text.\r\nIt DOES end with a linebreak.\r\n",
    ]
    assert not scan(SIMPLE).ambiguous


def test_a_digest_holds_messages() -> None:
    raw = b"Content-Type: multipart/digest; boundary=b\r\n\r\n--b\r\n\r\nFrom: x@y\r\n\r\none\r\n--b\r\n\r\nSubject: s\r\n\r\ntwo\r\n--b--\r\n"
    structure = scan(raw)
    assert _tree(structure) == [
        ("", "multipart/digest"),
        ("1", "message/rfc822"),
        ("1.1", "text/plain"),
        ("2", "message/rfc822"),
        ("2.1", "text/plain"),
    ]
    assert [part.parent for part in structure.parts] == [-1, 0, 1, 0, 3]
    assert structure.parts[2].fields[b"from"] == b"x@y"


# RFC 9051 §6.4.5: the example of part numbers
NUMBERED = _mixed(
    b"--b\r\n\r\n1\r\n--b\r\nContent-Type: application/octet-stream\r\n\r\n2\r\n--b\r\nContent-Type: message/rfc822\r\n\r\n"
    b"Content-Type: multipart/mixed; boundary=c\r\n\r\n--c\r\n\r\n3.1\r\n--c\r\nContent-Type: application/octet-stream\r\n\r\n3.2\r\n--c--\r\n"
    b"--b\r\nContent-Type: multipart/mixed; boundary=d\r\n\r\n--d\r\nContent-Type: image/gif\r\n\r\n4.1\r\n"
    b"--d\r\nContent-Type: message/rfc822\r\n\r\nContent-Type: multipart/mixed; boundary=e\r\n\r\n--e\r\n\r\n4.2.1\r\n"
    b"--e\r\nContent-Type: multipart/alternative; boundary=f\r\n\r\n--f\r\n\r\n4.2.2.1\r\n--f\r\nContent-Type: text/richtext\r\n\r\n4.2.2.2\r\n"
    b"--f--\r\n--e--\r\n--d--\r\n--b--\r\n"
)


def test_part_numbers() -> None:
    structure = scan(NUMBERED)
    assert [NUMBERED[p.body_start : p.body_end].decode() for p in structure.parts if p.leaf] == [
        p.section for p in structure.parts if p.leaf
    ]
    assert [part.section for part in structure.parts if not part.leaf] == [
        "",
        "3",
        "3",
        "4",
        "4.2",
        "4.2",
        "4.2.2",
    ]


@pytest.mark.parametrize(
    ("raw", "bodies", "ambiguous"),
    [
        (
            _mixed(b"--b\r\n\r\none\r\n--b2\r\n\r\nstill one\r\n--b--\r\n"),
            [b"one\r\n--b2\r\n\r\nstill one"],
            False,
        ),
        (
            _mixed(b"--b\r\n\r\none\r\n--b--x\r\n--b \t\r\n\r\ntwo\r\n--b-- \r\n"),
            [b"one\r\n--b--x", b"two"],
            False,
        ),
        (_mixed(b"--b \r\n\r\none\r\n--b--\r\n", b'"b "'), [b"one"], True),
        (_mixed(b"--b\r\n\r\none\r\n--b\r\n\r\ntwo\r\n"), [b"one", b"two\r\n"], True),
        (_mixed(b"--b\r\n\r\none\r\n--b"), [b"one", b""], True),
        (_mixed(b"--b\r\n--b\r\n--b--\r\n"), [b"", b""], False),
        (_mixed(b"--b\n\none\n--b\n\ntwo\n--b--\n"), [b"one", b"two"], False),
        (_mixed(b"no delimiter\r\n"), [b"no delimiter\r\n"], True),
        (_mixed(b"--b--\r\n"), [b"--b--\r\n"], False),
        (_mixed(b"text", b""), [b"text"], True),
        (b"Content-Type: multipart/mixed\r\n\r\nX: y\r\n\r\ntext", [b"X: y\r\n\r\ntext"], True),
        (_mixed(b"--b\r\nX: 1\r\n--b--\r\n"), [b""], False),
        (_mixed(b" --b\r\n--b\r\n\r\none\r\n --b--\r\n--b--"), [b"one\r\n --b--"], False),
    ],
)
def test_delimiters(raw: bytes, bodies: list[bytes], ambiguous: bool) -> None:
    assert _bodies(raw) == bodies
    assert scan(raw).ambiguous is ambiguous


def test_a_boundary_in_pieces_and_a_charset_with_a_language() -> None:
    """RFC 2231 §3, §4: any parameter may be written so."""
    raw = b'Content-Type: multipart/mixed; boundary*0="a ";\r\n boundary*1=b\r\n\r\n--a b\r\n'
    raw += (
        b"Content-Type: text/plain; charset*=us-ascii'en'utf-8\r\n\r\none\r\n--a b\r\n\r\ntwo\r\n--a b--\r\n"
    )
    structure = scan(raw)
    assert [part.section for part in structure.parts] == ["", "1", "2"]
    assert structure.parts[1].parameter("charset") == "utf-8"
    assert not structure.ambiguous


def test_an_outer_boundary_ends_what_is_inside() -> None:
    inner = b"Content-Type: multipart/mixed; boundary=%s\r\n\r\n--%s\r\n\r\none\r\n"
    raw = _mixed(b"--b\r\n" + inner % (b"c", b"c") + b"--b\r\n\r\ntwo\r\n--c--\r\n--b--\r\n")
    assert _bodies(raw) == [b"one", b"two\r\n--c--"]
    raw = _mixed(b"--b\r\n" + inner % (b"b", b"b") + b"--b--\r\n")
    assert _bodies(raw) == [b"", b"one"]


def test_the_first_of_two_content_types_counts() -> None:
    structure = scan(b"Content-Type: text/html\r\nContent-type: text/plain\r\n\r\nx")
    assert (structure.root.subtype, structure.ambiguous) == ("html", True)
    structure = scan(b"Content-Transfer-Encoding: 8bit\r\nContent-Transfer-Encoding: base64\r\n\r\nx")
    assert (structure.root.encoding, structure.ambiguous) == ("8bit", True)


@pytest.mark.parametrize(
    ("fields", "media_type", "encoding"),
    [
        (b"Content-Type : text/HTML\r\n", "text/html", "7bit"),
        (b"Content-Type: text\r\n", "text/plain", "7bit"),
        (b"Content-Type: text/\r\n", "text/plain", "7bit"),
        (b"Content-Type: /plain; charset=x\r\n", "text/plain", "7bit"),
        (b"Content-Type:\r\n", "text/plain", "7bit"),
        (
            b"Content-Type: image/jpeg (x)\r\nContent-Transfer-Encoding: BASE64 (x)\r\n",
            "image/jpeg",
            "base64",
        ),
        (b"Content-Transfer-Encoding: x-uuencode\r\n", "text/plain", "x-uuencode"),
        (b"Content-Type:\r\n text/html;\r\n charset=utf-8\r\n", "text/html", "7bit"),
        (b"Content-Type: message/external-body; access-type=URL\r\n", "message/external-body", "7bit"),
    ],
)
def test_types_and_encodings(fields: bytes, media_type: str, encoding: str) -> None:
    (part,) = scan(fields + b"\r\nContent-Type: text/x\r\n\r\nbody").parts
    assert (f"{part.media_type}/{part.subtype}", part.encoding) == (media_type, encoding)


def test_disposition_and_fields() -> None:
    raw = b'Content-Type: image/png; name="a"\r\nContent-ID: <i@d>\r\nContent-Disposition: attachment; filename=b.png\r\n\r\n'
    part = scan(raw).root
    assert part.disposition
    assert (part.disposition.value, part.disposition.get("filename")) == ("attachment", "b.png")
    assert (part.fields[b"content-id"], part.parameter("name"), part.parameter("x")) == (b"<i@d>", "a", None)
    assert scan(b"\r\n").root.disposition is None


def _nested(depth: int) -> bytes:
    return b"".join(
        b"Content-Type: multipart/mixed; boundary=b%d\r\n\r\n--b%d\r\n" % (level, level)
        for level in range(depth)
    )


@pytest.mark.parametrize(
    "unit",
    [b"Content-Type: message/rfc822\r\n\r\n", b"Content-Type: multipart/mixed; boundary=b\r\n\r\n--b\r\n"],
)
@pytest.mark.parametrize("count", [101, 1_000, 100_000])
def test_what_is_too_deep_is_one_opaque_leaf(unit: bytes, count: int) -> None:
    structure = scan(unit * count)
    assert max(part.depth for part in structure.parts) <= MAX_DEPTH
    assert len(structure.parts) <= MAX_PARTS


@pytest.mark.parametrize("count", [101, 1_000, 20_000])
def test_nested_multiparts(count: int) -> None:
    structure = scan(_nested(count))
    assert (structure.truncated, structure.parts[-1].leaf) == (True, True)
    assert f"{structure.parts[-1].media_type}/{structure.parts[-1].subtype}" == "application/octet-stream"
    assert len(structure.parts) <= MAX_DEPTH + 1


def test_a_hundred_levels_are_told_apart() -> None:
    structure = scan(_nested(100))
    assert (structure.truncated, len(structure.parts), structure.parts[-1].subtype) == (False, 101, "plain")


def test_ten_thousand_empty_parts_are_capped() -> None:
    structure = scan(_mixed(b"--b\r\n" * 10_001 + b"--b--\r\n"))
    assert (len(structure.parts), structure.truncated) == (MAX_PARTS, True)
    last = structure.parts[-1]
    assert (last.section, last.subtype, last.body_end) == ("999", "octet-stream", structure.root.body_end)


def test_limits_are_settings() -> None:
    assert _tree(scan(NUMBERED, Limits(parts=3))) == [
        ("", "multipart/mixed"),
        ("1", "text/plain"),
        ("2", "application/octet-stream"),
    ]
    assert _tree(scan(NUMBERED, Limits(depth=0))) == [("1", "application/octet-stream")]


@pytest.mark.parametrize("line", [b"--\r\n", b"--bx\r\n", b"--b-\r\n", b"\n", b"--b--x\n"])
def test_a_million_lines_like_a_delimiter(line: bytes) -> None:
    assert len(scan(_mixed(line * 1_000_000)).parts) == 2


def _stdlib_tree(message: email.message.Message) -> list[str]:
    found = [message.get_content_type()]
    for child in message.get_payload() if message.is_multipart() else []:  # type: ignore[union-attr]
        found += _stdlib_tree(child)  # type: ignore[arg-type]
    return found


def _leaf(text: str) -> email.message.EmailMessage:
    leaf = email.message.EmailMessage()
    leaf.set_content(text + "\n", subtype="html" if len(text) % 2 else "plain", cte="8bit")
    return leaf


def _container(children: list[email.message.EmailMessage]) -> email.message.EmailMessage:
    container = email.message.EmailMessage()
    container["Subject"] = "s"
    container.make_mixed()
    for child in children:
        if len(children) % 3:
            container.attach(child)
        else:
            container.add_attachment(child)
    return container


MESSAGES = st.recursive(
    st.text("ab-\n", max_size=20).map(_leaf),
    lambda inner: st.lists(inner, min_size=1, max_size=4).map(_container),
    max_leaves=8,
)


@settings(max_examples=60)
@given(MESSAGES)
def test_the_standard_library_sees_the_same_tree(message: email.message.EmailMessage) -> None:
    raw = message.as_bytes(policy=email.policy.SMTP)
    oracle = email.message_from_bytes(raw)
    structure = scan(raw)
    assert [f"{part.media_type}/{part.subtype}" for part in structure.parts] == _stdlib_tree(oracle)
    bodies = [part.get_payload() for part in oracle.walk() if not part.is_multipart()]
    assert [raw[part.body_start : part.body_end].decode() for part in structure.parts if part.leaf] == bodies
    assert not structure.ambiguous


@pytest.mark.parametrize("before", range(-2, 3))
def test_lines_are_counted_across_the_stretches_that_are_looked_through(before: int) -> None:
    """A line ends with CRLF, also where one stretch ends between CR and LF; an LF alone in binary data ends none."""
    body = b"x" * (mime._WINDOW - before) + b"\r\n\na\n" + b"y" * mime._WINDOW + b"\r\nz\r\n"
    assert scan(b"Subject: x\r\n\r\n" + body).parts[0].lines == 3
