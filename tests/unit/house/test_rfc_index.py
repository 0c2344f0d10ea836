"""docs/rfc-index.toml says what is applied; the code cites nothing that it does not list, and no section that does not exist."""

import os
from pathlib import Path

import pytest

from rfc_citations import ROOT, SOURCE, citations, cited, headings, index

INDEX = index()


def texts() -> Path | None:
    """A directory with rfc5321.txt and others: POSTROOM_RFC, or one called rfc near this checkout."""
    if named := os.environ.get("POSTROOM_RFC"):
        return Path(named)
    return next((found.parent for found in ROOT.parent.glob("*/rfc/rfc5321.txt")), None)


def test_each_named_rfc_is_listed() -> None:
    assert sorted({f"{c.place}: RFC {c.rfc}" for c in cited() if c.rfc not in INDEX}) == []


def test_no_section_is_cited_of_an_rfc_that_is_not_applied() -> None:
    not_applied = {rfc for rfc, entry in INDEX.items() if entry["status"] == "no"}
    wrong = {f"{c.place}: RFC {c.rfc} §{c.section}" for c in cited() if c.section and c.rfc in not_applied}
    assert sorted(wrong) == []


@pytest.mark.parametrize("rfc", sorted({c.rfc for c in cited() if c.section}, key=int))
def test_cited_sections_exist(rfc: str) -> None:
    directory = texts()
    path = directory / f"rfc{int(rfc):04}.txt" if directory else None
    if path is None or not path.exists():
        pytest.skip("needs the text of the RFC (POSTROOM_RFC=directory with rfc5321.txt and others)")
    known = headings(path.read_text(encoding="utf-8", errors="replace"))
    assert [c for c in cited() if c.rfc == rfc and c.section and c.section not in known] == []


def is_complete(entry: dict[str, object]) -> bool:
    return (
        set(entry) == {"status", "where", "title", "note"}
        and entry["status"] in ("yes", "partial", "no")
        and bool(entry["title"])
        and bool(entry["where"] or entry["status"] == "no")
        and bool(entry["note"] or entry["status"] != "partial")
    )


def test_entries_are_complete() -> None:
    assert [rfc for rfc, entry in INDEX.items() if not is_complete(entry)] == []


@pytest.mark.parametrize(
    "change",
    [{"status": "done"}, {"title": ""}, {"where": []}, {"status": "partial"}, {"extra": 1}],
)
def test_incomplete_entries_are_found(change: dict[str, object]) -> None:
    entry = {"status": "yes", "where": ["wire"], "title": "A", "note": ""}
    assert is_complete(entry)
    assert not is_complete(entry | change)


def test_named_modules_exist() -> None:
    paths = {
        module: SOURCE.joinpath(*module.split(".")) for entry in INDEX.values() for module in entry["where"]
    }
    assert [
        module for module, path in paths.items() if not (path.is_dir() or path.with_suffix(".py").exists())
    ] == []


def test_named_modules_cite_the_rfc() -> None:
    citing: dict[str, set[str]] = {}
    for citation in cited():
        module = citation.place.removeprefix("src/postroom/").partition(".")[0].replace("/", ".")
        citing.setdefault(citation.rfc, set()).add(f"{module}.")
    assert [
        f"{rfc}: {module}"
        for rfc, entry in INDEX.items()
        if entry["status"] != "no" and rfc in citing
        for module in entry["where"]
        if not any(cites.startswith(f"{module}.") for cites in citing[rfc])
    ] == []


@pytest.mark.parametrize(
    ("text", "found"),
    [
        ("see RFC 5321 §4.1.1", [("5321", ""), ("5321", "4.1.1")]),
        ("RFC 5321 §4.1.1.1, §4.5.3", [("5321", ""), ("5321", "4.1.1.1"), ("5321", "4.5.3")]),
        ("(RFC 3461 §4.1 and §6)", [("3461", ""), ("3461", "4.1"), ("3461", "6")]),
        ("RFC 2045 §6.7-6.8.", [("2045", ""), ("2045", "6.7"), ("2045", "6.8")]),
        ("RFC 5321 §D.1", [("5321", ""), ("5321", "D.1")]),
        ("# as in RFC\n# 5322 §3.4", [("5322", ""), ("5322", "3.4")]),
        ("RFC 1939 §3, RFC 822", [("1939", ""), ("1939", "3"), ("822", "")]),
        ("RFC 822 and others", [("822", "")]),
        ("the RFC says", []),
    ],
)
def test_citations_are_recognised(text: str, found: list[tuple[str, str]]) -> None:
    assert [(c.rfc, c.section) for c in citations(text, "x.py")] == found


def test_headings_are_recognised() -> None:
    text = (
        "1. Introduction\n   4.1.1.  EHLO\nAppendix D.  Scenarios\nD.1.  A Typical\n  see 9.9 there\n3.2\n\n"
    )
    assert headings(text) == {"1", "4.1.1", "D", "D.1", "3.2"}
