"""The date-time of header fields, both ways.

RFC 5322 §3.3, with the obsolete zones, years and white space of §4.3; RFC 5256 §2.2 for what is wrong. Not here: the present time, which comes as an argument.
"""

from __future__ import annotations

import datetime as dt
import re

import msgspec

from postroom.message.headers.comments import without_comments

_MONTHS = ("Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec")
_DAYS = ("Mon", "Tue", "Wed", "Thu", "Fri", "Sat", "Sun")
_MONTH = {name.lower(): number for number, name in enumerate(_MONTHS, 1)}
_EPOCH = dt.date(1970, 1, 1).toordinal()
MAX_DATE = 200  # characters that can be a date

# Hours from UTC, RFC 5322 §4.3; any other name of a zone, the military letters included, says nothing about the offset
_ZONES = {"ut": 0, "gmt": 0, "utc": 0, "z": 0} | {
    "edt": -4,
    "est": -5,
    "cdt": -5,
    "cst": -6,
    "mdt": -6,
    "mst": -7,
    "pdt": -7,
    "pst": -8,
}

_DATE = re.compile(
    r"\s*+(?:[A-Za-z]++\.?\s*+,?\s*+)?([0-9]{1,2})[\s-]\s*+([A-Za-z]{3})[a-z]*+\.?[\s-]\s*+([0-9]{2,4})\s++"
    r"([0-9]{1,2})\s*+:\s*+([0-9]{2})(?:\s*+:\s*+([0-9]{2}))?(?![0-9:])\s*+(?:([+-])([0-9]{2})([0-9]{2})(?![0-9])|([A-Za-z]++))?"
)
_DAY_AND_TIME = re.compile(
    r"\s*+(?:[A-Za-z]++\.?\s*+,?\s*+)?([0-9]{1,2}[\s-]\s*+[A-Za-z]{3}[a-z]*+\.?[\s-]\s*+[0-9]{2,4})(?![0-9])(?:\s++([0-9:]++))?"
)


class Moment(msgspec.Struct, frozen=True, array_like=True):
    """A point of time: unix seconds, and the writer's offset from UTC in minutes; None where it is not told (`-0000`)."""

    seconds: int
    offset: int | None = 0


def parse_date(value: bytes | str) -> Moment | None:
    """The moment that an unfolded value names; None when it names none. What follows a date is not looked at."""
    text = value.decode("latin-1") if isinstance(value, bytes) else value
    text = text[:MAX_DATE]
    match = _DATE.match(text)
    if not match and "(" in text:
        match = _DATE.match(without_comments(text))
    if not match:
        return None
    day, month, year, hour, minute, second, sign, zone_hours, zone_minutes, zone = match.groups()
    number = _MONTH.get(month.lower())
    if number is None or (hour > "23" and len(hour) == 2) or minute > "59" or (second and second > "60"):
        return None
    try:
        days = dt.date(_year(year), number, int(day)).toordinal() - _EPOCH
    except ValueError:
        return None
    offset: int | None
    if sign:
        if zone_minutes > "59":
            return None
        minutes = int(zone_hours) * 60 + int(zone_minutes)
        offset = minutes if sign == "+" else -minutes if minutes else None
    else:
        hours = _ZONES.get(zone.lower()) if zone else None
        offset = None if hours is None else hours * 60
    seconds = days * 86400 + int(hour) * 3600 + int(minute) * 60 + int(second or 0)
    return Moment(seconds - (offset or 0) * 60, offset)


def parse_sent(value: bytes | str) -> Moment | None:
    """The sent date of RFC 5256 §2.2: a zone that is none is UTC, a time that is none the beginning of the day. Else as `parse_date`."""
    found = parse_date(value)
    match = None
    if found is None:
        text = value.decode("latin-1") if isinstance(value, bytes) else value
        match = _DAY_AND_TIME.match(text[:MAX_DATE])
    if match is None:
        return found
    day, time = match.groups()
    return (parse_date(f"{day} {time}") if time else None) or parse_date(f"{day} 00:00")


def _year(digits: str) -> int:
    """Two and three digits as RFC 5322 §4.3 reads them."""
    year = int(digits)
    if len(digits) == 2:
        return year + (2000 if year < 50 else 1900)
    return year + 1900 if len(digits) == 3 else year


def format_date(seconds: int, offset: int = 0) -> str:
    """`Thu, 18 Jan 2018 23:05:05 +0300`; `offset` in minutes from UTC. Raises ValueError outside the years 1 to 9999."""
    days, rest = divmod(seconds + offset * 60, 86400)
    if not 0 < days + _EPOCH <= dt.date.max.toordinal():
        raise ValueError(f"not within the years 1 to 9999: {seconds}")
    date = dt.date.fromordinal(days + _EPOCH)
    minutes = abs(offset)
    return (
        f"{_DAYS[date.weekday()]}, {date.day} {_MONTHS[date.month - 1]} {date.year:04} {rest // 3600:02}:{rest // 60 % 60:02}:{rest % 60:02} "
        f"{'-' if offset < 0 else '+'}{minutes // 60:02}{minutes % 60:02}"
    )
