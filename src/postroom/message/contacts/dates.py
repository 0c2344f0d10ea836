"""Dates as vCards write them and as JSContact does.

RFC 6350 §4.3 (truncated dates), RFC 2426 §3.1.5 (with hyphens), RFC 9553 §2.8.1 (PartialDate, Timestamp). A time of day without a zone, and a day of no month,
have no counterpart.
"""

from __future__ import annotations

import datetime as dt
import re
from typing import Any, Final

_DAY: Final = re.compile(r"([0-9]{4})-?([0-9]{2})-?([0-9]{2})")
_MONTH: Final = re.compile(r"([0-9]{4})-([0-9]{2})")
_YEAR: Final = re.compile(r"([0-9]{4})")
_NO_YEAR: Final = re.compile(r"--([0-9]{2})(?:-?([0-9]{2}))?")
_MOMENT: Final = re.compile(
    r"([0-9]{4})-?([0-9]{2})-?([0-9]{2})T([0-9]{2}):?([0-9]{2})(?::?([0-9]{2}))?(?:[.,][0-9]{1,9})?(Z|[+-][0-9]{2}(?::?[0-9]{2})?)"
)
_LEAP: Final = 2000


def read_date(text: str) -> dict[str, Any] | None:
    """The PartialDate or Timestamp; None when there is no counterpart."""
    text = text.strip()
    moment = read_moment(text)
    if moment is not None:
        return {"@type": "Timestamp", "utc": moment}
    year: str | None = None
    month: str | None = None
    day: str | None = None
    if found := _DAY.fullmatch(text):
        year, month, day = found.groups()
    elif found := _MONTH.fullmatch(text):
        year, month = found.groups()
    elif found := _YEAR.fullmatch(text):
        year = found[1]
    elif found := _NO_YEAR.fullmatch(text):
        month, day = found.groups()
    named = {"year": year, "month": month, "day": day}
    date: dict[str, Any] = {name: int(value) for name, value in named.items() if value is not None}
    return date if date and _is_date(date) else None


def _is_date(date: dict[str, int]) -> bool:
    try:
        dt.date(date.get("year", _LEAP) or _LEAP, date.get("month", 1), date.get("day", 1))
    except ValueError:
        return False
    return True


def write_date(date: Any) -> str | None:
    """The vCard's value; None when it has none for it."""
    if not isinstance(date, dict):
        return None
    if date.get("@type") == "Timestamp":
        return str(date.get("utc"))
    year, month, day = (date.get(name) for name in ("year", "month", "day"))
    if year is not None and not 0 <= year <= 9999:
        return None
    if year is None:
        return None if month is None else f"--{month:02}" + ("" if day is None else f"{day:02}")
    if month is None:
        return f"{year:04}"
    return f"{year:04}-{month:02}" if day is None else f"{year:04}{month:02}{day:02}"


def read_moment(text: str) -> str | None:
    """A time with a zone as a UTCDateTime, to the second; None for any other text."""
    found = _MOMENT.fullmatch(text.strip())
    if found is None:
        return None
    *numbers, zone = found.groups(default="00")
    try:
        moment = dt.datetime(*map(int, numbers), tzinfo=dt.UTC)  # type: ignore[misc, arg-type]
        if zone != "Z":
            away = dt.timedelta(hours=int(zone[1:3]), minutes=int(zone[3:].strip(":") or 0))
            moment = moment - away if zone[0] == "+" else moment + away
    except (ValueError, OverflowError):
        return None
    return f"{moment.year:04}-{moment:%m-%dT%H:%M:%SZ}"
