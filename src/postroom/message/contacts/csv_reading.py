"""CSV files of contacts as Cards: Google's and Outlook's, whatever separates their values and whatever charset they are in.

RFC 4180 (quotes, line ends), RFC 9553 (what is made). A row without anything in it is no contact; what is no date stays as a note. Linear and bounded.
Not here: what columns mean (`csv_columns`), writing.
"""

from __future__ import annotations

import csv
import hashlib
import io
import re
from collections.abc import Iterator, Sequence
from typing import Any, Final

import msgspec

from postroom.message.contacts.csv_columns import Column, column, meant
from postroom.message.contacts.dates import read_date
from postroom.message.contacts.structured import derived_full
from postroom.message.contacts.vcard import MAX_CARDS, MAX_COMPLAINTS, MAX_VALUES, NotContacts

MAX_CSV: Final = 16 << 20  # octets of a file
MAX_COLUMNS: Final = 500  # of one file
MOST_VALUES: Final = 100  # of one cell with several

Object = dict[str, Any]
_SEVERAL: Final = " ::: "  # what Google puts between values of one cell
_ENGLISH: Final = re.compile(r"([0-9]{1,2})/([0-9]{1,2})/([0-9]{4})")
_NO_DATE: Final = ("0/0/00", "0000-00-00")
_SYSTEMS: Final = frozenset(("mycontacts", "my contacts", "starred", "other contacts"))
_ORDER: Final = ("title", "given", "given2", "surname", "generation")
_LABELS: Final = {
    "home": ("private", ""), "work": ("work", ""), "business": ("work", ""), "mobile": ("", "mobile"), "cell": ("", "mobile"), "fax": ("", "fax"),
    "home fax": ("private", "fax"), "work fax": ("work", "fax"), "pager": ("", "pager"), "main": ("", "main-number"), "other": ("", ""),
}  # fmt: skip


class CsvCards(msgspec.Struct, frozen=True):
    """Cards, and what was left out."""

    cards: list[Object]
    complaints: list[str]


def read(octets: bytes) -> CsvCards:
    """The contacts of a file; raises `NotContacts`."""
    if len(octets) > MAX_CSV:
        raise NotContacts(f"there are more than {MAX_CSV >> 20} MiB: import it in parts")
    text = _text(octets)
    rows = csv.reader(io.StringIO(text, newline=""), delimiter=_separator(text))
    try:
        head = next(rows, [])
        if len(head) > MAX_COLUMNS:
            raise NotContacts(f"there are more than {MAX_COLUMNS} columns")
        columns = [column(name) for name in head]
        if not any(columns):
            raise NotContacts(
                "there is no vCard in it, no xCard, and its first line names no column of Google's or Outlook's"
            )
        return _cards(rows, head, columns)
    except csv.Error as error:
        raise NotContacts(f"line {rows.line_num}: {error}") from error


def _text(octets: bytes) -> str:
    """UTF-8 and UTF-16 by their marks, else UTF-8 where it is, else what Windows writes in western Europe."""
    if octets[:2] in (b"\xff\xfe", b"\xfe\xff"):
        return octets.decode("utf-16", "replace")
    try:
        return octets.decode("utf-8-sig")
    except UnicodeDecodeError:
        return octets.decode("cp1252", "replace")


def _separator(text: str) -> str:
    first = text.lstrip("\r\n").partition("\n")[0]
    return max(",;\t", key=first.count)


def _cards(rows: Iterator[list[str]], head: Sequence[str], columns: Sequence[Column | None]) -> CsvCards:
    cards: list[Object] = []
    # Columns are only told of when there is something in them.
    unknown = [at for at, known in enumerate(columns) if known is None]
    filled: set[int] = set()
    values = 0
    for row in rows:
        filled.update(at for at in unknown if at < len(row) and row[at].strip())
        contact = _Row(list(zip(columns, row, strict=False)))
        values += contact.values
        if values > MAX_VALUES:
            raise NotContacts(f"there are more than {MAX_VALUES} values: import it in parts")
        made = contact.card()
        if made is None:
            continue
        if len(cards) >= MAX_CARDS:
            raise NotContacts(f"there are more than {MAX_CARDS} contacts: import it in parts")
        cards.append(made)
    if not cards:
        raise NotContacts("there is no contact in it")
    complaints = [f"nothing is known of the column {head[at]!r}" for at in sorted(filled)]
    return CsvCards(cards, complaints[:MAX_COMPLAINTS])


class _Row:
    """One contact in the making."""

    def __init__(self, cells: Sequence[tuple[Column | None, str]]) -> None:
        self._cells = [
            (one, told) for one, text in cells if one is not None and (told := meant(text.strip()).strip())
        ]
        self.values = sum(
            1 + min(text.count(_SEVERAL) + text.count(";"), MOST_VALUES) for _, text in self._cells
        )
        self._card: Object = {}
        self._notes: list[str] = []

    def card(self) -> Object | None:
        """The Card, None where nothing is said. Its uid is the same for the same row."""
        self._name()
        self._organization()
        for what, of, field in (
            ("email", "emails", "address"),
            ("phone", "phones", "number"),
            ("link", "links", "uri"),
        ):
            self._several(what, of, field)
        self._addresses()
        for what, text in ((one.what, text) for one, text in self._cells):
            self._single(what, text)
        if self._notes:
            self._card["notes"] = {"n1": {"note": "\n".join(self._notes)}}
        if not self._card:
            return None
        digits = hashlib.sha256(msgspec.json.encode(self._card)).hexdigest()
        uid = f"urn:uuid:{digits[:8]}-{digits[8:12]}-8{digits[12:15]}-8{digits[15:18]}-{digits[18:30]}"
        return {"@type": "Card", "version": "1.0", "uid": uid, **self._card}

    def _of(self, what: str) -> list[tuple[Column, str]]:
        return [(one, text) for one, text in self._cells if one.what == what]

    def _name(self) -> None:
        parts = {one.field: text for one, text in self._of("name")}
        wholes = [(one.group == "file as", text) for one, text in self._of("full")]
        full = next((text for sorted_by, text in wholes if not sorted_by), "")
        name: Object = {}
        if parts:
            name["components"] = [{"kind": kind, "value": parts[kind]} for kind in _ORDER if kind in parts]
            full = full or derived_full(name, _ORDER)
        full = full or next((text for _, text in wholes), "")
        if full:
            self._card["name"] = {**name, "full": full}

    def _organization(self) -> None:
        parts = {one.field: text for one, text in self._of("organization")}
        made: Object = {"name": parts["name"]} if "name" in parts else {}
        if "unit" in parts:
            made["units"] = [{"name": parts["unit"]}]
        if made:
            self._card["organizations"] = {"o1": made}
        if "title" in parts:
            self._card["titles"] = {"t1": {"name": parts["title"], "kind": "title"}}

    def _several(self, what: str, of: str, field: str) -> None:
        """Addresses of mail, telephones and pages: values with the label that stands in a column of its own."""
        labels = {one.group: text for one, text in self._of(what) if one.field == "label"}
        made: Object = {}
        for one, text in self._of(what):
            if one.field == "label":
                continue
            for value in text.split(_SEVERAL)[:MOST_VALUES]:
                entry = {field: value.strip(), **_labelled(labels.get(one.group, ""), one)}
                if value.strip():
                    made[f"{what[0]}{len(made) + 1}"] = entry
        if made:
            self._card[of] = made

    def _addresses(self) -> None:
        groups: dict[str, list[tuple[Column, str]]] = {}
        for one, text in self._of("address"):
            groups.setdefault(one.group, []).append((one, text))
        made: Object = {}
        for cells in groups.values():
            parts = [
                {"kind": one.field, "value": text}
                for one, text in cells
                if one.field not in ("label", "full")
            ]
            full = next((text for one, text in cells if one.field == "full"), "")
            label = next((text for one, text in cells if one.field == "label"), "")
            entry: Object = {"components": parts} if parts else {}
            if full:
                entry["full"] = full
            if entry:
                labelled = {
                    name: value for name, value in _labelled(label, cells[0][0]).items() if name == "contexts"
                }
                made[f"a{len(made) + 1}"] = {**entry, **labelled}
        if made:
            self._card["addresses"] = made

    def _single(self, what: str, text: str) -> None:
        if what in ("birth", "wedding"):
            self._date(what, text)
        elif what == "note":
            self._notes.append(text)
        elif what == "nickname":
            self._card["nicknames"] = {"k1": {"name": text}}
        elif what == "photo" and text.startswith("https://"):
            self._card["media"] = {"p1": {"kind": "photo", "uri": text}}
        elif what == "keywords":
            found = [one.strip("* ") for one in re.split(" ::: |;", text)[:MOST_VALUES]]
            kept = {one: True for one in found if one and one.lower() not in _SYSTEMS}
            if kept:
                self._card["keywords"] = kept

    def _date(self, kind: str, text: str) -> None:
        if text in _NO_DATE:
            return
        english = _ENGLISH.fullmatch(text)
        date = read_date(
            f"{english[3]}-{int(english[1]):02}-{int(english[2]):02}" if english else text.replace(" ", "")
        )
        if date is None:
            self._notes.append(text)
        else:
            self._card.setdefault("anniversaries", {})[f"{kind[0]}1"] = {"kind": kind, "date": date}


def _labelled(label: str, one: Column) -> Object:
    """Contexts, features and preference of a label such as "* Work" or "Home Fax"; any other is kept as it is."""
    preferred = label.startswith("*")
    words = label.strip("* ")
    context, feature = _LABELS.get(words.lower(), ("", ""))
    context, feature = context or one.context, feature or one.feature
    made: Object = {}
    if context:
        made["contexts"] = {context: True}
    if feature and one.what == "phone":
        made["features"] = {feature: True}
    if words and words.lower() not in _LABELS:
        made["label"] = words
    if preferred:
        made["pref"] = 1
    return made
