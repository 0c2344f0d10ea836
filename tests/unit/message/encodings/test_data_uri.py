"""data: URIs (RFC 2397 §3)."""

import pytest

from postroom.message.encodings.data_uri import read_data_uri


@pytest.mark.parametrize(
    ("text", "found"),
    [
        ("data:,A%20brief%20note", ("text/plain;charset=US-ASCII", b"A brief note")),
        ("data:;charset=utf-8,%C3%A9", ("text/plain;charset=utf-8", b"\xc3\xa9")),
        ("DATA:image/gif;BASE64,R0lG", ("image/gif", b"GIF")),
        ("data:text/plain;charset=iso-8859-7,%be%d3", ("text/plain;charset=iso-8859-7", b"\xbe\xd3")),
        ("data:image/gif;base64,R0%6CG", ("image/gif", b"GIF")),
        ("data:image/gif;base64,R0lG!", None),
        ("data:image/gif;base64,R0l", None),
        ("data:image/gif", None),
        ("https://x.test/,a", None),
        ("", None),
    ],
)
def test_what_stands_in_a_uri(text: str, found: tuple[str, bytes] | None) -> None:
    assert read_data_uri(text) == found
