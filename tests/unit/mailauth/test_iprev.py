"""The reverse check, over a small DNS."""

from __future__ import annotations

import pytest

from postroom.mailauth.iprev import MAX_NAMES, check
from spf_zone import Zone

REVERSE = "7.2.0.192.in-addr.arpa"


@pytest.mark.parametrize(
    ("lines", "ip", "result", "words"),
    [
        (f"{REVERSE} PTR mail.a.test\nmail.a.test A 192.0.2.7", "192.0.2.7", "pass", "192.0.2.7 is mail.a.test"),
        (f"{REVERSE} PTR mail.a.test\nmail.a.test A 192.0.2.7", "::ffff:192.0.2.7", "pass", "192.0.2.7 is mail.a.test"),
        (f"{REVERSE} PTR x.test\n{REVERSE} PTR a.test\na.test A 192.0.2.7", "192.0.2.7", "pass", "192.0.2.7 is a.test"),
        (f"{REVERSE} PTR a.test\na.test A 192.0.2.8", "192.0.2.7", "fail", "a.test does not lead back to 192.0.2.7"),
        (f"{REVERSE} PTR a.test", "192.0.2.7", "fail", "a.test does not lead back to 192.0.2.7"),
        ("", "192.0.2.7", "permerror", "192.0.2.7 has no name"),
        (f"{REVERSE} PTR !SERVFAIL", "192.0.2.7", "temperror", f"the DNS answers SERVFAIL for PTR of {REVERSE}"),
        (f"{REVERSE} PTR a.test\na.test A !TIMEOUT", "192.0.2.7", "temperror", "the DNS answers TIMEOUT for A of a.test"),
        (
            "1.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.8.b.d.0.1.0.0.2.ip6.arpa PTR six.test\nsix.test AAAA 2001:DB8::1",
            "2001:db8::1",
            "pass",
            "2001:db8::1 is six.test",
        ),
    ],
)  # fmt: skip
async def test_results(lines: str, ip: str, result: str, words: str) -> None:
    verdict = await check(Zone(lines), ip)
    assert (verdict.result, verdict.words) == (result, words)


@pytest.mark.parametrize(("place", "result"), [(MAX_NAMES, "pass"), (MAX_NAMES + 1, "fail")])
async def test_a_number_of_names_is_looked_at(place: int, result: str) -> None:
    names = "\n".join(f"{REVERSE} PTR n{number}.test" for number in range(1, place + 1))
    verdict = await check(Zone(f"{names}\nn{place}.test A 192.0.2.7"), "192.0.2.7")
    assert verdict.result == result


async def test_for_authentication_results() -> None:
    passed = (await check(Zone(f"{REVERSE} PTR a.test\na.test A 192.0.2.7"), "192.0.2.7")).method_result()
    assert (passed.method, passed.get("policy", "iprev"), passed.comment) == ("iprev", "192.0.2.7", "a.test")


async def test_no_address() -> None:
    with pytest.raises(ValueError, match="nonsense"):
        await check(Zone(""), "nonsense")
