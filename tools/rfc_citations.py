#!/usr/bin/env python3
"""Which RFC the code cites, and where: beside docs/rfc-index.toml, which says how far each is applied.

Prints a line for each RFC that is cited: number, status in the index, and the modules that cite it.
Citations have the form `RFC 5321 §4.1.1`; what they say is not checked here, that they exist is checked by a test.
"""

import re
import sys
import tomllib
from collections import defaultdict
from collections.abc import Iterator
from pathlib import Path
from typing import NamedTuple

ROOT = Path(__file__).resolve().parents[1]
SOURCE = ROOT / "src" / "postroom"
RFC = re.compile(r"\bRFCs?[ \n#]+(\d{3,5})\b")
SECTION = r"(?:\d+|[A-Z])(?![A-Za-z0-9])(?:\.\d+)*"
SECTIONS = re.compile(rf"[ \n#]+§+[ ]?({SECTION}(?:(?:,|,? and|[-–])[ \n#]+§*[ ]?{SECTION}|[-–]{SECTION})*)")


class Citation(NamedTuple):
    place: str
    rfc: str
    section: str  # empty: the RFC as a whole


def citations(text: str, path: str) -> Iterator[Citation]:
    """`RFC 5321 §4.1.1` and `RFC 5321 §4.1.1, §4.5.3 and §7`; a comment may break the line within."""
    for named in RFC.finditer(text):
        place = f"{path}:{text.count(chr(10), 0, named.start()) + 1}"
        yield Citation(place, named[1], "")
        if sections := SECTIONS.match(text, named.end()):
            yield from (Citation(place, named[1], section) for section in re.findall(SECTION, sections[1]))


def cited() -> list[Citation]:
    paths = sorted(path for path in SOURCE.rglob("*") if path.suffix in (".py", ".sql"))
    return [
        citation
        for path in paths
        for citation in citations(path.read_text(encoding="utf-8"), str(path.relative_to(ROOT)))
    ]


def headings(text: str) -> set[str]:
    """Numbers of the sections and letters of the appendices that an RFC's text has."""
    numbered = re.findall(rf"^[ ]{{0,6}}({SECTION})\.?(?:[ \t]+\S|$)", text, re.MULTILINE)
    appendices = re.findall(rf"^[ ]{{0,6}}(?i:appendix) ({SECTION})\b", text, re.MULTILINE)
    return {*numbered, *appendices}


def index() -> dict[str, dict[str, str | list[str]]]:
    """The entries of docs/rfc-index.toml by number."""
    entries: dict[str, dict[str, str | list[str]]]
    entries = tomllib.loads((ROOT / "docs" / "rfc-index.toml").read_text(encoding="utf-8"))["rfc"]
    return entries


def standing(rfc: str) -> str:
    """How far an RFC is applied, as the index says."""
    entry = index()[rfc]
    return str(entry["status"]) + (f": {entry['note']}" if entry["note"] else "")


def main() -> int:
    """Print the table."""
    entries = index()
    modules: dict[str, set[str]] = defaultdict(set)
    for citation in cited():
        path = Path(citation.place.partition(":")[0]).relative_to("src/postroom")
        modules[citation.rfc].add(".".join(path.with_suffix("").parts).removesuffix(".__init__"))
    for rfc in sorted(modules, key=int):
        status = entries[rfc]["status"] if rfc in entries else "not listed"
        print(f"{rfc:>5} {status:10} {' '.join(sorted(modules[rfc]))}")
    return 0


if __name__ == "__main__":
    sys.exit(main())
