"""The record that asks for TLS reports (RFC 8460 §3)."""

from __future__ import annotations

import pytest

from postroom.mailauth.tlsrpt import MAX_RECORD, MAX_URIS, TlsRptUnknown, look_up
from spf_zone import Zone


@pytest.mark.parametrize(
    ("text", "mail", "https"),
    [
        ("v=TLSRPTv1; rua=mailto:a@e.test", ["a@e.test"], []),
        ("v=TLSRPTv1;rua=mailto:a@e.test;", ["a@e.test"], []),
        ("v=TLSRPTv1 ; RUA = MAILTO:a@e.test , https://e.test/v1/x", ["a@e.test"], ["https://e.test/v1/x"]),
        ("v=TLSRPTv1; x=y; rua=https://e.test/", [], ["https://e.test/"]),
        ("v=TLSRPTv1; rua=http://e.test/,ftp://e.test/,a@e.test", [], []),
        ("v=TLSRPTv1; rua=https://e.test/a b,https://e.test/\x07", [], []),
        ("v=TLSRPTv1; rua=", [], []),
        ("v=TLSRPTv1;", [], []),
        (
            "v=TLSRPTv1; rua=" + ",".join(f"mailto:{n}@e.test" for n in range(9)),
            [f"{n}@e.test" for n in range(MAX_URIS)],
            [],
        ),
    ],
)
async def test_the_record(text: str, mail: list[str], https: list[str]) -> None:
    found = await look_up(Zone(f"_smtp._tls.e.test TXT {text}"), "e.test")
    assert found is not None
    assert ([str(one) for one in found.mail], list(found.https)) == (mail, https)


@pytest.mark.parametrize(
    "texts",
    [
        "",
        "v=TLSRPTv1",
        "v=TLSRPTv2; rua=mailto:a@e.test",
        "v=tlsrptv1; rua=mailto:a@e.test",
        "v=TLSRPTv1; rua=mailto:a@e.test|v=TLSRPTv1; rua=mailto:b@e.test",
        "v=TLSRPTv1;" + "x" * MAX_RECORD,
    ],
)
async def test_no_record(texts: str) -> None:
    zone = Zone("\n".join(f"_smtp._tls.e.test TXT {text}" for text in texts.split("|") if text))
    assert await look_up(zone, "e.test") is None


async def test_other_texts_do_not_count() -> None:
    zone = Zone("_smtp._tls.e.test TXT hello\n_smtp._tls.e.test TXT v=TLSRPTv1; rua=mailto:a@e.test")
    assert await look_up(zone, "e.test") is not None


async def test_where_the_dns_fails_nothing_is_known() -> None:
    with pytest.raises(TlsRptUnknown):
        await look_up(Zone("_smtp._tls.e.test TXT !TIMEOUT"), "e.test")
