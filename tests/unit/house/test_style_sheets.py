"""A feature's style sheet is there for the whole page: what it says of a class must not be said of another's."""

import re
from pathlib import Path

SOURCES = Path(__file__).parents[3] / "frontend" / "src"
# Said more of on purpose: on paper, in high contrast, and where one feature makes room in another's place.
KNOWN = {"thread-answers", "rows", "chip", "dot", "contact-row", "hues", "settings"}


def selectors(sheet: Path) -> list[str]:
    rules = re.sub(r"/\*[^*]*\*/", "", sheet.read_text())
    return [one.strip() for found in re.findall(r"([^{};]+)\{", rules) for one in found.split(",")]


def test_a_feature_says_of_a_class_alone_only_what_is_its_own() -> None:
    sheets = {path.relative_to(SOURCES).as_posix(): selectors(path) for path in SOURCES.rglob("*.css")}
    assert len(sheets) > 10
    classes = {
        name: {one for each in found for one in re.findall(r"\.([a-zA-Z][\w-]*)", each)}
        for name, found in sheets.items()
    }
    clashes = {
        (name, other, alone[1])
        for name, found in sheets.items()
        if name.startswith("features/")
        for each in found
        if (alone := re.fullmatch(r"\.([\w-]+)", each)) and alone[1] not in KNOWN
        for other in sheets
        if other != name and alone[1] in classes[other]
    }
    assert clashes == set()
