"""`TLS-Required: No`: in which headers it counts."""

from __future__ import annotations

import pytest

from postroom.message.headers.tls_required import tls_is_optional


@pytest.mark.parametrize(
    ("header", "optional"),
    [
        (b"TLS-Required: No\r\n", True),
        (b"Subject: x\r\ntls-required:no\r\nTo: y\r\n", True),
        (b"TLS-Required:\r\n No\r\n", True),
        (b"TLS-Required: NO \r\n", True),
        (b"TLS-Required: Yes\r\n", False),
        (b"TLS-Required: No way\r\n", False),
        (b"TLS-Required: No\r\n way\r\n", False),
        (b"TLS-Required:\r\n", False),
        (b"TLS-Required:\r\nSubject: No\r\n", False),
        (b"TLS-Required: No\r\nTLS-Required: No\r\n", False),  # RFC 8689 §3: not more than one
        (b"X-TLS-Required: No\r\n", False),
        (b"Subject: x\r\n TLS-Required: No\r\n", False),
        (b"", False),
    ],
)
def test_headers(header: bytes, optional: bool) -> None:
    assert tls_is_optional(header) is optional
