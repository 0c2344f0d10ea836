"""What the programs of others write into vCards, and what is left out of files that mean harm."""

from __future__ import annotations

import pytest

from postroom.message.contacts import vcard, vcard_writing
from postroom.message.contacts.to_vcard import to_vcard
from postroom.message.contacts.vcard import NotContacts
from vcard_trip import again, card


def test_labels_stay_with_lines_that_are_kept() -> None:
    """As Apple's programs write dates and people that vCard 3.0 has no property for, and the country an address is written as in."""
    made = card(
        "item1.X-ABDATE:2001-01-01", "item1.X-ABLabel:_$!<Anniversary>!$_",
        "item2.ADR:;;1 Main St;Town;;;", "item2.X-ABADR:us", "item2.X-ABLabel:Cabin",
        version="3.0",
    )  # fmt: skip
    assert made["addresses"]["1"]["label"] == "Cabin"
    written = vcard_writing.write([to_vcard(made)], "3.0").decode().splitlines()
    for line in (
        "item1.X-ABDATE:2001-01-01",
        "item1.X-ABLABEL:_$!<Anniversary>!$_",
        "item2.ADR;PROP-ID=1:;;1 Main St;Town;;;",
        "item2.X-ABADR:us",
        "item2.X-ABLABEL:Cabin",
    ):
        assert line in written
    assert again(made) == again(made, "3.0") == made


def test_a_name_in_a_language() -> None:
    """As Outlook writes every name."""
    made = card("N;LANGUAGE=de:Müller;Jörg", "FN:Jörg Müller", version="2.1")
    assert [one["value"] for one in made["name"]["components"]] == ["Müller", "Jörg"]
    assert made["name"]["vCardParams"] == {"language": "de"}
    assert "N;LANGUAGE=de:Müller;Jörg;;;" in vcard_writing.write([to_vcard(made)]).decode().splitlines()
    assert again(made) == made


def test_a_file_does_not_say_under_which_id_and_where() -> None:
    for pointer in ("id", "/id", "addressBookIds", "addressBookIds/R1"):
        made = card("FN:x", f'JSPROP;JSPTR="{pointer}":"R1"')
        assert made.keys() == {"@type", "version", "uid", "name"}


@pytest.mark.parametrize(
    "line", ["BDAY;X-APPLE-OMIT-YEAR=1604:1604-03-15", "BDAY;VALUE=date;X-APPLE-OMIT-YEAR=1604:16040315"]
)
def test_a_birthday_without_a_year(line: str) -> None:
    """As Apple's programs write it: RFC 2426 section 3.1.5 knows whole dates alone."""
    made = card(line, version="3.0")
    assert made["anniversaries"] == {"1": {"kind": "birth", "date": {"month": 3, "day": 15}}}
    assert b"BDAY;PROP-ID=1;X-APPLE-OMIT-YEAR=1604:1604-03-15\r\n" in vcard_writing.write(
        [to_vcard(made)], "3.0"
    )
    assert b"BDAY;PROP-ID=1:--0315\r\n" in vcard_writing.write([to_vcard(made)])
    assert again(made) == again(made, "3.0") == made


def test_a_year_that_is_not_left_out() -> None:
    made = card("BDAY;X-APPLE-OMIT-YEAR=1604:1980-03-15", version="3.0")
    assert made["anniversaries"]["1"]["date"] == {"year": 1980, "month": 3, "day": 15}
    assert again(made, "3.0") == made


def test_what_is_said_of_many_is_short() -> None:
    """A label of 100 kB over 5,000 telephones was an answer of 500 MB."""
    made = card("g.X-ABLABEL:" + "x" * 256, "g.TEL:1", "g.TEL:2", "NICKNAME;X-A=" + "y" * 256 + ":a,b")
    assert [one.get("label") for one in made["phones"].values()] == [None, None]
    assert [one[0] for one in made["vCardProps"]] == ["x-ablabel", "nickname"]
    assert again(made) == made
    short = card("g.X-ABLABEL:" + "x" * 255, "g.TEL:1", "NICKNAME;X-A=" + "y" * 255 + ":a,b")
    assert len(short["phones"]["1"]["label"]) == len(short["nicknames"]["2"]["vCardParams"]["x-a"]) == 255
    assert again(short) == short
    given = {
        "@type": "Card",
        "version": "1.0",
        "uid": "u",
        "phones": {"1": {"number": "1", "label": "x" * 300}},
    }
    assert again(given) == given


@pytest.mark.parametrize(
    "line", ["FN:x", "N:a,b", "NICKNAME:x", "no line", "", "AGENT:\r\nBEGIN:VCARD\r\nEND:VCARD"]
)
def test_values_of_a_file_are_counted(monkeypatch: pytest.MonkeyPatch, line: str) -> None:
    """Lines that are none, and empty ones, are read as well: 16 MiB of them took half a minute."""
    monkeypatch.setattr(vcard, "MAX_VALUES", 15)
    card("FN:a,b;c", "N:a;b,c;;;", "ADR:;;a,b")
    with pytest.raises(NotContacts, match="in parts"):
        card("FN:a,b;c", "N:a;b,c;;;", "ADR:;;a,b", line)


@pytest.mark.parametrize("line", ["FN;X-SCOPE=local:Jane Doe", "FN;PREF=1:Jane Doe", "item1.FN:Jane Doe"])
def test_a_name_with_parameters_is_one(line: str) -> None:
    made = card(line, "FN;LANGUAGE=de:Hannah")
    assert made["name"] == {"full": "Jane Doe"}
    assert len(made["vCardProps"]) == 2  # nothing of them is lost
    assert again(made) == made


def test_long_names_over_many_values_are_written_once() -> None:
    """A pointer for each of them was 12 GB out of one megabyte."""
    relation = {"friend": True, **{f"{number}é": True for number in range(1_000)}}
    given = {
        "@type": "Card",
        "version": "1.0",
        "uid": "u",
        "relatedTo": {"x" * 50_000: {"relation": relation}},
    }
    assert len(vcard_writing.write([to_vcard(given)])) < 1_000_000
    assert again(given) == given
