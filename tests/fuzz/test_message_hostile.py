"""Messages that want to break their reader: each known attack, and what comes of random ones. None may raise; none may take long.

Size is what makes a slow way visible: an input of a megabyte that is read in more than one pass per octet would not end within the time
that a test has.
"""

from __future__ import annotations

import tracemalloc
from collections.abc import Iterator
from pathlib import Path

import pytest
from hypothesis import HealthCheck, example, given, settings
from hypothesis import strategies as st

from imap_reader import check_body, check_envelope, read
from postroom.message.headers.header import Header
from postroom.message.mime.attachment import declared_name
from postroom.message.mime.file_names import safe_filename
from postroom.message.mime.structure import MAX_PARTS, scan
from postroom.message.mime.text import MAX_TEXT, part_text, text_parts
from postroom.message.summary.searched_text import searched
from postroom.message.summary.summary import AMBIGUOUS, TRUNCATED, Summary, summarize

CORPUS = [path.read_bytes() for path in sorted((Path(__file__).parent.parent / "corpus").glob("*.eml"))]
MIXED = b"Content-Type: multipart/mixed; boundary=b\r\n\r\n"


def read_all(raw: bytes) -> Summary:
    """Reads a message in every way there is, and checks what must hold for any."""
    summary = summarize(raw)
    assert Summary.unpack(summary.pack()) == summary
    check_envelope(read(summary.envelope)[0])
    check_body(read(summary.body_structure)[0])
    structure = scan(raw)
    assert len(structure.parts) <= MAX_PARTS
    for part in structure.parts:
        assert 0 <= part.header_start <= part.body_start <= part.body_end <= len(raw)
        assert part.parent < 0 or structure.parts[part.parent].body_end >= part.body_end
    for part in text_parts(structure):
        part_text(raw, part, MAX_TEXT).encode()
    header = Header.parse(raw)
    assert bytes(header) + raw[header.end :] == raw
    return summary


@pytest.mark.parametrize("count", [101, 1_000, 100_000])
@pytest.mark.parametrize(
    "unit",
    [
        b"Content-Type: message/rfc822\r\n\r\n",
        MIXED + b"--b\r\n",
        MIXED.replace(b"b\r", b"b%d\r") + b"--b%d\r\n",
    ],
)
def test_nested_parts(unit: bytes, count: int) -> None:
    raw = b"".join([unit % ((level,) * unit.count(b"%d")) for level in range(count)])
    assert read_all(raw).flags & (
        TRUNCATED | AMBIGUOUS
    )  # an inner boundary equal to the outer one holds nothing


def test_many_empty_parts_and_a_part_that_names_itself() -> None:
    assert read_all(MIXED + b"--b\r\n" * 10_001 + b"--b--\r\n").flags & TRUNCATED
    itself = b"Content-Type: multipart/related; boundary=b; start=<i>\r\nContent-ID: <i>\r\n\r\n--b\r\nContent-ID: <i>\r\n\r\n--b--\r\n"
    assert len(read_all(itself).sections) == 2


@pytest.mark.parametrize(
    "block",
    [b"X-A: 1\r\n" * 100_000, b"X: " + b"y" * 10_000_000 + b"\r\n", b"X: 1\r\n y\r\n" * 5_000_000],
    ids=["fields", "field", "50MB"],
)
def test_headers_beyond_all_measure(block: bytes) -> None:
    summary = summarize(b"Subject: first\r\n" + block + b"Subject: last\r\n\r\nbody")
    assert (summary.subject, summary.preview) == ("first", "body")


def test_ten_thousand_encoded_words_cost_little_memory() -> None:
    raw = b"Subject: " + b"=?utf-8?q?a?= " * 10_000 + b"\r\n\r\n"
    tracemalloc.start()
    subject = summarize(raw).subject
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    assert subject.startswith("a" * 290)
    assert peak < 10_000_000


@pytest.mark.parametrize(
    ("field", "unit"),
    [
        (b"Content-Type: text/plain; format=flowed", b"\r\n"),
        (b"Content-Type: text/plain; format=flowed", b">\n"),
        (b"Content-Type: text/plain; format=flowed", b"x \n"),
        (b"Content-Transfer-Encoding: base64", b"AA="),
        (b"Content-Transfer-Encoding: quoted-printable", b" \n"),
    ],
    ids=["empty lines", "quoted", "soft lines", "padding", "white space"],
)
def test_the_words_of_a_text_cost_little_memory(field: bytes, unit: bytes) -> None:
    raw = field + b"\r\n\r\n" + unit * ((1 << 19) // len(unit))
    tracemalloc.start()
    searched(raw)
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    assert peak < 20 * len(raw)


@pytest.mark.parametrize(
    ("value", "count"),
    [
        (b"a@b," * 100_000, 1000),
        (b"g:;", 0),
        (b"", 0),
        (b"g:;" * 100_000, 0),
        (b"<,>" * 100_000, 0),
        (b"," * 10_000, 0),
        (b"," * 100_000, 1),  # what is not read is one entry that is no mailbox
    ],
)
def test_address_fields_beyond_all_measure(value: bytes, count: int) -> None:
    summary = read_all(b"To: " + value + b"\r\nFrom: \r\n\r\n")
    assert (sum(not person.email.startswith("<") for person in summary.to), summary.from_) == (count, [])


def test_four_thousand_parameters() -> None:
    summary = read_all(b"Content-Type: text/plain;" + b" name*N=a;" * 4_000 + b"\r\n\r\nx")
    assert summary.body_structure.count(b'"name*n" "a"') == 128


@pytest.mark.parametrize(
    ("value", "email"),
    [
        (b"(" * 500 + b")" * 500 + b" a@b", "a@b"),
        (b"(" * 100_000 + b")" * 100_000 + b" a@b", "a@b"),
        (b'"\\\\\\\\"@x', '"\\\\\\\\"@x'),
        (b"a@b (\\", "a@b (\\"),
    ],
)
def test_comments_and_quotes(value: bytes, email: str) -> None:
    assert [person.email for person in read_all(b"From: " + value + b"\r\n\r\n").from_] == [email]


def test_values_that_are_none() -> None:
    raw = b"Message-ID: <\r\nDate: Thu, 1 Jan 2018 00:00:00 +99999999999\r\nSubject: =?utf-8?b?!!!?=\r\nContent-Type: text/plain; charset=%s\r\n\r\ncaf\xe9"
    for charset in (b"x-nope", b"rot13"):
        summary = read_all(raw % charset)
        assert (summary.message_id, summary.subject, summary.preview) == ([], "=?utf-8?b?!!!?=", "caf\u00e9")
    assert read_all(b"Date: Thu, 1 Jan 99999999999 00:00:00 +0000\r\n\r\n").sent_at is None


@pytest.mark.parametrize(
    ("fields", "body"),
    [
        (
            b"Content-Type: text/plain\r\nContent-Type: multipart/mixed; boundary=b\r\n",
            b"--b\r\n\r\nx\r\n--b--",
        ),
        (b"Content-Transfer-Encoding: 7bit\r\nContent-Transfer-Encoding: base64\r\n", b"YQ=="),
        (b'Content-Type: multipart/mixed; boundary="b "\r\n', b"--b\r\n\r\nx\r\n--b--"),
        (b"Content-Type: multipart/mixed\r\n", b"--b\r\n\r\nx\r\n--b--"),
        (b"Content-Type: multipart/mixed; boundary=b\r\n", b"--b\r\n\r\nx"),
        (b"Content-Type: multipart/mixed; boundary=b\r\n", b"--b\r\n\r\nx\r\n--b--x\r\n"),
    ],
)
def test_what_can_be_read_in_two_ways_is_marked(fields: bytes, body: bytes) -> None:
    assert read_all(fields + b"\r\n" + body).flags & AMBIGUOUS


@pytest.mark.parametrize(
    ("encoding", "body", "words"),
    [
        (b"base64", b"YQ==\0!!Yg==", "ab"),
        (b"base64", b"YW=JY", "aX"),
        (b"base64 (x)", b"YQ==", "a"),
        (b"x-uuencode", b"begin 644 a\r\n", "begin 644 a"),
    ],
)
def test_broken_encodings(encoding: bytes, body: bytes, words: str) -> None:
    assert read_all(b"Content-Transfer-Encoding: " + encoding + b"\r\n\r\n" + body).preview.startswith(
        words[0]
    )


@pytest.mark.parametrize(
    ("raw", "subject", "preview"),
    [
        (b"Subject: s\r\nno colon here\r\nTo: x\r\n\r\nbody", "s", "no colon here To: x body"),
        (b"Subject: a\0b\rc\r\n\r\nbody", "a\ufffdb\ufffdc", "body"),
        (b" From: a@b\r\nSubject: s\r\n\r\nbody", "", "From: a@b Subject: s body"),
        (b"Subject: caf\xe9\r\n\r\nbody", "caf\u00e9", "body"),
        (b"From x y\nSubject: s\n\nbody", "", "From x y Subject: s body"),
    ],
)
def test_headers_that_are_none(raw: bytes, subject: str, preview: str) -> None:
    summary = read_all(raw)
    assert (summary.subject, summary.preview) == (subject, preview)


@pytest.mark.parametrize(
    "raw",
    [
        b"From x y\r\n" * 100_000,
        b"\r\n" + b"a" * 1_001,
        b"\r\n" + b"a" * 1_000_000,
        b"\r\n" + b" " * 1_000_000,
        b"From x" * 200_000,
    ],
)
def test_long_lines_and_no_last_line_end(raw: bytes) -> None:
    assert read_all(raw).size == len(raw)


@pytest.mark.parametrize(
    "name", [b"../../x", b"a\\r\\nX: y", "cv\u202efdp.exe".encode(), b"x" * 10_240, b"a\0b", b"%00%0d%0a"]
)
def test_names_of_attachments(name: bytes) -> None:
    for field in (b'attachment; filename="%s"' % name, b"attachment; filename*=utf-8''%s" % name):
        part = scan(b"Content-Disposition: " + field + b"\r\n\r\n").root
        saved = safe_filename(declared_name(part))
        assert saved not in {"", ".", ".."}
        assert not set(saved) & set("/\\\0\r\n\u202e")


def test_an_address_hidden_in_encoded_words() -> None:
    local = (
        b"=?utf-8?b?cG90dXNAd2hpdGVob3VzZS5nb3Y=?==?utf-8?Q?=00?="
        b"=?utf-8?b?cG90dXNAd2hpdGVob3VzZS5nb3Y=?==?utf-8?Q?=0A?="
    )
    (author,) = read_all(b"From: " + local + b"@a.test\r\n\r\n").from_
    assert (author.name, author.email) == ("", local.decode() + "@a.test")
    (author,) = read_all(b"From: =?utf-8?Q?potus@whitehouse.gov=00=0A?= <x@a.test>\r\n\r\n").from_
    assert (author.name, author.email) == ("potus@whitehouse.gov\ufffd\ufffd", "x@a.test")


UNITS = [
    b"=?", b"=?utf-8?q?", b"<", b"(", b'"', b"\\", b";", b"=", b"; x=", b'; x="', b",", b":;", b"@", b"\r\n ", b"\r", b"\n", b"\0", b"--", b"--b\r\n", b"\xff", b"&#", b"<!--",
    b" ", b"\t\n", b"[", b"a@b", b"*0*=", b"''", b"re:", b"[x]", b"(fwd)", b"=\r\n", b"=3D", b"%41", b"> ", b"x\r\n--b",
]  # fmt: skip
FIELDS = [
    b"Subject",
    b"From",
    b"Date",
    b"Message-ID",
    b"References",
    b"Content-Type",
    b"Content-Transfer-Encoding",
    b"Content-Disposition",
    b"Content-Language",
]


@pytest.mark.parametrize("unit", UNITS, ids=repr)
def test_a_megabyte_of_the_same_anywhere(unit: bytes) -> None:
    """Every field, every kind of body, filled with one unit: nothing may be slow, which the time limit of a test would show."""
    much = unit * (400_000 // len(unit))
    for name in FIELDS:
        summarize(name + b": x" + much.replace(b"\n", b"\n ") + b"\r\n\r\nbody")
    for kind in (b"text/html", b"text/plain; format=flowed; charset=utf-8", b"multipart/mixed; boundary=b"):
        read_all(b"Content-Type: " + kind + b"\r\n\r\n" + much)
    for encoding in (b"base64", b"quoted-printable"):
        read_all(b"Content-Transfer-Encoding: " + encoding + b"\r\n\r\n" + much)


WORDS = [
    *UNITS, *(name + b": " for name in FIELDS), b"\r\n", b"\r\n\r\n", b"multipart/mixed", b"multipart/alternative", b"multipart/digest", b"message/rfc822", b"text/html",
    b"; boundary=b", b'; boundary="b2"', b"; charset=", b"utf-8", b"utf-7", b"gb2312", b"base64", b"quoted-printable", b"attachment", b"; filename=a", b"\r\n--b\r\n", b"\r\n--b--\r\n",
    b"\r\n--b2\r\n", b"+2AA-", b"w6k=", b"=?utf-8?b?w6k=?=", b"<p>", b"<script>", b"Thu, 18 Jan 2018 23:05:05 +0300", b"<a@b>",
]  # fmt: skip


@settings(max_examples=2_500, suppress_health_check=[HealthCheck.too_slow])
@given(st.lists(st.sampled_from(WORDS), max_size=60).map(b"".join))
@example(b"Subject: +2AA-\r\nContent-Type: text/plain; charset=utf-7\r\n\r\n+2AA-")
def test_words_of_mail_in_any_order(raw: bytes) -> None:
    read_all(raw)


@settings(max_examples=1_000)
@given(st.binary(max_size=400))
def test_random_octets(raw: bytes) -> None:
    read_all(raw)
    read_all(MIXED + b"--b\r\n" + raw + b"\r\n--b--\r\n")


@st.composite
def mutated(draw: st.DrawFn) -> bytes:
    """A message of the corpus, with some pieces cut out, doubled, or replaced."""
    raw = draw(st.sampled_from(CORPUS))
    for _ in range(draw(st.integers(1, 5))):
        start = draw(st.integers(0, len(raw)))
        stop = start + draw(st.integers(0, 40))
        raw = raw[:start] + draw(st.sampled_from([b"", raw[start:stop] * 2, *WORDS])) + raw[stop:]
    return raw


@settings(max_examples=1_500, suppress_health_check=[HealthCheck.too_slow])
@given(mutated())
def test_damaged_messages(raw: bytes) -> None:
    read_all(raw)


def _cuts(raw: bytes) -> Iterator[bytes]:
    yield from (raw[:end] for end in range(len(raw)))


@pytest.mark.parametrize("raw", CORPUS, ids=range(len(CORPUS)))
def test_messages_cut_anywhere(raw: bytes) -> None:
    for piece in _cuts(raw):
        read_all(piece)
