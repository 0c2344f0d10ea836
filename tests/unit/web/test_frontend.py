"""What is built for the browser: its own tests pass, its types are sound, it weighs little, its strings are all there."""

from __future__ import annotations

import json
import os
import re
import subprocess
from collections.abc import Iterator
from pathlib import Path

import pytest

import web_build

FRONTEND = web_build.FRONTEND
SOURCE = FRONTEND / "src"
KEYS = re.compile(r"""\bt\(\s*"([\w.-]+)\"""")


@pytest.fixture(scope="module")
def monkeypatch_module() -> Iterator[pytest.MonkeyPatch]:
    with pytest.MonkeyPatch.context() as patch:
        yield patch


@pytest.fixture(scope="module")
def npm(monkeypatch_module: pytest.MonkeyPatch) -> list[str]:
    if not (FRONTEND / "node_modules").exists():
        pytest.skip("needs the packages of frontend/ (make web)")
    program, npm = web_build.node()
    monkeypatch_module.setenv("PATH", f"{program.parent}{os.pathsep}{os.environ['PATH']}")
    return npm


@pytest.mark.slow
@pytest.mark.parametrize("script", ["check", "test"])
def test_its_own_tests_pass(npm: list[str], script: str) -> None:
    done = subprocess.run(
        [*npm, "run", "--silent", script],
        cwd=FRONTEND,
        capture_output=True,
        text=True,
        check=False,
        timeout=250,
    )
    assert done.returncode == 0, done.stdout + done.stderr


def test_it_weighs_little() -> None:
    if not (web_build.STATIC / "index.html").exists():
        pytest.skip("needs the web mail's build (make web)")
    assert web_build.weigh() <= web_build.MOST_SCRIPT


def test_what_is_imported_later_does_not_count() -> None:
    manifest: dict[str, dict[str, object]] = {
        "index.html": {"file": "a.js", "isEntry": True, "imports": ["_b.js"], "dynamicImports": ["late.tsx"]},
        "_b.js": {"file": "b.js", "imports": ["index.html"]},
        "late.tsx": {"file": "late.js"},
    }
    assert web_build.initial(manifest) == {"a.js", "b.js"}


def english() -> dict[str, object]:
    found: dict[str, object] = {}
    for path in sorted((SOURCE / "i18n" / "en").glob("*.json")):
        words = json.loads(path.read_text("utf-8"))
        assert not found.keys() & words.keys(), path
        found.update(words)
    return found


def test_every_string_that_is_shown_is_in_the_catalogue() -> None:
    words = english()
    used = {
        (key, path.name)
        for path in [*SOURCE.rglob("*.ts"), *SOURCE.rglob("*.tsx")]
        for key in KEYS.findall(path.read_text("utf-8"))
    }
    assert len(used) > 40
    assert sorted(one for one in used if one[0] not in words) == []


def test_other_languages_have_no_strings_of_their_own() -> None:
    words = english()
    for path in sorted((SOURCE / "i18n").glob("*/*.json")):
        assert set(json.loads(path.read_text("utf-8"))) <= words.keys(), path


def test_its_files_stay_short_and_its_styles_know_no_left() -> None:
    sources = [path for path in SOURCE.rglob("*") if path.suffix in (".ts", ".tsx", ".css")]
    assert [path.name for path in sources if path.read_text("utf-8").count("\n") > 300] == []
    physical = re.compile(
        r"(?:margin|padding|border)-(?:left|right)\b|(?<![\w-])(?:left|right)\s*:|text-align:\s*(?:left|right)"
    )
    styles = [path for path in sources if path.suffix == ".css"]
    assert [path.name for path in styles if physical.search(path.read_text("utf-8"))] == []


def test_no_text_becomes_html() -> None:
    """Trusted Types stop it in the browser; here nobody even tries. Reading what a tree is as text is no such thing."""
    sinks = re.compile(r"(?:innerHTML|outerHTML)\s*\+?=(?!=)|insertAdjacentHTML|document\.write")
    files: list[Path] = [*SOURCE.rglob("*.ts"), *SOURCE.rglob("*.tsx")]
    assert [path.name for path in files if sinks.search(path.read_text("utf-8"))] == []
