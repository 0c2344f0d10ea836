"""tools/unused_names.py finds what nothing uses, and nothing else."""

from pathlib import Path

import pytest

from unused_names import check_unused


def findings(root: Path, **modules: str) -> list[str]:
    for name, source in modules.items():
        (root / "src").mkdir(exist_ok=True)
        (root / "src" / f"{name}.py").write_text(source)
    return list(check_unused(root / "src"))


@pytest.mark.parametrize(
    ("source", "name"),
    [
        ("MAX_LINE = 5\n", "MAX_LINE"),
        ("MAX_LINE: int = 5\nPATTERN = '[a-z]{1,5}'\nprint(PATTERN)\n", "MAX_LINE"),
        ("def called(): pass\n", "called"),
        ("async def called(): pass\n", "called"),
        ("class Seen: pass\n", "Seen"),
        ("def other(called): pass\nother(1)\ndef called(): pass\n", "called"),
        ("called = 1\ncalled = 2\n", "called"),
    ],
)
def test_what_nothing_uses_is_found(tmp_path: Path, source: str, name: str) -> None:
    assert {one.rpartition(" ")[2] for one in findings(tmp_path, one=source)} == {name}


@pytest.mark.parametrize(
    "modules",
    [
        {"one": "MAX_LINE = 5\nprint(MAX_LINE)\n"},
        {"one": "MAX_LINE = 5\n", "two": "from one import MAX_LINE\n"},
        {"one": "MAX_LINE = 5\n", "two": "from one import MAX_LINE as LONGEST\n"},
        {"one": "class Seen: pass\ndef looked(seen: 'Seen | None'): pass\nlooked(None)\n"},
        {"one": "@app.command()\ndef called(): pass\n"},
        {"one": "__all__ = []\n"},
    ],
)
def test_what_is_used_passes(tmp_path: Path, modules: dict[str, str]) -> None:
    assert findings(tmp_path, **modules) == []


def test_a_name_is_that_of_its_module(tmp_path: Path) -> None:
    """Another module's name of the same letters is another name."""
    package = tmp_path / "src" / "room"
    package.mkdir(parents=True)
    (package / "__init__.py").write_text("")
    (package / "one.py").write_text("LIMIT = 1\n")
    (package / "two.py").write_text("LIMIT = 2\n")
    (tmp_path / "src" / "use.py").write_text("from room import one\nprint(one.LIMIT)\n")
    assert list(check_unused(tmp_path / "src")) == ["src/room/two.py:1: nothing in src uses LIMIT"]
