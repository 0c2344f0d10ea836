"""What README.md and HACKING.md tell a newcomer to type or to open exists, and the lock file locks everything."""

import re
import subprocess
import tomllib
from pathlib import Path
from typing import Any

import pytest
from typer import Context
from typer.main import get_command

import check_house
from postroom.app.cli import program

ROOT = Path(__file__).parents[3]
PAGES = ("README.md", "HACKING.md", "CHANGELOG.md")
MAKEFILE = (ROOT / "Makefile").read_text()
LOCK = (ROOT / "requirements.lock").read_text()


def page(name: str) -> str:
    return (ROOT / name).read_text(encoding="utf-8")


@pytest.mark.parametrize("name", PAGES)
def test_links_lead_somewhere(name: str) -> None:
    links = re.findall(r"\]\((?!https?:|#)([^)#]+)", page(name))
    assert [link for link in links if not (ROOT / link).exists()] == []


@pytest.mark.parametrize("name", PAGES)
def test_make_has_each_target_that_is_named(name: str) -> None:
    named = set(re.findall(r"(?:^|`|\s)make ([a-z]+)(?=[ `|\n]|$)", page(name)))
    assert named <= set(re.findall(r"^([a-z]+):", MAKEFILE, re.MULTILINE))


@pytest.mark.parametrize("command", ["make lab", "make test"])
def test_the_readme_names_the_first_commands(command: str) -> None:
    assert f"    {command} " in page("README.md")


@pytest.mark.parametrize("name", ["README.md", "CHANGELOG.md", "docs/configuration.md"])
def test_commands_and_their_options_exist(name: str) -> None:
    """Each `postroom a b --c` of a page: commands by name, options that their help knows."""
    for line in set(re.findall(r"(?:^|^    |\| |\$ |`)postroom ([a-z][^`\n|]*)", page(name), re.MULTILINE)):
        command: Any = get_command(program.build())
        context = Context(command)
        options = {"--help", "--json"}
        for word in line.replace("'", "").split():
            if word.startswith("--"):
                assert word.partition("=")[0] in options, line
            elif hasattr(command, "resolve_command") and word not in {"alice", "bob"}:
                _, command, _ = command.resolve_command(context, [word])
                options |= {name for parameter in command.params for name in parameter.opts}


def test_ci_runs_the_checks_and_the_test_command_of_the_readme() -> None:
    assert re.findall(r"^step (.*)$", page(".ci/run"), re.MULTILINE) == ["make check", "make test"]


def test_each_room_stands_in_the_plan() -> None:
    rooms = {path.parent.name for path in (ROOT / "src" / "postroom").glob("*/__init__.py")}
    plan = set(
        re.findall(r"`(\w+)`", "".join(re.findall(r"^\| \d (\|[^|]*)", page("HACKING.md"), re.MULTILINE)))
    )
    assert rooms == plan


def test_the_limits_are_those_that_are_checked() -> None:
    text = f"functions have at most {check_house.FUNCTION_LINES} lines"
    assert text in page("HACKING.md")
    assert f"files {check_house.FILE_LINES}, classes {check_house.CLASS_LINES}" in page("HACKING.md")


def normal(requirement: str) -> str:
    return re.split(r"[<>=!~ \[;]", requirement, maxsplit=1)[0].lower().replace("_", "-")


def test_each_dependency_is_locked() -> None:
    project = tomllib.loads(page("pyproject.toml"))
    wanted = [
        *project["build-system"]["requires"],
        *project["project"]["dependencies"],
        *project["project"]["optional-dependencies"]["dev"],
    ]
    locked = set(re.findall(r"^([a-z0-9-]+)==", LOCK, re.MULTILINE))
    assert sorted({normal(requirement) for requirement in wanted} - locked) == []


def test_the_lock_has_a_hash_for_each_package_and_names_no_place() -> None:
    for block in re.split(r"\n(?=\S)", LOCK.strip()):
        lines = block.splitlines()
        assert re.fullmatch(r"[a-z0-9-]+==[\w.]+ \\", lines[0])
        assert len(lines) > 1
        assert all(re.fullmatch(r"    --hash=sha256:[0-9a-f]{64}( \\)?", line) for line in lines[1:])


@pytest.mark.parametrize("script", ["tools/make_venv.sh", "tools/debian_packages.sh", ".ci/run"])
def test_scripts_are_executable_and_parse(script: str) -> None:
    assert (ROOT / script).stat().st_mode & 0o111
    shell = "bash" if "bash" in page(script).splitlines()[0] else "sh"
    subprocess.run([shell, "-n", ROOT / script], check=True)
