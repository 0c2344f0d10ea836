"""Whom an answer goes to, what it refers to and quotes; and that hostile originals give harmless drafts."""

import email
import email.policy

import pytest
from hypothesis import given
from hypothesis import strategies as st

from postroom.message.address import Address
from postroom.message.composing.compose import Attachment, Draft, Making, compose
from postroom.message.composing.reply import (
    MAX_QUOTED,
    MAX_REFERENCES,
    forward,
    forward_as_attachment,
    quote,
    read_original,
    reply,
)
from postroom.message.headers.fields import Mailbox

BOB = Mailbox(Address("bob", "hamburger.test"), "Bob")
ALIAS = Address("robert", "hamburger.test")
MAKING = Making(now=1_795_209_120, unique="u1", domain="hamburger.test")
HEAD = (
    b"From: Alice <alice@crepes.test>\r\nTo: bob@hamburger.test, Carol <carol@x.test>\r\nCc: robert@hamburger.test, dave@x.test\r\n"
    b"Subject: Lunch\r\nDate: Fri, 20 Nov 2026 21:11:00 +0100\r\nMessage-ID: <2@crepes.test>\r\nReferences: <0@x.test>\r\n <1@x.test>\r\n"
)
LETTER = HEAD + b"\r\nDo you like ketchup?\r\n> yes\r\n\r\nHow about pickles?\r\n-- \r\nAlice\r\n"


def addresses(mailboxes):
    return [str(mailbox.address) for mailbox in mailboxes]


def answered(raw, *, to_all=False):
    return reply(read_original(raw), BOB, [ALIAS], to_all=to_all)


def test_a_reply():
    draft = answered(LETTER)
    assert (draft.author, addresses(draft.to), draft.cc) == ([BOB], ["alice@crepes.test"], [])
    assert draft.subject == "Re: Lunch"
    assert draft.in_reply_to == ["<2@crepes.test>"]
    assert draft.references == ["<0@x.test>", "<1@x.test>", "<2@crepes.test>"]
    assert draft.text == (
        "On Fri, 20 Nov 2026 21:11:00 +0100, Alice <alice@crepes.test> wrote:\n"
        "> Do you like ketchup?\n>> yes\n>\n> How about pickles?\n"
    )


def test_a_reply_to_all():
    draft = answered(LETTER, to_all=True)
    assert addresses(draft.to) == ["alice@crepes.test"]
    assert addresses(draft.cc) == ["carol@x.test", "dave@x.test"]


@pytest.mark.parametrize(
    ("more", "to_all", "to", "cc"),
    [
        (b"Reply-To: list@x.test\r\n", False, ["list@x.test"], []),
        (b"Reply-To: list@x.test\r\n", True, ["list@x.test"], ["carol@x.test", "dave@x.test"]),
        (b"Mail-Followup-To: list@x.test, bob@hamburger.test\r\n", True, ["list@x.test"], []),
        (b"Mail-Followup-To: list@x.test\r\n", False, ["alice@crepes.test"], []),
        (b"Reply-To: CAROL@x.test\r\n", True, ["CAROL@x.test"], ["dave@x.test"]),
        (b"Reply-To: not an address\r\n", False, ["alice@crepes.test"], []),
        (b"Reply-To: " + b"a" * 1000 + b"@x.test\r\n", False, ["alice@crepes.test"], []),
    ],
)
def test_where_it_goes(more, to_all, to, cc):
    draft = answered(more + LETTER, to_all=to_all)
    assert (addresses(draft.to), addresses(draft.cc)) == (to, cc)


@pytest.mark.parametrize(
    ("raw", "to_all", "to", "cc"),
    [
        (
            b"From: bob@hamburger.test\r\nTo: carol@x.test\r\nCc: dave@x.test\r\n\r\n",
            False,
            ["carol@x.test"],
            [],
        ),
        (
            b"From: bob@hamburger.test\r\nTo: carol@x.test\r\nCc: dave@x.test\r\n\r\n",
            True,
            ["carol@x.test"],
            ["dave@x.test"],
        ),
        (b"From: bob@hamburger.test\r\nTo: bob@hamburger.test\r\n\r\n", False, ["bob@hamburger.test"], []),
        (b"\r\nnothing\r\n", True, [], []),
    ],
)
def test_own_letters(raw, to_all, to, cc):
    draft = answered(raw, to_all=to_all)
    assert (addresses(draft.to), addresses(draft.cc)) == (to, cc)


@pytest.mark.parametrize(
    ("subject", "reply_subject", "forward_subject"),
    [
        ("Lunch", "Re: Lunch", "Fwd: Lunch"),
        ("Re: Lunch", "Re: Lunch", "Fwd: Re: Lunch"),
        ("RE: re: AW: Re[3]: Lunch", "Re: Lunch", "Fwd: RE: re: AW: Re[3]: Lunch"),
        ("Fwd: FW: Lunch", "Re: Fwd: FW: Lunch", "Fwd: Lunch"),
        ("Regarding: us", "Re: Regarding: us", "Fwd: Regarding: us"),
        ("", "Re: ", "Fwd: "),
        ("=?utf-8?q?a=0D=0ABcc:_x?=", "Re: a", "Fwd: a"),
    ],
)
def test_subjects(subject, reply_subject, forward_subject):
    original = read_original(f"Subject: {subject}\r\n\r\n".encode())
    answer, onward = reply(original, BOB), forward(original, BOB)
    assert answer.subject.startswith(reply_subject)
    assert onward.subject.startswith(forward_subject)
    assert "\n" not in answer.subject + onward.subject


@pytest.mark.parametrize(
    ("header", "references"),
    [
        (b"Message-ID: <2@x>\r\n", ["<2@x>"]),
        (b"Message-ID: <2@x>\r\nIn-Reply-To: <1@x>\r\n", ["<1@x>", "<2@x>"]),
        (b"Message-ID: <2@x>\r\nIn-Reply-To: <0@x> <1@x>\r\n", ["<2@x>"]),
        (b"Message-ID: <2@x>\r\nIn-Reply-To: Your letter of Friday\r\n", ["<2@x>"]),
        (b"Message-ID: <2@x>\r\nReferences: <1@x> junk <1@x> <2@x> <\r\n", ["<1@x>", "<2@x>"]),
        (b"References: <1@x>\r\n", []),
        (b"Message-ID: <\r\n", []),
    ],
)
def test_references(header, references):
    draft = reply(read_original(header + b"\r\n"), BOB)
    assert draft.references == references
    assert draft.in_reply_to == [one for one in references if one == "<2@x>"]


def test_long_threads_are_trimmed():
    ids = b" ".join(b"<%d@x>" % number for number in range(1000))
    references = reply(
        read_original(b"Message-ID: <m@x>\r\nReferences: " + ids + b"\r\n\r\n"), BOB
    ).references
    assert len(references) == MAX_REFERENCES
    assert (references[0], references[-1]) == ("<0@x>", "<m@x>")


def test_dates_that_cannot_be_written():
    for date in (b"31 Dec 9999 23:59:60 +0000", b"1 Jan 2026 00:00:00 +9959", b"yesterday"):
        assert read_original(b"Date: " + date + b"\r\n\r\n").date == ""


def test_html_only_and_encodings():
    html = "Content-Type: text/html; charset=utf-8\r\n\r\n<p>Größe</p>".encode()
    assert read_original(html).text == "Größe"
    latin = b"Content-Type: text/plain; charset=iso-8859-1\r\nContent-Transfer-Encoding: quoted-printable\r\n\r\nGr=F6=DFe\r\n"
    assert "> Größe\n" in quote(read_original(latin))
    flowed = b"Content-Type: text/plain; format=flowed\r\n\r\nlong \r\nline\r\n>> deep \r\n>> er\r\n"
    assert quote(read_original(flowed)).splitlines()[1:] == ["> long line", ">>> deep er"]


PDF = Attachment(b"%PDF-1.7", "report.pdf")


def composed_letter():
    inner = Attachment(b"Subject: inner\r\n\r\ninner text\r\n", "m.eml")
    author = [Mailbox(Address("alice", "crepes.test"))]
    return compose(
        Draft(author=author, to=[BOB], subject="Files", text="see there", attachments=[PDF, inner]), MAKING
    ).raw


def test_a_forward_takes_the_files_along():
    draft = forward(read_original(composed_letter()), BOB, [Mailbox(ALIAS)])
    assert [(file.name, file.media_type) for file in draft.attachments] == [
        ("report.pdf", "application/pdf"),
        ("m.eml", "message/rfc822"),
    ]
    assert draft.attachments[0].content == PDF.content
    assert b"inner text" in draft.attachments[1].content
    assert draft.text == (
        "\n---------- Forwarded message ----------\nFrom: alice@crepes.test\nDate: Fri, 20 Nov 2026 21:12:00 +0000\nSubject: Files\n"
        "To: Bob <bob@hamburger.test>\n\nsee there\n"
    )


def forwarded(kind, body):
    raw = HEAD + b"MIME-Version: 1.0\r\nContent-Type: " + kind + b"\r\n\r\n" + body.replace(b"\n", b"\r\n")
    draft = forward(read_original(raw), BOB, [Mailbox(ALIAS)])
    compose(draft, MAKING)
    return draft.text.partition("dave@x.test\n\n")[2], [
        (file.name, file.content) for file in draft.attachments
    ]


@pytest.mark.parametrize(
    ("kind", "body", "text", "files"),
    [
        (b"application/pdf; name=scan.pdf", b"%PDF-1.7", "", [("scan.pdf", b"%PDF-1.7")]),
        (
            b"text/plain\r\nContent-Disposition: attachment; filename=a.log",
            b"all",
            "",
            [("a.log", b"all")],
        ),
        (
            b"multipart/mixed; boundary=b",
            (
                b"--b\n\nhello\n--b\nContent-Type: text/x-diff\nContent-Disposition: inline; filename=p.diff\n\n+ a\n"
                b"--b\nContent-Type: text/csv\n\n1,2\n--b\n\nof the list\n--b--\n"
            ),
            "hello\n\nof the list",
            [("p.diff", b"+ a"), ("attachment.csv", b"1,2")],
        ),
        (
            b"multipart/alternative; boundary=b",
            b"--b\n\nhello\n--b\nContent-Type: text/html\n\n<b>hello\n--b\nContent-Type: text/calendar\n\nBEGIN:VCALENDAR\n--b--\n",
            "hello",
            [("attachment.ics", b"BEGIN:VCALENDAR")],
        ),
        (
            b"multipart/alternative; boundary=b",
            (
                b"--b\n\nsee below\n--b\nContent-Type: multipart/mixed; boundary=c\n\n--c\nContent-Type: text/html\n\n<b>see\n"
                b"--c\nContent-Type: text/x-diff; name=p.diff\n\n+ a\n--c\nContent-Type: text/html\n\n<b>below\n--c--\n--b--\n"
            ),
            "see below",
            [("p.diff", b"+ a")],
        ),
        (
            b"multipart/report; boundary=b",
            b"--b\n\nbounced\n--b\nContent-Type: text/rfc822-headers\n\nSubject: x\n--b--\n",
            "bounced",
            [("attachment", b"Subject: x")],
        ),
    ],
)
def test_a_forward_leaves_nothing_behind(kind, body, text, files):
    assert forwarded(kind, body) == (text, files)


@pytest.mark.parametrize("kind", [b"image/*", b"Image/x'y"])
def test_a_file_of_a_type_that_is_none_goes_along(kind):
    """Some programs of telephones write `image/*`."""
    raw = (
        HEAD
        + b"Content-Type: multipart/mixed; boundary=b\r\n\r\n--b\r\nContent-Type: %b; name=a.png\r\n\r\n"
        % kind
    )
    draft = forward(read_original(raw + b"\x89PNG\r\n\x1a\n\r\n--b--\r\n"), BOB, [Mailbox(ALIAS)])
    assert b"Content-Type: image/png" in compose(draft, MAKING).raw


def test_a_text_that_is_too_long_to_be_quoted_goes_along_as_a_file():
    text = (b"x" * 70 + b"\n") * (MAX_QUOTED // 72 + 1)
    quoted, files = forwarded(b"text/plain", text)
    assert len(quoted) <= MAX_QUOTED
    assert files == [("attachment.txt", text.replace(b"\n", b"\r\n"))]


def test_a_forward_as_attachment_is_untouched():
    draft = forward_as_attachment(LETTER, BOB, [Mailbox(ALIAS)])
    raw = compose(draft, MAKING).raw
    assert LETTER in raw
    message = email.message_from_bytes(raw, policy=email.policy.default)
    assert message.get_content_type() == "message/rfc822"
    assert message.get_filename() == "Lunch.eml"


HOSTILE = st.lists(
    st.sampled_from(
        [
            b"From: ",
            b"Subject: ",
            b"References: ",
            b"Message-ID: ",
            b"Date: ",
            b"Content-Type: text/html\r\n",
            b"=?utf-8?q?=0A=0D=00?= ",
            b"<a@b.test>",
            b"\r\n",
            b" ",
            b"\xff",
            b"\x1b[2J",
            b"\x00",
            "\u202e".encode(),
            b"--x\r\n",
            b"Content-Type: multipart/mixed; boundary=x\r\n",
        ]
    ),
    max_size=30,
).map(b"".join)


@given(HOSTILE)
def test_any_original_gives_drafts_that_can_be_written(raw):
    original = read_original(raw)
    for draft in (reply(original, BOB, to_all=True), forward(original, BOB), forward_as_attachment(raw, BOB)):
        compose(draft, MAKING)


@given(st.binary(max_size=500))
def test_any_octets(raw):
    compose(reply(read_original(raw), BOB), MAKING)
