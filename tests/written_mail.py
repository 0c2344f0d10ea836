"""A letter in which nothing is bad, and how one thing of it is changed."""

from __future__ import annotations

from email.message import EmailMessage
from email.policy import SMTP

WORDS = (
    "Welcome to the shop.\nPlease confirm your address within two days:\nhttps://shop.example/confirm?key=1\n"
)
HTML = (
    '<!DOCTYPE html><html lang="en"><body><h1>Welcome to the shop</h1><p>Please confirm your address within two days: '
    '<a href="https://shop.example/confirm?key=1">Confirm your address</a></p></body></html>'
)
PNG = b"\x89PNG\r\n\x1a\n" + bytes(20)


def letter(html: str = HTML, plain: str = WORDS, **fields: str) -> EmailMessage:
    """Fields by their names, `_` for `-`; an empty one is left out."""
    made = EmailMessage(SMTP)
    usual = {
        "From": "Shop <shop@shop.example>",
        "To": "bob@hamburger.test",
        "Subject": "Confirm your address",
        "Date": "Sat, 21 Nov 2026 10:00:00 +0000",
        "Message-ID": "<1@shop.example>",
    }
    for name, value in {**usual, **{key.replace("_", "-"): value for key, value in fields.items()}}.items():
        if value:
            made[name] = value
    if plain:
        made.set_content(plain)
    if html and plain:
        made.add_alternative(html, subtype="html")
    elif html:
        made.set_content(html, subtype="html")
    return made


def body(inside: str, head: str = "") -> bytes:
    """A letter whose HTML has this beside its words."""
    return letter(HTML.replace("<body>", f"<head>{head}</head><body>{inside}")).as_bytes()


def html_alone(html: str) -> bytes:
    """The same with exactly this HTML, in one line as it is."""
    return letter(html).as_bytes()


def with_file(name: str, content: bytes, kind: str = "application/octet-stream", **more: str) -> bytes:
    """A letter with a file; `cid` gives it a Content-ID."""
    made = letter()
    main, _, sub = kind.partition("/")
    made.add_attachment(content, main, sub, filename=name, cid=more.get("cid"))
    return made.as_bytes()


def replaced(old: bytes, new: bytes) -> bytes:
    """The letter with these octets in place of others."""
    raw = letter().as_bytes()
    assert old in raw
    return raw.replace(old, new, 1)
