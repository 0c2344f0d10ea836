from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from postroom.message.attachment import LONGEST_NAME, declared_name, download_name, has_attachment
from postroom.message.mime import scan

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
    ],
)
def test_has_attachment(raw: bytes, expected: bool) -> None:
    assert has_attachment(scan(raw)) is expected


@pytest.mark.parametrize(
    ("declared", "name"),
    [
        ("report.pdf", "report.pdf"),
        ("../../x", "x"),
        ("C:\\dir\\a.txt", "a.txt"),
        ("a\r\nX: y", "a_X_ y"),
        ("cv\u202efdp.exe", "cv_fdp.exe"),
        ("a\0b.txt", "a_b.txt"),
        ("x" * 10_000 + ".jpeg", "x" * (LONGEST_NAME - 5) + ".jpeg"),
        ("\u00e9" * 100, "\u00e9" * 60),
        ("", "attachment"),
        ("..", "attachment"),
        ("/etc/passwd/", "attachment"),
        ("\0\0", "attachment"),
        ("con", "_con"),
        ("LPT1.txt", "_LPT1.txt"),
        (" .hidden. ", "hidden"),
    ],
)
def test_download_name(declared: str, name: str) -> None:
    assert download_name(declared) == name


@given(st.text())
def test_a_download_name_is_never_a_path(declared: str) -> None:
    name = download_name(declared)
    assert name not in {"", ".", ".."}
    assert not set(name) & set('/\\\0\r\n:"')
    assert len(name.encode("utf-8", "replace")) <= LONGEST_NAME


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
