"""The examples of HACKING.md, put into a copy of the source where the page says, do what the page says; the places it names exist."""

from __future__ import annotations

import ast
import os
import re
import shlex
import shutil
import subprocess
import sys
from pathlib import Path

import msgspec
import pytest

from postroom.store.engine import migrations
from postroom.store.store import Store

ROOT = Path(__file__).parents[3]
PAGE = (ROOT / "HACKING.md").read_text("utf-8")
SOURCE = ROOT / "src" / "postroom"
BLOCK = re.compile(
    r"(?:^`(?P<file>[\w/]+\.py)`, (?P<where>[^\n]*):\n\n)?^```(?P<kind>\w+)\n(?P<text>.*?)^```$",
    re.MULTILINE | re.DOTALL,
)
POSTROOM = "import sys; from postroom.app.cli import main; sys.exit(main())"
STAGES = {
    "A command of SMTP": "smtp",
    "An extension of SMTP": "smtp",
    "A check at a door": "door",
    "A capability of POP3": "pop3",
    "A capability of IMAP": "imap",
}


class Example(msgspec.Struct):
    """A section: what to put where, and what then is said."""

    pieces: list[tuple[str, str, str]]  # file, where, text
    dialogue: list[str]


def examples() -> dict[str, Example]:
    found = {}
    for section in re.split(r"^### ", PAGE, flags=re.MULTILINE)[1:]:
        title, _, rest = section.partition("\n")
        blocks = list(BLOCK.finditer(rest.partition("\n## ")[0]))
        pieces = [
            (block["file"], block["where"], block["text"]) for block in blocks if block["kind"] == "python"
        ]
        spoken = [block["text"] for block in blocks if block["kind"] != "python"]
        found[title] = Example(pieces, "".join(spoken).splitlines())
    return found


EXAMPLES = examples()


def put(path: Path, where: str, text: str) -> None:
    """Lines into a file: as the page says, `new`, or before or in (behind the line that begins) what it names."""
    if where == "new":
        path.write_text(text, "utf-8")
        return
    how, anchor = re.fullmatch(r"(before|in) `(.*)`", where).groups()  # type: ignore[union-attr]
    lines = path.read_text("utf-8").splitlines(keepends=True)
    (at,) = [number for number, line in enumerate(lines) if line.startswith(anchor)]
    if how == "in" and lines[at].endswith(("(\n", "{\n")) and lines[at + 1].endswith("{\n"):
        at += 1  # MappingProxyType(\n    {
    lines.insert(at + (how == "in"), text)
    path.write_text("".join(lines), "utf-8")


def changed(directory: Path, example: Example) -> dict[str, str]:
    """An environment in which `postroom` is a copy with the example in it."""
    copy = directory / "src" / "postroom"
    shutil.copytree(SOURCE, copy, ignore=shutil.ignore_patterns("__pycache__"))
    for file, where, text in example.pieces:
        put(copy / file, where, text)
    shutil.copy(ROOT / "pyproject.toml", directory)
    files = sorted({str(copy / file) for file, _, _ in example.pieces})
    ruff = [sys.executable, "-m", "ruff", "check", "--quiet"]
    subprocess.run([*ruff, "--select", "I", "--fix", *files], cwd=directory, check=True)
    checked = subprocess.run([*ruff, *files], cwd=directory, capture_output=True, text=True, check=False)
    assert checked.stdout == ""
    paths = (copy.parent, ROOT / "tests", Path(__file__).parent)
    return {**os.environ, "PYTHONPATH": os.pathsep.join(map(str, paths)), "PYTHONDONTWRITEBYTECODE": "1"}


def test_each_kind_of_thing_has_its_example() -> None:
    assert list(EXAMPLES) == [*STAGES, "An administrative operation and its command"]
    assert all(example.pieces and example.dialogue for example in EXAMPLES.values())


@pytest.mark.slow
@pytest.mark.parametrize("title", STAGES)
def test_the_dialogue_is_held_as_the_page_has_it(title: str, tmp_path: Path) -> None:
    environ = changed(tmp_path, EXAMPLES[title])
    ran = subprocess.run(
        [sys.executable, "-m", "examples_stages", STAGES[title]],
        input="\n".join(EXAMPLES[title].dialogue), env=environ, capture_output=True, text=True, check=False,
    )  # fmt: skip
    assert (ran.returncode, ran.stderr) == (0, "")


@pytest.mark.slow
def test_the_commands_print_what_the_page_has(tmp_path: Path) -> None:
    example = EXAMPLES["An administrative operation and its command"]
    environ = changed(tmp_path, example) | {"XDG_RUNTIME_DIR": str(tmp_path), "HOME": str(tmp_path)}
    config = tmp_path / "postroom.toml"
    config.write_text(
        f'[server]\nhostname = "mail.crepes.test"\ndata = "{tmp_path / "data"}"\n[signing]\ndkim = false\n'
    )
    spoken = "\n".join(example.dialogue)
    for command, printed in re.findall(r"^\$ postroom (.*)\n((?:(?!\$ ).*\n?)*)", spoken, re.MULTILINE):
        ran = subprocess.run(
            [sys.executable, "-c", POSTROOM, *shlex.split(command), "--config", str(config)],
            env=environ, capture_output=True, text=True, check=False,
        )  # fmt: skip
        assert (ran.stdout.strip(), ran.stderr, ran.returncode) == (printed.strip(), "", 0)


async def test_the_migration_migrates(tmp_path: Path) -> None:
    (text,) = [block["text"] for block in BLOCK.finditer(PAGE) if "STEP = Migration" in block["text"]]
    given = dict(vars(migrations))
    exec(text, given)
    store = await Store.open(f"sqlite://{tmp_path}")
    try:
        steps = (*migrations.MIGRATIONS, given["STEP"])
        assert await migrations.migrate(store.engine, 0, steps) == ["mailboxes have a colour"]
        assert await store.engine.reading().fetch("SELECT colour FROM mailboxes") == []
    finally:
        await store.close()


def names(path: Path) -> set[str]:
    """What a module has at its top, and what its classes have."""
    found = set()
    for node in ast.parse(path.read_text("utf-8")).body:
        match node:
            case ast.FunctionDef(name=name) | ast.AsyncFunctionDef(name=name) | ast.ClassDef(name=name):
                found.add(name)
            case ast.Assign(targets=[ast.Name(id=name)]) | ast.AnnAssign(target=ast.Name(id=name)):
                found.add(name)
        if isinstance(node, ast.ClassDef):
            found |= {f"{node.name}.{part.name}" for part in node.body if hasattr(part, "name")}
    return found


@pytest.mark.parametrize("place", sorted(set(re.findall(r"`([a-z][\w/]*\.py(?::[\w.]+)?)`", PAGE))))
def test_places_that_are_named_exist(place: str) -> None:
    file, _, name = place.partition(":")
    if place == "intake/impostors.py":
        return
    path = next(path for path in (SOURCE / file, ROOT / file) if path.exists())
    assert not name or name in names(path)


@pytest.mark.parametrize("page", ["README.md", "HACKING.md"])
def test_directories_that_are_named_exist(page: str) -> None:
    named = re.findall(r"`((?:tests|tools|docs|src|bench)/[\w/]*)`", (ROOT / page).read_text("utf-8"))
    assert [name for name in named if not (ROOT / name).exists()] == []
