"""The pages of docs/ that are made out of the code say what the code says now."""

import pytest

import make_docs
from postroom.proto.pop3.commands import CAPABILITIES
from postroom.proto.smtp.extensions import EXTENSIONS

PAGES = make_docs.pages()


@pytest.mark.parametrize("name", PAGES)
def test_the_page_is_up_to_date(name: str) -> None:
    path = make_docs.DOCS / name
    written = path.read_text("utf-8") if path.exists() else ""
    assert written == PAGES[name], "run: .venv/bin/python tools/make_docs.py"


def test_each_extension_and_capability_has_its_row() -> None:
    for rows, page in ((EXTENSIONS, "smtp-extensions.md"), (CAPABILITIES, "pop3-capabilities.md")):
        names = [row.keyword if hasattr(row, "keyword") else row.tag for row in rows]
        assert [name for name in names if f"| `{name}" not in PAGES[page]] == []


def test_each_limit_says_what_it_bounds() -> None:
    """In a comment beside it."""
    assert [f"{bound.place}.{bound.name}" for bound in make_docs.in_code() if not bound.meaning] == []


def test_words_for_limits_without_a_comment_are_needed() -> None:
    said = {f"{bound.place}.{bound.name}": bound.meaning for bound in make_docs.in_code()}
    assert [name for name, words in make_docs.UNSAID.items() if said.get(name) != words] == []


@pytest.mark.parametrize(
    ("name", "value", "meaning", "text"),
    [
        ("MOST_AHEAD", 65_536, "octets that are read", "64 KiB"),
        ("MAX_OCTETS", 1000, "of a line", "1,000"),
        ("MOST_SESSIONS", 2048, "of one account", "2,048"),
        ("IDLE_SECONDS", 5.0, "", "5 seconds"),
        ("waits", (300, 600), "", "300, 600"),
        ("jitter", 0.1, "", "0.1"),
    ],
)
def test_values_are_written_for_people(name: str, value: object, meaning: str, text: str) -> None:
    assert make_docs.number(make_docs.Bound("net.pump", name, value, meaning)) == text
