from __future__ import annotations

import pytest

from postroom.message.mime.attachment import declared_name, has_attachment
from postroom.message.mime.structure import scan

TEXT = b"--b\r\n\r\nhello\r\n"


def _multipart(subtype: bytes, *parts: bytes) -> bytes:
    return (
        b"Content-Type: multipart/"
        + subtype
        + b"; boundary=b\r\n\r\n"
        + TEXT
        + b"".join(b"--b\r\n" + part + b"\r\n" for part in parts)
        + b"--b--\r\n"
    )


@pytest.mark.parametrize(
    ("raw", "expected"),
    [
        (b"\r\nhello", False),
        (b"Content-Disposition: attachment\r\n\r\nhello", True),
        (b"Content-Type: application/pdf\r\n\r\n", True),
        (_multipart(b"alternative", b"Content-Type: text/html\r\n\r\n<p>"), False),
        (_multipart(b"mixed", b"Content-Type: image/png\r\n\r\nx"), True),
        (_multipart(b"mixed", b"Content-Type: image/png\r\nContent-Disposition: inline\r\n\r\nx"), False),
        (_multipart(b"mixed", b"Content-Disposition: attachment; filename=a.txt\r\n\r\nx"), True),
        (_multipart(b"related", b"Content-Type: image/png\r\nContent-ID: <a>\r\n\r\nx"), False),
        (_multipart(b"signed", b"Content-Type: application/pgp-signature\r\n\r\nx"), False),
        (_multipart(b"mixed", b"Content-Type: message/rfc822\r\n\r\nSubject: s\r\n\r\nx"), True),
        (
            _multipart(
                b"report",
                b"Content-Type: message/delivery-status\r\n\r\nx",
                b"Content-Type: message/rfc822\r\n\r\nx",
            ),
            False,
        ),
        (_multipart(b"mixed", b"Content-Type: text/calendar\r\n\r\nx"), True),
        (b"Content-Type: text/calendar\r\n\r\nx", True),
        (b"Content-Type: message/rfc822\r\n\r\nSubject: s\r\n\r\nx", True),
        (b"Content-Type: text/plain; name=a.txt\r\n\r\nx", False),
        (_multipart(b"mixed", b"Content-Type: text/plain; name=a.txt\r\n\r\nx"), True),
        (_multipart(b"mixed", b"Content-Type: text/plain\r\n\r\nx"), False),
        (
            _multipart(b"mixed", b"Content-Type: text/html; name=a\r\nContent-Disposition: inline\r\n\r\nx"),
            False,
        ),
    ],
)
def test_has_attachment(raw: bytes, expected: bool) -> None:
    assert has_attachment(scan(raw)) is expected


@pytest.mark.parametrize(
    ("fields", "name"),
    [
        (
            b"Content-Disposition: attachment; filename*=utf-8''%c3%a9.txt\r\nContent-Type: a/b; name=x\r\n",
            "\u00e9.txt",
        ),
        (b"Content-Type: a/b; name=x.bin\r\n", "x.bin"),
        (b"Content-Disposition: attachment\r\nContent-Type: a/b; name*0=x; name*1=y\r\n", "xy"),
        (b"", ""),
    ],
)
def test_declared_name(fields: bytes, name: str) -> None:
    assert declared_name(scan(fields + b"\r\n").root) == name
