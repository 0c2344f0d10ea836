"""A message as tests look at it."""

from __future__ import annotations

from email.message import EmailMessage

import msgspec
import pytest

from postroom.lab.api.mailboxes import _message
from postroom.lab.arrived.mail import Mail, NotInMail


def mail(text: str = "", html: str = "", subject: str = "Hello") -> Mail:
    message = EmailMessage()
    message["Subject"], message["From"], message["To"] = (
        subject,
        "Shop <shop@example.com>",
        "a@x.test, B <b@x.test>",
    )
    message.set_content(text)
    if html:
        message.add_alternative(html, subtype="html")
    return Mail(message.as_bytes(), 1)


@pytest.mark.parametrize(
    ("text", "code"),
    [
        ("Your code is 123456.", "123456"),
        ("Order 20261121 of 2026.\nYour code:\n\n  987 654\n", "987654"),
        ("PIN: 4711", "4711"),
        ("Use ABCD-1234 as your token", "ABCD-1234"),
        ("Type 55555 within 10 minutes, or call +49 30 123456", "55555"),
        ("See https://x.test/123456?c=999999\nYour code is 1234", "1234"),
        ("1,234,567 people like it. Your code is 246810", "246810"),
    ],
)
def test_codes(text: str, code: str) -> None:
    assert mail(text).code() == code


def test_a_code_of_another_shape() -> None:
    assert mail("Your word is kiwi-pear-fig").code(r"is (\w+-\w+-\w+)") == "kiwi-pear-fig"
    with pytest.raises(NotInMail, match="no code in <Mail 'Hello'"):
        mail("nothing").code()


def test_links() -> None:
    found = mail(
        "Go to https://x.test/confirm?a=1&b=2. Or (http://y.test/z)!",
        '<p><a href="https://x.test/confirm?a=1&amp;b=2">Confirm</a> <a href="mailto:x@y.test">M</a></p>',
    )
    assert found.links() == ["https://x.test/confirm?a=1&b=2", "http://y.test/z"]
    assert found.link("confirm") == "https://x.test/confirm?a=1&b=2"
    for words in ("nowhere", "http"):
        with pytest.raises(NotInMail):
            found.link(words)


def test_a_number_of_any_length_is_read() -> None:
    number = f"&#{'9' * 5000};"
    page = f'<p>4711{number}<a href="https://x.test/?{number}">here</a></p>'
    found = Mail(b"Content-Type: text/html\r\n\r\n" + page.encode(), 1)
    assert found.links() == ["https://x.test/?\ufffd"]
    assert found.text == "4711\ufffdhere"


def test_html_alone_has_text() -> None:
    message = EmailMessage()
    message["Subject"] = "x"
    message.set_content("<style>p{}</style><h1>Hello</h1><p>Your code is <b>246810</b></p>", subtype="html")
    found = Mail(message.as_bytes(), 1)
    assert found.text == "Hello\nYour code is 246810"
    assert found.code() == "246810"


def test_attachments() -> None:
    message = EmailMessage()
    message.set_content("text")
    message.add_alternative('<img src="cid:logo">', subtype="html")
    message.add_attachment(b"%PDF-", maintype="application", subtype="pdf", filename="Rechnung ä.pdf")
    message.add_attachment("a,b\n", subtype="csv", filename="t.csv")
    inner = EmailMessage()
    inner["Subject"] = "inner"
    inner.set_content("inner")
    message.add_attachment(inner)
    found = Mail(message.as_bytes(), 1).attachments()
    assert [one.name for one in found][:2] == ["Rechnung ä.pdf", "t.csv"]
    assert found[0].content == b"%PDF-"
    assert found[1].content == b"a,b\n"
    assert found[2].content_type == "message/rfc822"
    assert len(found) == 3


def test_people_and_fields() -> None:
    found = mail("x", subject="Grüße")
    assert (found.subject, found.sender, found.to, found.cc) == (
        "Grüße",
        "shop@example.com",
        ["a@x.test", "b@x.test"],
        [],
    )
    assert found.header("X-None") == ""
    assert "a@x.test, B <b@x.test>" in found.header("To")


def test_cells_of_a_table_are_words_of_their_own() -> None:
    row = b"<table><tr><td>Your code</td><td>123456</td></tr></table>"
    found = Mail(b"Content-Type: text/html\r\n\r\n" + row, 1)
    assert (found.text, found.code()) == ("Your code 123456", "123456")


def test_a_forwarded_message_is_a_file_as_it_came() -> None:
    inner = b"Subject: inner\r\n\r\nhello\r\n"
    attached = b"Content-Type: message/rfc822\r\nContent-Disposition: attachment\r\n\r\n"
    assert [one.content for one in Mail(attached + inner, 1).attachments()] == [inner]


@pytest.mark.parametrize(
    "raw",
    [
        b"",
        b"\xff\xfe",
        b"Subject: =?x?q?y?=\r\nContent-Type: text/plain; charset=none\r\n\r\n\xff",
        b'From: "\r\n\r\n',
        b"From: a@[\r\n\r\n",
        b"From: caf\xe9@x.test\r\n\r\n",
        b"To: " + b"(" * 5_000 + b"\r\n\r\n",
        b"To: " + b"a@b.test, " * 20_000 + b"\r\n\r\n",
        b"Message-ID: <\r\n\r\n",
        b"Date: Mon, 01 Jan 2024 00:00:00 +99999999999999\r\n\r\n",
        b"Subject: =?utf-8?q?=ED=A0=80?=\r\n\r\n",
        b"Content-Type: text/plain; charset=utf-7\r\n\r\n+2AA-",
        b"Content-Type: text/plain; charset=unicode_escape\r\n\r\n\\ud800",
        b'Content-Type: text/plain; charset="a\x00b"\r\n\r\nx',
        b"Content-Type: text/plain" + b"; a=b" * 20_000 + b"\r\n\r\nx",
    ],
    ids=lambda raw: repr(raw[:40]),
)
def test_broken_mail_is_shown_all_the_same(raw: bytes) -> None:
    found = Mail(raw, 1)
    assert isinstance(found.text, str)
    assert found.attachments() == []
    assert repr(found)
    assert msgspec.json.encode(_message(found))


def test_html_is_read_in_the_charset_that_it_names_itself() -> None:
    words = "Здравствуйте".encode("koi8-r")
    html = b'Content-Type: text/html\r\n\r\n<meta charset="koi8-r"><p>' + words + b"</p>\r\n"
    assert Mail(html, 1).text == "Здравствуйте"
    assert "Здравствуйте" in Mail(html, 1).html
