"""Kinds of files by content and name, whatever the name claims."""

import pytest

from postroom.message.mime.media_types import OCTETS, extension, media_type

PNG = b"\x89PNG\r\n\x1a\n" + b"\0" * 20
ZIP = b"PK\3\4" + b"\0" * 20
OLE = b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1" + b"\0" * 20
MP4 = b"\0\0\0\x18ftypisom"


@pytest.mark.parametrize(
    ("name", "content", "kind"),
    [
        ("a.png", PNG, "image/png"),
        ("a.jpg", PNG, "image/png"),
        ("a", b"\xff\xd8\xff\xe0", "image/jpeg"),
        ("a.gif", b"GIF89a", "image/gif"),
        ("a.png", b"<script>", OCTETS),
        ("a.svg", b"<svg/>", "image/svg+xml"),
        ("a.webp", b"RIFF\0\0\0\0WEBP", "image/webp"),
        ("a.wav", b"RIFF\0\0\0\0WAVE", "audio/wav"),
        ("a.mp3", b"ID3\4", "audio/mpeg"),
        ("a.ogg", b"OggS\0", "audio/ogg"),
        ("a", b"OggS\0", "application/ogg"),
        ("a.mp4", MP4, "video/mp4"),
        ("a.m4a", MP4, "audio/mp4"),
        ("a.mov", b"\0\0\0\x14ftypqt  ", "video/quicktime"),
        ("a.webm", b"\x1a\x45\xdf\xa3", "video/webm"),
        ("a.pdf", b"%PDF-1.7", "application/pdf"),
        ("a.docx", ZIP, "application/vnd.openxmlformats-officedocument.wordprocessingml.document"),
        ("a.ods", ZIP, "application/vnd.oasis.opendocument.spreadsheet"),
        ("a.zip", ZIP, "application/zip"),
        ("a.txt", ZIP, "application/zip"),
        ("a.doc", OLE, "application/msword"),
        ("a.xls", OLE, "application/vnd.ms-excel"),
        ("a.tar.gz", b"\x1f\x8b\x08", "application/gzip"),
        ("a.tar", b"x" * 257 + b"ustar\0", "application/x-tar"),
        ("a.TXT", b"hello", "text/plain"),
        ("a.csv", "größe,1\n".encode(), "text/csv"),
        ("a.txt", b"\0\1\2\3", OCTETS),
        ("a.py", b"print()", "text/x-python"),
        ("README", b"hello", "text/plain"),
        ("README", b"BMW is a car", "text/plain"),
        ("README", "ü".encode() * 3000, "text/plain"),
        ("README", b"x" + "ü".encode() * 3000, "text/plain"),
        ("README", b"\xff\xfe\0", OCTETS),
        ("a.exe", b"MZ\x90\0", "application/vnd.microsoft.portable-executable"),
        ("holiday.jpg.exe", b"MZ\x90\0", "application/vnd.microsoft.portable-executable"),
        ("a.eml", b"Subject: x\r\n\r\n", "message/rfc822"),
        ("", b"", OCTETS),
        ("a.txt", b"", "text/plain"),
        ("a.png", b"", "image/png"),
    ],
)
def test_media_type(name, content, kind):
    assert media_type(name, content) == kind


@pytest.mark.parametrize(
    ("kind", "suffix"), [("image/jpeg", ".jpg"), ("text/plain", ".txt"), ("x/unknown", "")]
)
def test_extension(kind, suffix):
    assert extension(kind) == suffix
