"""Names that may be saved, whatever a message proposes."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from postroom.message.mime.file_names import MAX_NAME_OCTETS, safe_filename


@pytest.mark.parametrize(
    ("name", "safe"),
    [
        ("report.pdf", "report.pdf"),
        ("Größe 1.txt", "Größe 1.txt"),
        ("../../x", "x"),
        ("..\\..\\evil.exe", "evil.exe"),
        ("/etc/passwd", "passwd"),
        ("C:\\Users\\x.txt", "x.txt"),
        ("C:x.txt", "C_x.txt"),
        ("a\r\nX: y", "a X_ y"),
        ("cv\u202efdp.exe", "cvfdp.exe"),
        ("a\u200b\u2066b\0.txt", "ab.txt"),
        (".bashrc", "bashrc"),
        ("-rf", "rf"),
        ("~root", "root"),
        ("..", "attachment.png"),
        ("", "attachment.png"),
        ("///", "attachment.png"),
        ("?*", "attachment.png"),
        ("nul", "_nul"),
        ("COM1.txt", "_COM1.txt"),
        ("console.txt", "console.txt"),
        ("x. ", "x"),
        ("a" * 10_000 + ".tar.gz", "a" * 4096),
        ("e\u0301.txt", "\u00e9.txt"),
    ],
)
def test_safe_filename(name, safe):
    assert safe_filename(name, "image/png") == (safe if len(safe) < 4096 else "a" * 120)


def test_a_long_name_keeps_its_extension():
    assert safe_filename("a" * 500 + ".tar.gz") == "a" * 113 + ".tar.gz"
    assert safe_filename("\u65e5" * 200 + ".pdf").endswith("\u65e5.pdf")


@given(st.text(max_size=300))
def test_any_name_becomes_safe(name):
    safe = safe_filename(name)
    assert safe.isprintable()
    assert 0 < len(safe.encode()) <= MAX_NAME_OCTETS
    assert not set(safe) & set('/\\:<>"|?*')
    assert safe[0] not in ".-~ "
    assert safe[-1] not in ". "
