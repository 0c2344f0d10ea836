"""What is a Card, and what is said of what is none."""

from __future__ import annotations

import tracemalloc
from typing import Any

import pytest

from postroom.message.contacts import jscontact
from postroom.message.contacts.card_types import ANY_OF, TYPES
from postroom.message.contacts.jscontact import MAX_NESTING, MAX_PROBLEMS, MAX_UID, problems

CARD: dict[str, Any] = {"@type": "Card", "version": "1.0", "uid": "urn:x"}

WHOLE: dict[str, Any] = {
    **CARD,
    "created": "2026-01-01T00:00:00Z",
    "updated": "2026-01-01T00:00:00.5Z",
    "kind": "group",
    "language": "de",
    "members": {"urn:y": True},
    "prodId": "x",
    "relatedTo": {"urn:z": {"@type": "Relation", "relation": {"friend": True}}},
    "name": {
        "components": [
            {"kind": "given", "value": "Jane"},
            {"kind": "separator", "value": "-"},
            {"kind": "surname", "value": "Doe", "phonetic": "/doʊ/"},
        ],
        "isOrdered": True,
        "defaultSeparator": "",
        "sortAs": {"surname": "Doe"},
        "phoneticSystem": "ipa",
    },
    "nicknames": {"n": {"name": "J", "contexts": {"private": True}, "pref": 100}},
    "organizations": {"o": {"units": [{"name": "U", "sortAs": "u"}]}},
    "speakToAs": {"grammaticalGender": "neuter", "pronouns": {"p": {"pronouns": "they/them"}}},
    "titles": {"t": {"name": "Boss", "organizationId": "o"}},
    "emails": {"e": {"address": "a@b.c", "label": "x"}},
    "onlineServices": {"s": {"user": "@x"}},
    "phones": {"p": {"number": "tel:+1", "features": {"voice": True}}},
    "preferredLanguages": {"l": {"language": "de", "pref": 1}},
    "calendars": {"c": {"kind": "calendar", "uri": "webcal://x", "mediaType": "text/calendar"}},
    "schedulingAddresses": {"s": {"uri": "mailto:a@b.c"}},
    "addresses": {"a": {"components": [{"kind": "name", "value": "X"}], "countryCode": "DE", "coordinates": "geo:1,2"}},
    "cryptoKeys": {"k": {"uri": "data:,x"}},
    "directories": {"d": {"kind": "entry", "uri": "x:y", "listAs": 1}},
    "links": {"l": {"uri": "x:y"}},
    "media": {"m": {"kind": "photo", "blobId": "B1"}, "n": {"kind": "logo", "uri": "data:,x"}},
    "localizations": {"jp": {"name/full": "x", "titles": {"t": {"name": "y"}}}},
    "anniversaries": {
        "a": {"kind": "birth", "date": {"year": 2000, "month": 2, "day": 29}, "place": {"full": "Rome"}},
        "b": {"kind": "death", "date": {"@type": "Timestamp", "utc": "2026-01-01T00:00:00Z"}},
        "c": {"kind": "wedding", "date": {"month": 2, "day": 29}},
    },
    "keywords": {"k": True},
    "notes": {"n": {"note": "x", "created": "2026-01-01T00:00:00Z", "author": {"name": "A"}}},
    "personalInfo": {"p": {"kind": "hobby", "value": "x", "level": "high", "listAs": 2}},
    "example.com:odd": {"anything": [1, None]},
}  # fmt: skip


def test_everything_at_once() -> None:
    assert problems(WHOLE) == []
    assert set(jscontact.PROPERTIES) - {"vCardProps"} <= set(WHOLE)


@pytest.mark.parametrize(
    ("given", "path"),
    [
        ({"@type": "Person"}, "@type"),
        ({"version": "9"}, "version"),
        ({"version": 1}, "version"),
        ({"uid": ""}, "uid"),
        ({"uid": None}, "uid"),
        ({"created": "yesterday"}, "created"),
        ({"created": "2026-02-30T00:00:00Z"}, "created"),
        ({"created": "2026-01-01T00:00:00.50Z"}, "created"),
        ({"members": {"x": True}}, "members"),
        ({"kind": "group", "members": {"x": 1}}, "members/x"),
        ({"keywords": {"x": False}}, "keywords/x"),
        ({"keywords": ["x"]}, "keywords"),
        ({"name": {}}, "name/components"),
        ({"name": {"full": 7}}, "name/full"),
        ({"name": {"full": "x", "@type": "Title"}}, "name/@type"),
        ({"name": {"components": {}}}, "name/components"),
        ({"name": {"components": [{"value": "x"}]}}, "name/components/0/kind"),
        ({"name": {"components": [{"kind": "separator", "value": "-"}], "isOrdered": True}}, "name/components"),
        ({"name": {"full": "x", "defaultSeparator": " "}}, "name/defaultSeparator"),
        ({"name": {"full": "x", "isOrdered": True, "defaultSeparator": " "}}, "name/defaultSeparator"),
        ({"name": {"full": "x", "sortAs": {"surname": "y"}}}, "name/sortAs"),
        (
            {"name": {"components": [{"kind": "given", "value": "x", "phonetic": "y"}]}},
            "name/phoneticSystem",
        ),
        (
            {"addresses": {"a": {"components": [{"kind": "name", "value": "x", "phonetic": "y"}]}}},
            "addresses/a/phoneticSystem",
        ),
        ({"emails": {"": {"address": "x"}}}, "emails"),
        ({"emails": {"a b": {"address": "x"}}}, "emails"),
        ({"emails": {"e": "x"}}, "emails/e"),
        ({"emails": {"e": {"address": "x", "pref": 0}}}, "emails/e/pref"),
        ({"emails": {"e": {"address": "x", "pref": 101}}}, "emails/e/pref"),
        ({"emails": {"e": {"address": "x", "pref": True}}}, "emails/e/pref"),
        ({"onlineServices": {"s": {"service": "x"}}}, "onlineServices/s/uri"),
        ({"calendars": {"c": {"uri": "x"}}}, "calendars/c/kind"),
        ({"addresses": {"a": {"countryCode": "DEU"}}}, "addresses/a/countryCode"),
        ({"addresses": {"a": {"coordinates": "1,2"}}}, "addresses/a/coordinates"),
        ({"anniversaries": {"a": {"kind": "x"}}}, "anniversaries/a/date"),
        ({"anniversaries": {"a": {"kind": "x", "date": {}}}}, "anniversaries/a/date/year"),
        ({"anniversaries": {"a": {"kind": "x", "date": {"year": 1, "day": 1}}}}, "anniversaries/a/date/day"),
        ({"anniversaries": {"a": {"kind": "x", "date": {"month": 13}}}}, "anniversaries/a/date/month"),
        ({"anniversaries": {"a": {"kind": "x", "date": {"year": 2023, "month": 2, "day": 29}}}}, "anniversaries/a/date/day"),
        ({"anniversaries": {"a": {"kind": "x", "date": {"@type": "Timestamp"}}}}, "anniversaries/a/date/utc"),
        ({"localizations": {"x y": {}}}, "localizations"),
        ({"localizations": {"de": {"uid": "x"}}}, "localizations/de"),
        ({"localizations": {"de": {"name": {}, "name/full": "x"}}}, "localizations/de"),
        ({"directories": {"d": {"kind": "entry", "uri": "x", "listAs": 0}}}, "directories/d/listAs"),
    ],
)  # fmt: skip
def test_what_is_no_card(given: dict[str, Any], path: str) -> None:
    assert path in [one.path for one in problems({**CARD, **given})]


@pytest.mark.parametrize("value", [None, 7, "x", [], [{}]])
def test_what_is_nothing_like_a_card(value: Any) -> None:
    assert problems(value)


def test_limits() -> None:
    assert problems({**CARD, "uid": "x" * MAX_UID}) == []
    assert problems({**CARD, "uid": "x" * (MAX_UID + 1)})
    many = {f"e{n}": {} for n in range(MAX_PROBLEMS + 5)}
    assert len(problems({**CARD, "emails": many})) == MAX_PROBLEMS
    assert problems({**CARD, "x:y": _nested(MAX_NESTING - 2)}) == []
    assert problems({**CARD, "x:y": _nested(MAX_NESTING)})
    assert problems({**CARD, "x:y": _nested(100_000)})


def _nested(depth: int) -> Any:
    value: Any = "x"
    for _ in range(depth):
        value = [value]
    return value


def test_the_table_names_what_it_has() -> None:
    assert set(ANY_OF) <= set(TYPES)
    for kind, names in ANY_OF.items():
        assert all(f"{name}:" in TYPES[kind] for name in names)


def test_long_names_over_many_values_take_no_room() -> None:
    """Each value waits with the path to it: a name of a megabyte over 100,000 values was 100 GB of paths."""
    long = {"x" * 100_000: {"relation": dict.fromkeys(map(str, range(1_000)), True)}}
    tracemalloc.start()
    assert problems({**CARD, "relatedTo": long}) == []
    assert tracemalloc.get_traced_memory()[1] < 10_000_000
    tracemalloc.stop()
    (wrong,) = problems({**CARD, "relatedTo": {"x" * 100_000: 1}})
    assert len(wrong.path) < 200


@pytest.mark.parametrize("name", ["id", "addressBookIds"])
def test_a_card_has_nothing_of_what_jmap_adds(name: str) -> None:
    assert [one.path for one in problems({**CARD, name: "x"})] == [name]
