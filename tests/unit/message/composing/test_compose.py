"""Messages that users write, read back by the standard library; and what an enemy would like to slip into them."""

import email
import email.policy

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from postroom.message.address import Address
from postroom.message.composing.compose import Attachment, Draft, Making, compose
from postroom.message.envelope import BodyKind
from postroom.message.headers.fields import FieldRefused, Mailbox
from postroom.message.mime.structure import scan
from postroom.message.mime.text import part_text

ALICE = Mailbox(Address("alice", "crepes.test"), "Alice")
BOB = Mailbox(Address("bob", "hamburger.test"))
MAKING = Making(now=1_795_209_120, unique="u1", domain="crepes.test")
PNG = b"\x89PNG\r\n\x1a\n\0\0"


def draft(**more):
    return Draft(**({"author": [ALICE], "to": [BOB], "subject": "Hi", "text": "Hello\n"} | more))


def read(composed):
    """The message as the standard library sees it; it must find no fault."""
    message = email.message_from_bytes(composed.raw, policy=email.policy.default)
    assert not any(part.defects for part in message.walk())
    assert composed.raw.count(b"\n") == composed.raw.count(b"\r") == composed.raw.count(b"\r\n")
    assert all(len(line) <= 998 for line in composed.raw.split(b"\r\n"))
    return message


def shape(message):
    """The media types as a tree."""
    if not message.is_multipart() or message.get_content_type() == "message/rfc822":
        return message.get_content_type()
    return (message.get_content_subtype(), *[shape(part) for part in message.iter_parts()])


def test_a_plain_message():
    composed = compose(draft(user_agent="postroom/0.1"), MAKING)
    assert composed.raw == (
        b"Date: Fri, 20 Nov 2026 21:12:00 +0000\r\n"
        b"From: Alice <alice@crepes.test>\r\n"
        b"To: bob@hamburger.test\r\n"
        b"Subject: Hi\r\n"
        b"Message-ID: <u1@crepes.test>\r\n"
        b"User-Agent: postroom/0.1\r\n"
        b"MIME-Version: 1.0\r\n"
        b"Content-Type: text/plain; charset=us-ascii\r\n"
        b"\r\n"
        b"Hello\r\n"
    )
    assert (composed.message_id, composed.recipients) == ("<u1@crepes.test>", [BOB.address])
    assert (composed.body, composed.smtputf8) == (BodyKind.SEVEN_BIT, False)


IMAGE = Attachment(PNG, "logo.png", inline=True, content_id="logo@crepes.test")
PDF = Attachment(b"%PDF-1.7", "report.pdf", description="The report für Bob")


@pytest.mark.parametrize(
    ("more", "tree"),
    [
        ({"html": "<p>Hi"}, ("alternative", "text/plain", "text/html")),
        ({"html": "<p>Hi", "text": ""}, "text/html"),
        (
            {"html": "<img src='cid:logo@crepes.test'>", "attachments": [IMAGE], "text": ""},
            ("related", "text/html", "image/png"),
        ),
        (
            {"html": "<img src='cid:logo@crepes.test'>", "attachments": [IMAGE, PDF]},
            (
                "mixed",
                ("alternative", "text/plain", ("related", "text/html", "image/png")),
                "application/pdf",
            ),
        ),
        ({"attachments": [IMAGE, PDF]}, ("mixed", "text/plain", "image/png", "application/pdf")),
        ({"attachments": [PDF], "text": ""}, "application/pdf"),
        ({"text": ""}, "text/plain"),
    ],
)
def test_structure(more, tree):
    composed = compose(draft(**more), MAKING)
    assert shape(read(composed)) == tree
    assert not scan(composed.raw).ambiguous


@pytest.mark.parametrize(
    ("text", "eight_bit", "encoding"),
    [
        ("plain", False, None),
        ("Grüße aus dem Laden", False, "quoted-printable"),
        ("Grüße aus dem Laden", True, "8bit"),
        ("日本語" * 30, False, "base64"),
        ("From here", False, "quoted-printable"),
        ("x" * 2000, False, "quoted-printable"),
        ("nul \0", False, "quoted-printable"),
    ],
)
def test_the_cheapest_safe_encoding(text, eight_bit, encoding):
    composed = compose(draft(text=text), msgspec.structs.replace(MAKING, eight_bit=eight_bit))
    message = read(composed)
    assert message["Content-Transfer-Encoding"] == encoding
    assert message.get_payload(decode=True).decode() == text + "\r\n"
    assert composed.body is (BodyKind.EIGHT_BIT if encoding == "8bit" else BodyKind.SEVEN_BIT)


def test_a_multipart_says_that_a_part_is_in_8bit():
    for eight_bit, encoding in ((True, "8bit"), (False, None)):
        making = msgspec.structs.replace(MAKING, eight_bit=eight_bit)
        message = read(compose(draft(text="Grüße aus dem Laden", html="<p>", attachments=[PDF]), making))
        assert message["Content-Transfer-Encoding"] == encoding
        assert message.get_payload()[0]["Content-Transfer-Encoding"] == encoding


def test_flowed_lines_end_where_the_writer_ends_them():
    raw = compose(draft(text="a\x0cb\u2028c\rd\r\ne", flowed=True), MAKING).raw
    assert part_text(raw, scan(raw).root) == "a\x0cb\u2028c\nd\ne"


def test_flowed_text():
    composed = compose(draft(text="> > quoted\n" + "long " * 30 + "\n-- \nAlice\n", flowed=True), MAKING)
    message = read(composed)
    assert message.get_param("format") == "flowed"
    lines = message.get_payload().split("\r\n")
    assert lines[0] == ">> quoted"
    assert all(len(line) <= 78 for line in lines)
    assert lines[-3:] == ["-- ", "Alice", ""]


@pytest.mark.parametrize(
    ("content", "name", "kind"),
    [
        (PNG, "a.png", "image/png"),
        ("größe\r\n".encode(), "a.txt", "text/plain"),
        (b"unix\nlines\n", "a.txt", "text/plain"),
        (b"\xff\xfe octets", "a.txt", "application/octet-stream"),
        (b"latin \xfc\r\n", "page.html", "application/octet-stream"),
        (b"", "empty.bin", "application/octet-stream"),
        (b"a,b\r\n", "a.csv", "text/csv"),
    ],
)
def test_files_come_back_octet_by_octet(content, name, kind):
    message = read(compose(draft(attachments=[Attachment(content, name)]), MAKING))
    (part,) = message.iter_attachments()
    assert part.get_content_type() == kind
    assert part.get_payload(decode=True) == content
    assert (part.get_filename(), part.get_content_disposition()) == (name, "attachment")


def test_parts_are_described():
    composed = compose(draft(html="<p>", attachments=[IMAGE, PDF]), MAKING)
    assert b"Content-ID: <logo@crepes.test>\r\n" in composed.raw
    assert b"Content-Disposition: inline; filename=logo.png\r\n" in composed.raw
    parts = {part.get_content_type(): part for part in read(composed).walk()}
    assert parts["application/pdf"]["Content-Description"] == "The report für Bob"
    assert parts["multipart/related"].get_param("type") == "text/html"


@pytest.mark.parametrize(
    "name", ["Größenübersicht 2026.pdf", "a" * 200 + ".pdf", 'we"ird\\.pdf', "日本語" * 40 + ".pdf"]
)
def test_file_names(name):
    composed = compose(draft(attachments=[Attachment(b"%PDF-", name)]), MAKING)
    (part,) = read(composed).iter_attachments()
    assert part.get_filename() == name
    assert max(len(line) for line in composed.raw.split(b"\r\n")) <= 78


def test_a_message_as_attachment():
    inner = b"From: a@x.test\nSubject: inner\n\n--=_mixed_u1\nbody\n"
    message = read(compose(draft(attachments=[Attachment(inner, "m.eml")]), MAKING))
    (part,) = message.iter_attachments()
    assert part.get_content_type() == "message/rfc822"
    assert part.get_content()["Subject"] == "inner"
    assert part["Content-Transfer-Encoding"] is None


@pytest.mark.parametrize(
    ("inner", "kind", "body"),
    [
        ("Subject: x\r\n\r\ngröße\r\n".encode(), "message/rfc822", BodyKind.EIGHT_BIT),
        (b"Subject: x\r\n\r\n\0\r\n", "application/octet-stream", BodyKind.SEVEN_BIT),
        (b"Subject: x\r\n\r\n" + b"x" * 999 + b"\r\n", "application/octet-stream", BodyKind.SEVEN_BIT),
    ],
)
def test_messages_that_may_not_be_encoded(inner, kind, body):
    composed = compose(draft(attachments=[Attachment(inner, "m.eml")]), MAKING)
    (part,) = read(composed).iter_attachments()
    assert (part.get_content_type(), composed.body) == (kind, body)


def test_bcc_receives_and_is_not_told():
    carol = Mailbox(Address("carol", "x.test"))
    composed = compose(draft(bcc=[carol, BOB]), MAKING)
    assert composed.recipients == [BOB.address, carol.address]
    assert b"carol" not in composed.raw
    kept = compose(draft(bcc=[carol]), msgspec.structs.replace(MAKING, keep_bcc=True))
    assert read(kept)["Bcc"] == "carol@x.test"
    assert read(compose(draft(to=[], bcc=[carol]), MAKING))["To"] == "undisclosed-recipients:;"


def test_other_fields():
    carol = Mailbox(Address("carol", "x.test"), "Carol, of X")
    composed = compose(
        draft(
            author=[ALICE, carol],
            cc=[carol],
            reply_to=[carol],
            in_reply_to=["<1@x.test>"],
            references=["<0@x.test>", "<1@x.test>"],
            extra=[("X-Test", "größe"), ("Auto-Submitted", "auto-generated")],
        ),
        msgspec.structs.replace(MAKING, offset=-90),
    )
    message = read(composed)
    assert message["Sender"] == "Alice <alice@crepes.test>"
    assert message["Reply-To"] == message["Cc"] == '"Carol, of X" <carol@x.test>'
    assert message["References"] == "<0@x.test> <1@x.test>"
    assert message["X-Test"] == "größe"
    assert message["Date"] == "Fri, 20 Nov 2026 19:42:00 -0130"


def test_internationalized_addresses_need_smtputf8():
    composed = compose(draft(to=[Mailbox(Address("пётр", "x.test"), "Пётр")]), MAKING)
    assert composed.smtputf8
    assert composed.body is BodyKind.EIGHT_BIT
    assert "<пётр@x.test>".encode() in composed.raw


EVIL = "a\r\nBcc: x@r.test"


@pytest.mark.parametrize("bad", [EVIL, "a\nb", "a\rb", "a\0b", "\r\n\r\n<script>"])
@pytest.mark.parametrize(
    ("field", "make"),
    [
        ("Subject", lambda bad: {"subject": bad}),
        ("From", lambda bad: {"author": [Mailbox(ALICE.address, bad)]}),
        ("To", lambda bad: {"to": [Mailbox(ALICE.address, bad)]}),
        ("Cc", lambda bad: {"cc": [Mailbox(Address(bad, "x.test"))]}),
        ("Bcc", lambda bad: {"bcc": [Mailbox(Address("x", bad))]}),
        ("Reply-To", lambda bad: {"reply_to": [Mailbox(ALICE.address, bad)]}),
        ("Sender", lambda bad: {"sender": Mailbox(ALICE.address, bad)}),
        ("User-Agent", lambda bad: {"user_agent": bad}),
        ("In-Reply-To", lambda bad: {"in_reply_to": [f"<{bad}@x>"]}),
        ("References", lambda bad: {"references": [f"<{bad}@x>"]}),
        ("X-Test", lambda bad: {"extra": [("X-Test", bad)]}),
        ("attachment name", lambda bad: {"attachments": [Attachment(b"x", bad)]}),
        ("attachment type", lambda bad: {"attachments": [Attachment(b"x", "x", f"text/plain{bad}")]}),
        ("Content-ID", lambda bad: {"attachments": [Attachment(b"x", "x", content_id=bad)]}),
        ("Content-Description", lambda bad: {"attachments": [Attachment(b"x", "x", description=bad)]}),
    ],
)
def test_no_line_is_smuggled_in(field, make, bad):
    with pytest.raises(FieldRefused) as refused:
        compose(draft(**make(bad)), MAKING)
    assert refused.value.field == field


@pytest.mark.parametrize("name", ["Bcc", "content-type", "Received", "Resent-To", "a:b", "X-\r\nBcc", ""])
def test_fields_that_are_not_free(name):
    with pytest.raises(FieldRefused):
        compose(draft(extra=[(name, "x")]), MAKING)


@pytest.mark.parametrize(
    ("more", "match"),
    [
        ({"author": []}, "From: there must be at least one author"),
        ({"text": "\ud800"}, "text: a lone surrogate"),
        ({"attachments": [Attachment(b"", "x", "multipart/mixed")]}, "attachment type"),
        ({"attachments": [Attachment(b"", "x", "text/html; charset=utf-7")]}, "attachment type"),
    ],
)
def test_refused_with_the_reason(more, match):
    with pytest.raises(FieldRefused, match=match):
        compose(draft(**more), MAKING)


def test_unique_is_checked():
    with pytest.raises(ValueError, match="unique"):
        compose(draft(), msgspec.structs.replace(MAKING, unique="a b\r\n"))


def test_an_encoded_word_typed_by_hand_stays_what_was_typed():
    assert read(compose(draft(subject="=?utf-8?q?a=0ABcc:?="), MAKING))["Subject"] == "=?utf-8?q?a=0ABcc:?="


SAFE = st.text(st.characters(exclude_categories=["Cs"]), max_size=300)


@given(SAFE, SAFE, st.binary(max_size=300), st.booleans(), st.booleans())
def test_any_text_and_file_come_back(text, html, content, eight_bit, flowed):
    composed = compose(
        draft(text=text, html=html, attachments=[Attachment(content, "x.bin")], flowed=flowed),
        msgspec.structs.replace(MAKING, eight_bit=eight_bit),
    )
    message = email.message_from_bytes(composed.raw, policy=email.policy.default)
    attached = [part for part in message.walk() if part.get_filename() == "x.bin"]
    assert [part.get_payload(decode=True) for part in attached] == [content]
    structure = scan(composed.raw)
    assert not structure.ambiguous
    assert not structure.truncated


@given(st.text(max_size=50), st.text(max_size=50), st.text(max_size=50), st.text(max_size=50))
def test_any_header_text_gives_the_fields_asked_for_or_a_refusal(subject, name, filename, agent):
    wanted = draft(
        subject=subject,
        to=[Mailbox(BOB.address, name)],
        user_agent=agent,
        attachments=[Attachment(b"x", filename)],
    )
    try:
        composed = compose(wanted, MAKING)
    except FieldRefused:
        return
    message = email.message_from_bytes(composed.raw, policy=email.policy.compat32)
    agents = ["User-Agent"] if agent else []
    assert message.keys() == [
        "Date",
        "From",
        "To",
        "Subject",
        "Message-ID",
        *agents,
        "MIME-Version",
        "Content-Type",
    ]
    assert len(message.get_payload()) == 2
