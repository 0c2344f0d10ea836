"""One-time codes: the examples of RFC 4226 appendix D and RFC 6238 appendix B."""

import pytest

from postroom.store.login import totp

KEY = b"12345678901234567890"


@pytest.mark.parametrize(
    ("step", "code"),
    list(
        enumerate(
            [
                "755224",
                "287082",
                "359152",
                "969429",
                "338314",
                "254676",
                "287922",
                "162583",
                "399871",
                "520489",
            ]
        )
    ),
)
def test_rfc4226(step: int, code: str) -> None:
    assert totp.code(KEY, step) == code


@pytest.mark.parametrize(
    ("seconds", "code"),
    [
        (59, "94287082"),
        (1111111109, "07081804"),
        (1111111111, "14050471"),
        (1234567890, "89005924"),
        (2000000000, "69279037"),
        (20000000000, "65353130"),
    ],
)
def test_rfc6238(seconds: int, code: str) -> None:
    assert totp.code(KEY, seconds // totp.STEP_SECONDS, 8) == code
    assert totp.verify(KEY, code[2:], seconds) == seconds // totp.STEP_SECONDS


@pytest.mark.parametrize(("away", "good"), [(-60, False), (-30, True), (0, True), (30, True), (60, False)])
def test_clocks_may_differ_by_a_step(away: int, good: bool) -> None:
    now = 1_000_000_020
    code = totp.code(KEY, now // 30)
    assert bool(totp.verify(KEY, code, now + away)) is good


def test_a_code_is_good_once() -> None:
    now = 1_000_000_020
    code = totp.code(KEY, now // 30)
    used = totp.verify(KEY, f"{code[:3]} {code[3:]}", now)
    assert used == now // 30
    assert totp.verify(KEY, code, now + 1, used) == 0


@pytest.mark.parametrize("given", ["", "12345", "1234567", "abcdef", "１２３４５６", "\udcff", "0" * 10_000])
def test_what_is_no_code(given: str) -> None:
    assert totp.verify(KEY, given, 59) == 0


def test_what_a_telephone_reads() -> None:
    said = totp.uri(KEY, "bob@x.test", "mail x")
    assert said == f"otpauth://totp/mail%20x:bob@x.test?secret={totp.shown(KEY)}&issuer=mail%20x"
    assert len(totp.new_secret()) == totp.SECRET_OCTETS
