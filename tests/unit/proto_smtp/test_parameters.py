"""Parameters: each reads its value, refuses others with 501 or what its RFC says."""

import time

import pytest

from postroom.message.envelope import BodyKind, ByMode, DeliverBy, Envelope, Notify, Ret
from postroom.proto.smtp.config import Limits
from postroom.proto.smtp.parameters import (
    MAIL_PARAMETERS,
    RCPT_PARAMETERS,
    RcptOptions,
    Terms,
    split_parameters,
)
from postroom.proto.smtp.syntax import BadCommand

TERMS = Terms(Limits(message=1000, hold=3600, deliver_by=60), 1_700_000_000)


@pytest.mark.parametrize(
    ("keyword", "value", "field", "result"),
    [
        ("SIZE", "1000", "size", 1000),
        ("BODY", "8bitmime", "body", BodyKind.EIGHT_BIT),
        ("SMTPUTF8", None, "smtputf8", True),
        ("RET", "hdrs", "ret", Ret.HEADERS),
        ("ENVID", "a+2Bb+20c", "envid", "a+b c"),
        ("AUTH", "e+3Dmc2@example.com", "auth", "e=mc2@example.com"),
        ("AUTH", "<>", "auth", "<>"),
        ("BY", "120;R", "deliver_by", DeliverBy(1_700_000_120, ByMode.RETURN)),
        ("BY", "-5;nt", "deliver_by", DeliverBy(1_699_999_995, ByMode.NOTIFY, trace=True)),
        ("HOLDFOR", "60", "hold_until", 1_700_000_060),
        ("HOLDUNTIL", "2023-11-14t22:13:21z", "hold_until", 1_700_000_001),
        ("HOLDUNTIL", "2023-11-14T23:13:21.5+01:00", "hold_until", 1_700_000_001),
        ("HOLDUNTIL", "1999-01-01T00:00:00Z", "hold_until", 915_148_800),
        ("MT-PRIORITY", "-9", "priority", -9),
        ("REQUIRETLS", None, "require_tls", True),
    ],
)
def test_mail_parameters(keyword: str, value: str | None, field: str, result: object) -> None:
    envelope = Envelope(None)
    MAIL_PARAMETERS[keyword](envelope, value, TERMS)
    assert getattr(envelope, field) == result


@pytest.mark.parametrize(
    ("keyword", "value", "code"),
    [
        ("SIZE", "1001", 552),
        ("SIZE", None, 501),
        ("SIZE", "", 501),
        ("BODY", None, 501),
        ("BODY", "9BIT", 501),
        ("SMTPUTF8", "yes", 501),
        ("RET", None, 501),
        ("ENVID", None, 501),
        ("AUTH", None, 501),
        ("BY", None, 501),
        ("BY", "1;X", 501),
        ("BY", "1234567890;N", 501),
        ("BY", "0;R", 501),
        ("BY", "-1;R", 501),
        ("BY", "59;R", 553),
        ("HOLDFOR", "0", 501),
        ("HOLDFOR", "3601", 501),
        ("HOLDFOR", "1e3", 501),
        ("HOLDUNTIL", "tomorrow", 501),
        ("HOLDUNTIL", "2023-02-30T00:00:00Z", 501),
        ("HOLDUNTIL", "2024-11-14T22:13:21Z", 501),
        ("MT-PRIORITY", "10", 501),
        ("REQUIRETLS", "yes", 501),
        ("MT-PRIORITY", "+1", 501),
        ("MT-PRIORITY", "-0", 501),
        ("MT-PRIORITY", None, 501),
    ],
)
def test_mail_parameters_refused(keyword: str, value: str | None, code: int) -> None:
    with pytest.raises(BadCommand) as caught:
        MAIL_PARAMETERS[keyword](Envelope(None), value, TERMS)
    assert caught.value.reply.code == code


@pytest.mark.parametrize(
    ("keyword", "value", "result"),
    [
        ("NOTIFY", "never", RcptOptions(Notify.NEVER)),
        ("NOTIFY", "SUCCESS,delay", RcptOptions(Notify.SUCCESS | Notify.DELAY)),
        ("ORCPT", "RFC822;Bob+2Bx@Example.COM", RcptOptions(None, "rfc822;Bob+x@Example.COM")),
        ("ORCPT", "utf-8;j\\x{FC}rgen@l.test", RcptOptions(None, "utf-8;j\\x{FC}rgen@l.test")),
        ("ORCPT", "utf-8;jürgen@l.test", RcptOptions(None, "utf-8;jürgen@l.test")),
    ],
)
def test_rcpt_parameters(keyword: str, value: str, result: RcptOptions) -> None:
    options = RcptOptions()
    RCPT_PARAMETERS[keyword](options, value)
    assert options == result


@pytest.mark.parametrize(
    ("keyword", "value"),
    [
        ("NOTIFY", None), ("NOTIFY", "NEVER,DELAY"), ("NOTIFY", "SOON"), ("NOTIFY", "DELAY,"), ("ORCPT", None), ("ORCPT", ";a"),
        ("ORCPT", "rfc822;"), ("ORCPT", "rfc 822;a"), ("ORCPT", "utf-8;a=b"),
    ],
)  # fmt: skip
def test_rcpt_parameters_refused(keyword: str, value: str | None) -> None:
    with pytest.raises(BadCommand):
        RCPT_PARAMETERS[keyword](RcptOptions(), value)


def test_words_become_pairs() -> None:
    assert split_parameters(" size=10  Smtputf8 X-Y=a;b") == [
        ("SIZE", "10"),
        ("SMTPUTF8", None),
        ("X-Y", "a;b"),
    ]


@pytest.mark.parametrize("text", ["SIZE=1 SIZE=1", "=1", "-A=1", "A=b=c", "A=", "Ä=1", "A=\x7f"])
def test_words_that_are_no_parameters(text: str) -> None:
    with pytest.raises(BadCommand):
        split_parameters(text)


def test_a_line_full_of_parameters_costs_what_its_octets_do() -> None:
    """Seven hundred of them were compared each with each: half a megabyte of such lines took four seconds of everybody's time."""

    def seconds(count: int) -> float:
        text = " ".join(f"{number:x}" for number in range(count))
        began = time.process_time()
        assert len(split_parameters(text)) == count
        return time.process_time() - began

    assert min(seconds(6400) for _ in range(3)) < 40 * min(seconds(400) for _ in range(3))
