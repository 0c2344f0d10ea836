"""Received fields as the world writes them."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from postroom.message.headers.received import Received, read_received

POSTFIX = b"from mx.a.test (mail.a.test [192.0.2.9]) (using TLSv1.3 with cipher TLS_AES_256_GCM_SHA384 (256/256 bits)) (No client certificate requested) by b.test (Postfix) with ESMTPS id 4X9 for <bob@b.test>; Mon,  1 Jan 2024 12:00:10 +0100 (CET)"
GOOGLE = b"by 2002:a05:6504:1096:b0:1f4 with SMTP id q22csp1; Mon, 1 Jan 2024 03:00:10 -0800 (PST)"
EXIM = b"from [192.0.2.7] (helo=laptop) by mx.c.test with esmtpsa (TLS1.2:ECDHE-RSA-AES128-GCM-SHA256:128) (Exim 4.92) (envelope-from <x@c.test>) id 1r; Mon, 01 Jan 2024 11:00:10 +0000"
EXCHANGE = (
    b"from A.local ([fe80::1]) by B.local ([fe80::2%3]) with mapi id 15.20; Mon, 1 Jan 2024 11:00:10 +0000"
)


@pytest.mark.parametrize(
    ("value", "wanted"),
    [
        (POSTFIX, {"helo": "mx.a.test", "reverse": "mail.a.test", "ip": "192.0.2.9", "by": "b.test", "protocol": "ESMTPS", "id": "4X9", "recipient": "bob@b.test", "tls": True, "tls_version": "1.3"}),
        (GOOGLE, {"helo": "", "by": "2002:a05:6504:1096:b0:1f4", "protocol": "SMTP", "tls": False}),
        (EXIM, {"helo": "[192.0.2.7]", "ip": "192.0.2.7", "tls": True, "tls_version": "1.2", "login": True}),
        (EXCHANGE, {"by": "B.local", "protocol": "mapi", "tls": None, "ip": "fe80::1"}),
        (b"(from bob@localhost) by x.test id 4; Mon, 1 Jan 2024 11:00:10 +0000", {"by": "x.test", "id": "4", "tls": None}),
    ],
)  # fmt: skip
def test_what_is_read(value, wanted):
    found = read_received(value)
    assert {name: getattr(found, name) for name in wanted} == wanted
    assert found.at == 1704106810


def test_nothing_to_read():
    assert read_received(b"") == Received()
    assert read_received(b"((((") == Received()
    assert read_received(b"from from by by; never").at is None


@given(st.binary(max_size=300))
def test_whatever_comes(value):
    read_received(value)
