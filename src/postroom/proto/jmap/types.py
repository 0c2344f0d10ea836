"""The types of arguments and properties, and how values are taken for them.

RFC 8620 §1.2 (Id), §1.3 (Int, UnsignedInt), §1.4 (Date, UTCDate). A method declares its arguments as a struct; `take` makes it from JSON or
says which argument is wrong. Not here: what arguments mean.
"""

from __future__ import annotations

import datetime as dt
import re
from typing import Annotated, Any, Final, TypeVar

import msgspec
from msgspec import Meta

from postroom.proto.jmap.errors import MethodError

T = TypeVar("T")

MAX_ID: Final = 255  # characters
LARGEST: Final = 2**53 - 1  # of an Int

Id = Annotated[str, Meta(pattern=r"^[A-Za-z0-9_-]+\Z", min_length=1, max_length=MAX_ID)]
# Where a record may be meant that was made in the same request: its creation id behind "#", RFC 8620 §5.3.
IdOrCreated = Annotated[str, Meta(pattern=r"^#?[A-Za-z0-9_-]+\Z", min_length=1, max_length=MAX_ID + 1)]
Int = Annotated[int, Meta(ge=-LARGEST, le=LARGEST)]
UnsignedInt = Annotated[int, Meta(ge=0, le=LARGEST)]
Positive = Annotated[int, Meta(ge=1, le=LARGEST)]
Object = dict[str, Any]

FIRST_SECOND: Final = -62_135_596_800  # of the year 1: what a Date can say begins there (RFC 3339 §5.6)
LAST_SECOND: Final = 253_402_300_799  # of the year 9999
_UTC_DATE: Final = re.compile(r"[0-9]{4}-[0-9]{2}-[0-9]{2}T[0-9]{2}:[0-9]{2}:[0-9]{2}(?:\.[0-9]*[1-9])?Z")
_DATE: Final = re.compile(
    r"[0-9]{4}-[0-9]{2}-[0-9]{2}T[0-9]{2}:[0-9]{2}:[0-9]{2}(?:\.[0-9]*[1-9])?(?:Z|[+-][0-9]{2}:[0-9]{2})"
)
_IN_ARGUMENTS: Final = re.compile(r" - at `\$(?:\.([^`.\[]+))?.*`$", re.DOTALL)


class Arguments(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True, rename="camel"):
    """The base of what a method is called with: names in camelCase, none that is not declared."""


def take(arguments: Object, kind: type[T]) -> T:
    """The arguments as a struct; raises `invalidArguments` that names the first one that is wrong."""
    try:
        return msgspec.convert(arguments, kind, strict=True)
    except msgspec.ValidationError as error:
        words = str(error)
        named = _IN_ARGUMENTS.search(words)
        more = {"arguments": [named.group(1)]} if named and named.group(1) else {}
        raise MethodError("invalidArguments", words, **more) from error


def utc_date(micros: int) -> str:
    """A UTCDate of unix microseconds, to the second; the nearest one where there is none, as some senders write dates."""
    second = min(max(micros // 1_000_000, FIRST_SECOND), LAST_SECOND)
    moment = dt.datetime.fromtimestamp(second, dt.UTC)
    return f"{moment.isoformat()[:19]}Z"


def parse_utc_date(text: Any) -> int | None:
    """Unix microseconds of a UTCDate; None when it is none."""
    return _micros(text) if isinstance(text, str) and _UTC_DATE.fullmatch(text) else None


def parse_date(text: Any) -> int | None:
    """Unix microseconds of a Date, whatever its zone; None when it is none."""
    return _micros(text) if isinstance(text, str) and _DATE.fullmatch(text) else None


def _micros(text: str) -> int | None:
    try:
        moment = dt.datetime.fromisoformat(text)
    except ValueError:
        return None
    return int((moment - dt.datetime(1970, 1, 1, tzinfo=dt.UTC)) / dt.timedelta(microseconds=1))
