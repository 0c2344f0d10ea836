"""vCards of every version, read, written, and turned into Cards and back."""

from __future__ import annotations

import json
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from postroom.message.contacts import vcard, vcard_writing, xcard, xcard_writing
from postroom.message.contacts.from_vcard import from_vcard
from postroom.message.contacts.jscontact import problems
from postroom.message.contacts.json_properties import MAX_LEVELS, apply, plain
from postroom.message.contacts.properties import escaped, joined, split, texts, unescaped
from postroom.message.contacts.structured import derived_full
from postroom.message.contacts.to_vcard import to_vcard
from postroom.message.contacts.vcard import NotContacts
from vcard_trip import again, card

LINES: list[tuple[str, str, Any]] = [
    ("FN:Jane Doe", "name", {"full": "Jane Doe"}),
    (
        'N;SORT-AS="Doe,Jane":Doe;Jane;;Dr.;PhD',
        "name",
        {
            "components": [
                {"kind": "surname", "value": "Doe"},
                {"kind": "given", "value": "Jane"},
                {"kind": "title", "value": "Dr."},
                {"kind": "credential", "value": "PhD"},
            ],
            "sortAs": {"surname": "Doe", "given": "Jane"},
        },
    ),
    (
        "N:Gonzalez,Garcia;Ana;;;Jr.;Garcia;Jr.",
        "name",
        {
            "components": [
                {"kind": "surname", "value": "Gonzalez"},
                {"kind": "given", "value": "Ana"},
                {"kind": "surname2", "value": "Garcia"},
                {"kind": "generation", "value": "Jr."},
            ]
        },
    ),
    ("NICKNAME:Jim,Jimmie", "nicknames", {"1": {"name": "Jim"}, "2": {"name": "Jimmie"}}),
    ("TEL;TYPE=cell,home;PREF=2:+1 5", "phones", {"1": {"number": "+1 5", "features": {"mobile": True}, "contexts": {"private": True}, "pref": 2}}),
    ("TEL;VALUE=uri;TYPE=work:tel:+1-5", "phones", {"1": {"number": "tel:+1-5", "contexts": {"work": True}}}),
    ("EMAIL;PROP-ID=abc;TYPE=work:a@b.c", "emails", {"abc": {"address": "a@b.c", "contexts": {"work": True}}}),
    ("EMAIL;TYPE=odd;X-P=1:a@b.c", "emails", {"1": {"address": "a@b.c", "vCardParams": {"x-p": "1", "type": "odd"}}}),
    ("IMPP:xmpp:a@b.c", "onlineServices", {"1": {"uri": "xmpp:a@b.c", "vCardName": "impp"}}),
    ("SOCIALPROFILE;SERVICE-TYPE=Mastodon;VALUE=text:@x", "onlineServices", {"1": {"user": "@x", "service": "Mastodon"}}),
    ("LANG;PREF=1:de", "preferredLanguages", {"1": {"language": "de", "pref": 1}}),
    ("TITLE:Boss", "titles", {"1": {"name": "Boss", "kind": "title"}}),
    ("ROLE:Chef", "titles", {"1": {"name": "Chef", "kind": "role"}}),
    ("ORG;SORT-AS=abc:ABC\\, Inc.;North;Sales", "organizations", {"1": {"name": "ABC, Inc.", "units": [{"name": "North"}, {"name": "Sales"}], "sortAs": "abc"}}),
    ("BDAY:19531015", "anniversaries", {"1": {"kind": "birth", "date": {"year": 1953, "month": 10, "day": 15}}}),
    ("BDAY:--0412", "anniversaries", {"1": {"kind": "birth", "date": {"month": 4, "day": 12}}}),
    ("BDAY:1985-04", "anniversaries", {"1": {"kind": "birth", "date": {"year": 1985, "month": 4}}}),
    ("DEATHDATE:19960415T231000+0200", "anniversaries", {"1": {"kind": "death", "date": {"@type": "Timestamp", "utc": "1996-04-15T21:10:00Z"}}}),
    ("ANNIVERSARY;CALSCALE=gregorian:2009", "anniversaries", {"1": {"kind": "wedding", "date": {"year": 2009, "calendarScale": "gregorian"}}}),
    ("URL:https://x.test", "links", {"1": {"uri": "https://x.test"}}),
    ("CONTACT-URI:mailto:a@b.c", "links", {"1": {"uri": "mailto:a@b.c", "kind": "contact"}}),
    ("ORG-DIRECTORY;INDEX=1:ldap://x", "directories", {"1": {"uri": "ldap://x", "kind": "directory", "listAs": 1}}),
    ("SOURCE:https://x.test/a.vcf", "directories", {"1": {"uri": "https://x.test/a.vcf", "kind": "entry"}}),
    ("CALURI;MEDIATYPE=text/calendar:https://x", "calendars", {"1": {"uri": "https://x", "kind": "calendar", "mediaType": "text/calendar"}}),
    ("FBURL:https://x", "calendars", {"1": {"uri": "https://x", "kind": "freeBusy"}}),
    ("CALADRURI:mailto:a@b.c", "schedulingAddresses", {"1": {"uri": "mailto:a@b.c"}}),
    ("KEY:data:application/pgp-keys;base64,AAAA", "cryptoKeys", {"1": {"uri": "data:application/pgp-keys;base64,AAAA"}}),
    ("SOUND:data:audio/ogg;base64,AAAA", "media", {"1": {"uri": "data:audio/ogg;base64,AAAA", "kind": "sound"}}),
    ("NOTE;CREATED=20221123T150132Z;AUTHOR-NAME=A:x\\ny", "notes", {"1": {"note": "x\ny", "created": "2022-11-23T15:01:32Z", "author": {"name": "A"}}}),
    ("EXPERTISE;LEVEL=expert;INDEX=2:wine", "personalInfo", {"1": {"kind": "expertise", "value": "wine", "level": "high", "listAs": 2}}),
    ("HOBBY;LEVEL=high:tea", "personalInfo", {"1": {"kind": "hobby", "value": "tea", "level": "high"}}),
    ("CATEGORIES:a,b\\,c", "keywords", {"a": True, "b,c": True}),
    ("RELATED;TYPE=friend:urn:x", "relatedTo", {"urn:x": {"relation": {"friend": True}}}),
    ("GRAMGENDER:FEMININE", "speakToAs", {"grammaticalGender": "feminine"}),
    ("PRONOUNS;PREF=1:xe/xir", "speakToAs", {"pronouns": {"1": {"pronouns": "xe/xir", "pref": 1}}}),
    ("KIND:Org", "kind", "org"),
    ("PRODID:-//x", "prodId", "-//x"),
    ("REV:19951031T222710Z", "updated", "1995-10-31T22:27:10Z"),
    ("TZ:Europe/Berlin", "addresses", {"1": {"timeZone": "Europe/Berlin"}}),
    ("GEO:geo:1,2", "addresses", {"1": {"coordinates": "geo:1,2"}}),
    (
        'ADR;LABEL="1 Main^nTown";TYPE=delivery;CC=DE:;;Main 1;Town;;12345;Germany',
        "addresses",
        {
            "1": {
                "components": [
                    {"kind": "name", "value": "Main 1"},
                    {"kind": "locality", "value": "Town"},
                    {"kind": "postcode", "value": "12345"},
                    {"kind": "country", "value": "Germany"},
                ],
                "full": "1 Main\nTown",
                "countryCode": "DE",
                "contexts": {"delivery": True},
            }
        },
    ),
    (
        "ADR:;;54321 Oak St;Reston;;;USA;;;;54321;Oak St",
        "addresses",
        {
            "1": {
                "components": [
                    {"kind": "locality", "value": "Reston"},
                    {"kind": "country", "value": "USA"},
                    {"kind": "number", "value": "54321"},
                    {"kind": "name", "value": "Oak St"},
                ]
            }
        },
    ),
    ("X-ODD;P=a,b:1;2\\,3", "vCardProps", [["x-odd", {"p": ["a", "b"]}, "unknown", "1;2\\,3"]]),
    ("GENDER:F", "vCardProps", [["gender", {}, "unknown", "F"]]),
    ("BDAY;VALUE=text:circa 1800", "vCardProps", [["bday", {}, "text", "circa 1800"]]),
    ("BDAY:---12", "vCardProps", [["bday", {}, "unknown", "---12"]]),
    ('JSPROP;JSPTR="example.com:x/y":{"a":1}', "example.com:x/y", None),
    ('JSPROP;JSPTR="example.com:x":{"a":1}', "example.com:x", {"a": 1}),
]  # fmt: skip


@pytest.mark.parametrize(
    ("line", "name", "value"), LINES, ids=[f"{n}-{one[0][:30]}" for n, one in enumerate(LINES)]
)
def test_counterparts(line: str, name: str, value: Any) -> None:
    made = card(line)
    assert made.get(name) == value
    assert plain(again(made)) == plain(made)
    (through,) = xcard.read(xcard_writing.write([to_vcard(made)])).cards
    assert plain(from_vcard(through)) == plain(made)


def test_places_belong_to_dates() -> None:
    made = card("BIRTHPLACE:Rome", "BDAY:1953", "DEATHPLACE:geo:1,2")
    assert made["anniversaries"]["1"]["place"] == {"full": "Rome"}
    assert made["vCardProps"] == [["deathplace", {}, "unknown", "geo:1,2"]]


def test_a_key_in_full_is_kept_as_it_is() -> None:
    made = card("KEY;VALUE=text:-----BEGIN\\nAAAA\\, x", "KEY;VALUE=text:https://k.test/1")
    assert made["vCardProps"] == [["key", {}, "text", "-----BEGIN\nAAAA, x"]]
    assert [one["uri"] for one in made["cryptoKeys"].values()] == ["https://k.test/1"]
    assert b"KEY;VALUE=text:-----BEGIN\\nAAAA\\, x\r\n" in vcard_writing.write([to_vcard(made)])
    assert again(made) == made


def test_groups_have_members() -> None:
    made = card("MEMBER:urn:x", "KIND:group")
    assert (made["kind"], made["members"]) == ("group", {"urn:x": True})
    old = card("X-ADDRESSBOOKSERVER-MEMBER:urn:x", "X-ADDRESSBOOKSERVER-KIND:group", version="3.0")
    assert old["members"] == {"urn:x": True}
    assert again(made, "3.0") == {**made, "uid": made["uid"]}


def test_labels_are_lines_of_the_group() -> None:
    made = card("item1.EMAIL:a@b.c", "item1.X-ABLabel:Boat")
    assert made["emails"] == {"1": {"address": "a@b.c", "label": "Boat"}}
    assert again(made) == made


def test_a_name_is_derived_when_there_is_none() -> None:
    made = card("N:Doe;Jane;;;")
    assert b"FN;DERIVED=true:Jane Doe" in vcard_writing.write([to_vcard(made)])
    assert "full" not in again(made)["name"]


@pytest.mark.parametrize(
    ("parts", "full"),
    [
        ("Jane Doe", "Jane Doe"),
        ("Jane - Doe", "Jane-Doe"),
        ("Jane - - Doe", "Jane--Doe"),
        ("Jane Ann - Doe PhD -", "Jane Ann-Doe PhD-"),
    ],
)
def test_components_in_their_own_order(parts: str, full: str) -> None:
    components = [
        {"kind": "separator" if part == "-" else "given", "value": part} for part in parts.split(" ")
    ]
    assert derived_full({"components": components, "isOrdered": True}, ()) == full


def test_objects_of_others_keep_their_types() -> None:
    """RFC 9553 §1.7.2: what is not known is kept; its type does not follow from its place."""
    own = {"@type": "example.com:Badge", "number": {"@type": "Serial", "value": "7"}}
    given = {"@type": "Card", "version": "1.0", "uid": "u", "name": {"full": "x"}, "example.com:badge": own}
    assert again(given)["example.com:badge"] == own


def test_the_uid_of_a_card_without_one_stays() -> None:
    assert card("FN:x")["uid"] == card("FN:x")["uid"]
    assert card("FN:x")["uid"] != card("FN:y")["uid"]


def test_version_2_1() -> None:
    made = card(
        "N;CHARSET=ISO-8859-1;ENCODING=QUOTED-PRINTABLE:M=FCller;J=F6rg",
        "ADR;HOME;ENCODING=QUOTED-PRINTABLE:;;Am Weg 1=0D=0A=",
        "Hinterhaus;Town",
        "TEL;CELL;PREF:123",
        "NOTE:a, b",
        "PHOTO;JPEG;BASE64:",
        " /9j/",
        " AAAA",
        version="2.1",
    )
    assert [one["value"] for one in made["name"]["components"]] == ["Müller", "Jörg"]
    assert made["addresses"]["1"]["components"][0]["value"] == "Am Weg 1\nHinterhaus"
    assert made["phones"]["1"] == {"number": "123", "features": {"mobile": True}, "pref": 1}
    assert made["notes"]["1"]["note"] == "a, b"
    assert made["media"]["1"]["uri"] == "data:image/jpeg;base64,/9j/AAAA"


def test_a_soft_line_break_is_no_folding() -> None:
    lines = ("NOTE;ENCODING=QUOTED-PRINTABLE:one=", " two=", "\tthree", " four")
    assert card(*lines, version="2.1")["notes"]["1"]["note"] == "one two\tthreefour"


@pytest.mark.parametrize("name", ["ISO-8859-2", "windows-1251", "Shift_JIS", '"EUC-KR"'])
def test_octets_of_a_charset_that_the_line_names(name: str) -> None:
    word = {"ISO-8859-2": "Łódź", "windows-1251": "Москва", "Shift_JIS": "東京ソ", '"EUC-KR"': "서울"}[name]
    codec = name.strip('"')
    line = f"BEGIN:VCARD\r\nVERSION:2.1\r\nFN;CHARSET={name}:{word}\r\nEND:VCARD\r\n".encode(codec)
    (found,) = vcard.read(line).cards
    assert from_vcard(found)["name"] == {"full": word}


def test_version_3() -> None:
    made = card(
        "EMAIL;TYPE=INTERNET,PREF:a@b.c", "PHOTO;ENCODING=b;TYPE=PNG:AAAA", "BDAY:1953-10-15", version="3.0"
    )
    assert made["emails"]["1"] == {"address": "a@b.c", "pref": 1}
    written = vcard_writing.write([to_vcard(made)], "3.0").decode()
    assert "PHOTO;PROP-ID=1;ENCODING=b;TYPE=PNG:AAAA\r\n" in written
    assert "EMAIL;PROP-ID=1;TYPE=pref:a@b.c\r\n" in written
    assert "\r\nFN" in written
    assert "\r\nN:;;;;" in written


def test_folding_within_a_character() -> None:
    text = "BEGIN:VCARD\nFN:ä\nEND:VCARD".encode().replace(b"\xc3\xa4", b"\xc3\n \xa4")
    (found,) = vcard.read(text).cards
    assert found.properties[0].value == "ä"


def test_what_is_left_out_is_told() -> None:
    text = b"BEGIN:VCARD\nnonsense\nFN:x\n;:\nBEGIN:VCARD\nFN:y\nEND:VCARD\nEND:VCARD\nBEGIN:VCARD\nEND:VCARD\nBEGIN:VCARD\nFN:z"
    read = vcard.read(text)
    assert [from_vcard(one)["name"]["full"] for one in read.cards] == ["x"]
    assert [one.split(" was")[0] for one in read.complaints] == [
        "line 2",
        "line 4",
        "line 10",
        "the last line: its card does not end",
    ]


@pytest.mark.parametrize("octets", [b"", b"hello", b"BEGIN:VCARD", b"\0" * 100])
def test_no_contacts(octets: bytes) -> None:
    with pytest.raises(NotContacts, match="no vCard"):
        vcard.read(octets)


def _of(count: int, line: str = "FN:x\n") -> bytes:
    return f"BEGIN:VCARD\n{line * count}END:VCARD\n".encode()


def test_limits(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(vcard, "MAX_PROPERTIES", 3)
    assert vcard.read(_of(3)).complaints == []
    assert "more than 3 lines" in vcard.read(_of(4)).complaints[0]
    monkeypatch.setattr(vcard, "MAX_CARDS", 2)
    assert len(vcard.read(_of(1) * 2).cards) == 2
    with pytest.raises(NotContacts, match="more than 2 cards"):
        vcard.read(_of(1) * 3)
    monkeypatch.setattr(vcard, "MAX_LINE", 11)
    assert vcard.read(_of(1, "FN:45678901\n")).complaints == []
    assert "more than" in vcard.read(_of(1, "FN:x\nFN:456789012\n")).complaints[0]
    monkeypatch.setattr(vcard, "MAX_PARAMETERS", 2)
    assert vcard.read(_of(1, "X;A=1,2:x\n")).complaints == []
    assert vcard.read(_of(1, "X:y\nX;A=1,2,3:x\n")).complaints != []
    monkeypatch.setattr(vcard, "MAX_COMPLAINTS", 1)
    assert len(vcard.read(_of(1, "FN:x\nno\nno\n")).complaints) == 1
    monkeypatch.setattr(vcard, "MAX_OCTETS", len(_of(1)))
    assert vcard.read(_of(1)).cards
    with pytest.raises(NotContacts, match="in parts"):
        vcard.read(_of(1) + b"\n")


def test_a_long_line_of_parameters_is_read_once() -> None:
    for line in (
        "X" + ";A=b" * 99 + ":x\n",
        "X;A=" + '"' * 100_000 + ":x\n",
        "X" + ";" * 100_000 + ":x\n",
        "X:" + "\\" * 500_000 + "\n",
    ):
        vcard.read(_of(1, "FN:x\n" + line))


def test_a_pointer_goes_so_deep_and_no_deeper() -> None:
    place: dict[str, Any] = {}
    made: dict[str, Any] = {"a:a": place}
    for _ in range(MAX_LEVELS - 2):
        place["a"] = place = {}
    assert apply(made, "a:a" + "/a" * (MAX_LEVELS - 1), "1")
    assert place == {"a": 1}
    assert not apply(made, "a:a" + "/a" * MAX_LEVELS, "1")
    assert not apply(made, "a:a/b/c", "1")
    assert not apply(made, "a:a", "{")
    assert not apply(made, "a:a", "[" * 100_000)


TEXT = st.text(st.characters(exclude_categories=("Cs",), exclude_characters="\ufffe\uffff"), max_size=40)
SOME = TEXT.filter(bool)
IDS = st.from_regex(r"[A-Za-z0-9_-]{1,8}", fullmatch=True)
COMMON: dict[str, Any] = {
    "contexts": st.dictionaries(st.sampled_from(["private", "work", "odd"]), st.just(True)),
    "pref": st.integers(1, 100),
}


def _objects(required: dict[str, Any], **optional: Any) -> Any:
    return st.dictionaries(IDS, st.fixed_dictionaries(required, optional=optional), min_size=1, max_size=3)


CARDS = st.fixed_dictionaries(
    {"@type": st.just("Card"), "version": st.just("1.0"), "uid": SOME},
    optional={
        "name": st.fixed_dictionaries(
            {
                "components": st.lists(
                    st.fixed_dictionaries(
                        {
                            "kind": st.sampled_from(["given", "surname", "surname2", "title", "generation"]),
                            "value": TEXT,
                        }
                    ),
                    max_size=5,
                )
            },
            optional={"full": TEXT, "sortAs": st.dictionaries(st.sampled_from(["given", "surname"]), TEXT)},
        ),
        "nicknames": _objects({"name": TEXT}, **COMMON),
        "organizations": _objects(
            {"name": TEXT, "units": st.lists(st.fixed_dictionaries({"name": TEXT}))}, sortAs=TEXT
        ),
        "emails": _objects({"address": TEXT}, label=TEXT, **COMMON),
        "phones": _objects({"number": TEXT}, features=st.just({"mobile": True}), **COMMON),
        "onlineServices": _objects({"user": TEXT}, uri=TEXT, service=TEXT, **COMMON),
        "titles": _objects(
            {"name": TEXT}, kind=st.sampled_from(["title", "role", "odd"]), organizationId=IDS
        ),
        "addresses": _objects(
            {
                "components": st.lists(
                    st.fixed_dictionaries(
                        {
                            "kind": st.sampled_from(
                                ["name", "number", "locality", "apartment", "direction", "odd"]
                            ),
                            "value": TEXT,
                        }
                    ),
                    max_size=5,
                )
            },
            full=TEXT,
            timeZone=TEXT,
            **COMMON,
        ),
        "media": _objects({"kind": st.sampled_from(["photo", "logo", "odd"]), "uri": TEXT}, mediaType=TEXT),
        "notes": _objects({"note": TEXT}, author=st.fixed_dictionaries({"name": TEXT})),
        "anniversaries": _objects(
            {
                "kind": st.sampled_from(["birth", "death", "odd"]),
                "date": st.fixed_dictionaries(
                    {"year": st.integers(0, 12000)}, optional={"month": st.integers(1, 12)}
                ),
            },
            place=st.fixed_dictionaries({"full": TEXT}),
        ),
        "keywords": st.dictionaries(TEXT, st.just(True)),
        "relatedTo": st.dictionaries(
            TEXT, st.fixed_dictionaries({"relation": st.dictionaries(TEXT, st.just(True))})
        ),
        "localizations": st.just({"de": {"name/full": "x"}}),
        "example.com:x": st.recursive(st.booleans() | TEXT | st.integers(-9, 9), st.lists, max_leaves=5),
    },
)


@settings(max_examples=150, deadline=None)
@given(CARDS)
def test_no_card_loses_anything_in_a_vcard(given: dict[str, Any]) -> None:
    assert problems(given) == []
    assert json.dumps(plain(_normal(again(given))), sort_keys=True) == json.dumps(
        plain(_normal(given)), sort_keys=True
    )


def _normal(given: dict[str, Any]) -> dict[str, Any]:
    titles = {key: {"kind": "title", **one} for key, one in given.get("titles", {}).items()}
    return {**given, **({"titles": titles} if titles else {})}


@settings(max_examples=60, deadline=None)
@given(CARDS)
def test_no_card_loses_anything_in_an_xcard(given: dict[str, Any]) -> None:
    (found,) = xcard.read(xcard_writing.write([to_vcard(given)])).cards
    assert plain(_normal(from_vcard(found))) == plain(_normal(given))


@settings(max_examples=300, deadline=None)
@given(
    st.lists(
        st.sampled_from(
            ["BEGIN:VCARD", "END:VCARD", "VERSION:2.1", "N", "ADR", "TEL", "BDAY", "PHOTO", "JSPROP", ";JSPTR=", "emails/1", ";TYPE=",
             ";ENCODING=QUOTED-PRINTABLE", ";ENCODING=b", ":", ";", ",", '"', "\\", "=", "\n", "\n ", "{}", "1985", "ä", "\0", "KIND:group\n", "geo:"]
        ),
        max_size=40,
    )
)  # fmt: skip
def test_whatever_is_read_can_be_written(words: list[str]) -> None:
    text = "BEGIN:VCARD\nFN:x\n" + "".join(words) + "\nEND:VCARD\n"
    try:
        read = vcard.read(text.encode())
    except NotContacts:
        return
    for one in read.cards:
        made = from_vcard(one)
        if not problems(made):
            back = again(made)
            assert plain(back) == plain(made)


@given(st.binary(max_size=200))
def test_no_octets_raise_anything_else(octets: bytes) -> None:
    for read in (vcard.read, xcard.read):
        try:
            read(octets)
        except NotContacts:
            pass


@given(st.lists(TEXT))
def test_texts_in_lists(values: list[str]) -> None:
    values = [one.replace("\r", "") for one in values]
    assert [unescaped(one) for one in split(joined(values), ",")] == (values or [""])
    assert all(unescaped(escaped(one)) == one for one in values)
    assert texts(joined(values)) == [one.strip() for one in values if one.strip()]
