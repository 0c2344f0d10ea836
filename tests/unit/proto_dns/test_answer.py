import pytest

from postroom.proto.dns.answer import Answer, Kind, Mx, Rcode, Tlsa, record_text


@pytest.mark.parametrize(
    ("rcode", "records", "failed", "absent"),
    [
        (Rcode.NOERROR, (Mx(10, "mail.test"),), False, False),
        (Rcode.NOERROR, (), False, True),
        (Rcode.NXDOMAIN, (), False, True),
        (Rcode.SERVFAIL, (), True, False),
        (Rcode.REFUSED, (), True, False),
        (Rcode.TIMEOUT, (), True, False),
        (Rcode.UNREACHABLE, (), True, False),
    ],
)
def test_an_absence_is_an_answer_and_a_failure_is_neither(
    rcode: Rcode, records: tuple[Mx, ...], failed: bool, absent: bool
) -> None:
    answer = Answer(name="hamburger.test", kind=Kind.MX, rcode=rcode, records=records)
    assert (answer.failed, answer.absent) == (failed, absent)


@pytest.mark.parametrize(
    ("record", "text"),
    [
        (Mx(10, "mail.hamburger.test"), "10 mail.hamburger.test"),
        (Mx(0, ""), "0 ."),
        (Tlsa(3, 1, 1, b"\xab\xcd"), "3 1 1 abcd"),
        (b'v=spf1 "x" \\ \xff\n', r'"v=spf1 \"x\" \\ \255\010"'),
        ("192.0.2.1", "192.0.2.1"),
    ],
)
def test_records_read_like_a_zone_file(record: object, text: str) -> None:
    assert record_text(record) == text


def test_exchangers_sort_by_preference() -> None:
    answer = Answer(name="a.test", kind=Kind.MX, records=(Mx(20, "a.test"), Mx(10, "b.test")))
    assert min(answer.records).exchange == "b.test"
    assert answer.texts() == ["20 a.test", "10 b.test"]
