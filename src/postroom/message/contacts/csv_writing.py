"""Cards as a CSV file, in the columns that Google's contacts and Outlook read.

RFC 4180. What has no column is left out: whoever wants all takes a vCard. Not here: reading.
"""

from __future__ import annotations

import csv
import io
from collections.abc import Callable, Iterable, Mapping, Sequence
from types import MappingProxyType
from typing import Any, Final

from postroom.message.contacts.csv_columns import shown
from postroom.message.contacts.dates import write_date
from postroom.message.contacts.structured import derived_full

Object = dict[str, Any]
_PLACES: Final = ("name", "locality", "region", "postcode", "country")
_GOOGLE_PLACES: Final = ("Street", "City", "Region", "Postal Code", "Country")
_OUTLOOK_PLACES: Final = ("Street", "City", "State", "Postal Code", "Country/Region")
# What stands in the columns of a name: vCards have both surnames in one place, and "Jr." where "PhD" stands.
_NAMES: Final = (
    ("title",),
    ("given",),
    ("given2",),
    ("surname", "surname2"),
    ("generation", "credential"),
)
_GOOGLE_NAMES: Final = ("Name Prefix", "First Name", "Middle Name", "Last Name", "Name Suffix")
_OUTLOOK_NAMES: Final = ("Title", "First Name", "Middle Name", "Last Name", "Suffix")
_LABELS: Final = MappingProxyType({"private": "Home", "work": "Work"})
MOST_VALUES: Final = 20  # values of one kind


def google(cards: Iterable[Object]) -> bytes:
    """In Google's columns, in UTF-8."""
    return _file([_google(card) for card in cards if card.get("kind") != "group"], _GOOGLE_NAMES[1:4])


def outlook(cards: Iterable[Object]) -> bytes:
    """In Outlook's columns, in UTF-8 with the mark that it needs to see that."""
    return b"\xef\xbb\xbf" + _file(
        [_outlook(card) for card in cards if card.get("kind") != "group"], _OUTLOOK_NAMES[1:4]
    )


FORMS: Final[Mapping[str, Callable[[Iterable[Object]], bytes]]] = MappingProxyType(
    {"csv": google, "csv-outlook": outlook}
)


def _file(rows: Sequence[dict[str, str]], least: Sequence[str]) -> bytes:
    columns = dict.fromkeys([*least, *(name for row in rows for name in row)])
    written = io.StringIO(newline="")
    writer = csv.DictWriter(written, list(columns), restval="")
    writer.writeheader()
    writer.writerows({name: shown(value) for name, value in row.items()} for row in rows)
    return written.getvalue().encode("utf-8", "replace")


def _values(card: Object, of: str) -> list[Object]:
    """The preferred ones first."""
    return sorted(card.get(of, {}).values(), key=lambda one: one.get("pref", 101))[:MOST_VALUES]


def _name(card: Object, titles: Sequence[str]) -> dict[str, str]:
    name = card.get("name", {})
    parts: dict[str, list[str]] = {}
    for one in name.get("components", ()):
        parts.setdefault(one["kind"], []).append(one["value"])
    found = {
        title: " ".join(one for kind in kinds for one in parts.get(kind, ()))
        for kinds, title in zip(_NAMES, titles, strict=True)
        if not parts.keys().isdisjoint(kinds)
    }
    if not found and name.get("full"):
        found[titles[1]] = name["full"]  # neither has a column for a name as a whole
    return found


def _place(address: Object) -> dict[str, str]:
    parts: dict[str, list[str]] = {}
    for one in address.get("components", ()):
        kind = (
            "name"
            if one["kind"] in ("number", "apartment", "building", "floor", "room", "block")
            else one["kind"]
        )
        parts.setdefault(kind, []).append(one["value"])
    return {kind: " ".join(values) for kind, values in parts.items() if kind in _PLACES}


def _shared(card: Object, names: Sequence[str], organization: Sequence[str]) -> dict[str, str]:
    row = _name(card, names)
    for one in _values(card, "nicknames")[:1]:
        row["Nickname"] = one["name"]
    for one in _values(card, "organizations")[:1]:
        row[organization[0]] = one.get("name", "")
        row[organization[1]] = " ".join(unit["name"] for unit in one.get("units", ()))
    for one in _values(card, "titles")[:1]:
        row[organization[2]] = one["name"]
    for one in _values(card, "anniversaries"):
        if one["kind"] == "birth":
            row["Birthday"] = _date(one["date"])
    notes = "\n".join(one["note"] for one in _values(card, "notes"))
    return {**row, **({"Notes": notes} if notes else {})}


def _date(date: Any) -> str:
    written = write_date(date) or ""
    day = f"{written[:4]}-{written[4:6]}-{written[6:]}"
    return day if len(written) == 8 and written.isdigit() else written


def _label(one: Object) -> str:
    found = one.get("label") or next(
        (_LABELS[name] for name in one.get("contexts", {}) if name in _LABELS), ""
    )
    features = one.get("features", {})
    if "fax" in features:
        found = f"{found} Fax".strip()
    elif "mobile" in features and not found:
        found = "Mobile"
    elif "pager" in features:
        found = "Pager"
    return f"* {found}" if one.get("pref") == 1 else str(found)


def _google(card: Object) -> dict[str, str]:
    row = _shared(card, _GOOGLE_NAMES, ("Organization Name", "Organization Department", "Organization Title"))
    if card.get("keywords"):
        row["Labels"] = " ::: ".join(card["keywords"])
    for of, field, title in (
        ("emails", "address", "E-mail"),
        ("phones", "number", "Phone"),
        ("links", "uri", "Website"),
    ):
        for number, one in enumerate(_values(card, of), 1):
            row[f"{title} {number} - Label"], row[f"{title} {number} - Value"] = _label(one), one[field]
    for number, one in enumerate(_values(card, "addresses"), 1):
        row[f"Address {number} - Label"] = _label(one)
        row[f"Address {number} - Formatted"] = one.get("full") or derived_full(one, _PLACES)
        place = _place(one)
        for kind, title in zip(_PLACES, _GOOGLE_PLACES, strict=True):
            row[f"Address {number} - {title}"] = place.get(kind, "")
    return row


def _outlook(card: Object) -> dict[str, str]:
    row = _shared(card, _OUTLOOK_NAMES, ("Company", "Department", "Job Title"))
    if card.get("keywords"):
        row["Categories"] = ";".join(card["keywords"])
    for number, one in enumerate(_values(card, "emails")[:3], 1):
        row["E-mail Address" if number == 1 else f"E-mail {number} Address"] = one["address"]
    for one in _values(card, "phones"):
        title = _outlook_phone(one)
        free = next((name for name in (title, f"{title} 2", "Other Phone") if name not in row), None)
        if free is not None:
            row[free] = one["number"]
    for one in _values(card, "addresses"):
        contexts = one.get("contexts", {})
        title = "Business" if "work" in contexts else "Home" if "private" in contexts else "Other"
        for kind, name in zip(_PLACES, _OUTLOOK_PLACES, strict=True):
            row.setdefault(f"{title} {name}", _place(one).get(kind, ""))
    for one in _values(card, "links")[:1]:
        row["Web Page"] = one["uri"]
    return row


def _outlook_phone(one: Object) -> str:
    features, contexts = one.get("features", {}), one.get("contexts", {})
    place = "Business" if "work" in contexts else "Home"
    if "fax" in features:
        return f"{place} Fax"
    if "pager" in features:
        return "Pager"
    return "Mobile Phone" if "mobile" in features else f"{place} Phone"
