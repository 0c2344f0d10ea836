from __future__ import annotations

import datetime as dt
import email.utils

import pytest
from hypothesis import given
from hypothesis import strategies as st

from postroom.message.headers.dates import Moment, format_date, parse_date, parse_sent


def _utc(*fields: int) -> int:
    return int(dt.datetime(*fields, tzinfo=dt.UTC).timestamp())  # type: ignore[arg-type,misc]


@pytest.mark.parametrize(
    ("value", "expected"),
    [
        # RFC 5322 appendix A
        (b"Fri, 21 Nov 1997 09:55:06 -0600", Moment(_utc(1997, 11, 21, 15, 55, 6), -360)),
        (b"Tue, 1 Jul 2003 10:52:37 +0200", Moment(_utc(2003, 7, 1, 8, 52, 37), 120)),
        (b"Thu, 13   Feb    1969 23:32   -0330 (Newfoundland Time)", Moment(_utc(1969, 2, 14, 3, 2), -210)),
        (b"21 Nov 97 09:55:06 GMT", Moment(_utc(1997, 11, 21, 9, 55, 6), 0)),
        (b"Fri, 21 Nov 1997 09(comment):   55  :  06 -0600", Moment(_utc(1997, 11, 21, 15, 55, 6), -360)),
        # obsolete and odd
        (b"Sun, 06 Nov 1994 08:49:37 EST", Moment(_utc(1994, 11, 6, 13, 49, 37), -300)),
        (b"Sun, 06 Nov 94 08:49 Z", Moment(_utc(1994, 11, 6, 8, 49), 0)),
        (b"1 Jan 103 00:00:00 +0000", Moment(_utc(2003, 1, 1), 0)),
        (b"1 Jan 49 00:00:00 A", Moment(_utc(2049, 1, 1), None)),
        (b"Fri, 31 Dec 2016 23:59:60 -0000", Moment(_utc(2017, 1, 1), None)),
        (b"Sunday, 6-Nov-94 08:49:37 GMT", Moment(_utc(1994, 11, 6, 8, 49, 37), 0)),
        (b"Thu, 18 Jan 2018 20:51:02 +0100 (CET (nested))", Moment(_utc(2018, 1, 18, 19, 51, 2), 60)),
        (b"18 January 2018 20:51:02", Moment(_utc(2018, 1, 18, 20, 51, 2), None)),
        # none
        (b"", None),
        (b"yesterday", None),
        (b"Thu, 30 Feb 2018 20:51:02 +0100", None),
        (b"Thu, 0 Feb 2018 20:51:02 +0100", None),
        (b"Thu, 1 Foo 2018 20:51:02 +0100", None),
        (b"Thu, 1 Feb 2018 24:00:00 +0100", None),
        (b"Thu, 1 Feb 2018 23:60:00 +0100", None),
        (b"Thu, 1 Feb 2018 23:00:61 +0100", None),
        (b"Thu, 1 Feb 2018 23:00:00 +0199", None),
        (b"Thu, 1 Feb +99999999999 23:00:00 +0100", None),
        (b"Thu, 1 Feb 20189 23:00:00 +0100", None),
        (b"Thu, 1 Feb 0000 23:00:00 +0100", None),
        (b"Thu, 1 Feb 2018 23:00:000 +0100", None),
        (b"(" * 1000, None),
        ("Thu, \u0661 Feb 2018 23:00:00 +0100".encode(), None),
    ],
)
def test_parse(value: bytes, expected: Moment | None) -> None:
    assert parse_date(value) == expected


@pytest.mark.parametrize(
    ("value", "expected"),
    [
        (b"Thu, 1 Feb 2018 23:00:00 +0100", Moment(_utc(2018, 2, 1, 22), 60)),
        (b"Thu, 1 Feb 2018 23:00:00 +0199", Moment(_utc(2018, 2, 1, 23), None)),
        (b"Thu, 1 Feb 2018 24:00:00 +0100", Moment(_utc(2018, 2, 1), None)),
        (b"Thu, 1 Feb 2018 at noon", Moment(_utc(2018, 2, 1), None)),
        (b"1 Feb 2018", Moment(_utc(2018, 2, 1), None)),
        (b"30 Feb 2018 10:00:00 +0000", None),
        (b"1 Feb 20189", None),
        (b"soon", None),
    ],
)
def test_the_sent_date(value: bytes, expected: Moment | None) -> None:
    assert parse_sent(value) == expected


def test_an_offset_of_too_many_digits_is_none_told() -> None:
    assert parse_date(b"Thu, 1 Feb 2018 23:00:00 +99999999999") == Moment(_utc(2018, 2, 1, 23), None)


@given(st.integers(-2_200_000_000, 250_000_000_000), st.integers(-1439, 1439))
def test_format_is_what_the_standard_library_reads_and_parse_too(seconds: int, offset: int) -> None:
    text = format_date(seconds, offset)
    assert email.utils.mktime_tz(email.utils.parsedate_tz(text)) == seconds  # type: ignore[arg-type]
    assert parse_date(text) == Moment(seconds, offset)


@pytest.mark.parametrize("seconds", [-(10**12), 10**12])
def test_format_has_years_of_four_digits(seconds: int) -> None:
    with pytest.raises(ValueError, match="years"):
        format_date(seconds)


@given(st.text(st.sampled_from("0123456789 ()\\:+-,.JanFebGMT\0")))
def test_any_text_gives_a_moment_or_none(text: str) -> None:
    assert parse_date(text) is None or parse_date(text.encode())
