"""The program: its commands are found, loaded when called, and one that is broken disturbs no other."""

from __future__ import annotations

import io
import json
import subprocess
import sys
from importlib.metadata import EntryPoint
from pathlib import Path
from typing import Any

import pytest

from commands import Run
from postroom import __version__
from postroom.app import cli
from postroom.app.cli import program


def test_help_lists_all_and_loads_none(run: Run, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(program, "_entry_points", dict)
    monkeypatch.delitem(sys.modules, "postroom.app.cli.lists", raising=False)
    ran = run("--help")
    assert ran.code == 0
    assert all(f"  {name} " in ran.out for name in program.OWN)
    assert "postroom.app.cli.lists" not in sys.modules


@pytest.mark.parametrize("name", program.OWN)
def test_every_command_has_help(run: Run, name: str) -> None:
    ran = run(name, "--help")
    assert (ran.code, ran.err) == (0, "")
    older = name in ("sendmail", "mailq", "newaliases")
    assert ran.out.startswith("Usage: sendmail " if older else f"Usage: postroom {name} ")


def points(monkeypatch: pytest.MonkeyPatch, **values: str) -> None:
    found = [EntryPoint(name, value, program.GROUP) for name, value in values.items()]
    monkeypatch.setattr("importlib.metadata.entry_points", lambda **_: found)


def test_commands_come_by_entry_points_and_broken_ones_say_why(
    run: Run, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    (tmp_path / "plugin_of_test.py").write_text(
        "import typer\napp = typer.Typer()\n@app.command()\ndef hello() -> None:\n    'Greets.'\n    print('hello')\n"
    )
    monkeypatch.syspath_prepend(tmp_path)
    points(monkeypatch, hello="plugin_of_test:app", bad="no_such_module:app", odd="json:dumps")
    listed = run("--help").out
    assert "hello" in listed
    assert "Cannot be loaded (ModuleNotFoundError" in listed
    assert run("hello").out == "hello\n"
    broken = run("bad --any thing")
    assert (broken.code, broken.out) == (1, "")
    assert "cannot be loaded: ModuleNotFoundError" in broken.err
    assert "not a typer.Typer" in run("odd").err
    assert run("config describe").code == 0


@pytest.mark.parametrize(
    ("line", "words"),
    [
        ("domian list", "Did you mean 'domain'?"),
        ("domain lst", "Did you mean 'list', 'set'?"),
        ("domain list --jsn", "No such option: --jsn"),
        ("domain add", "Missing argument"),
        ("--nonsense", "No such option"),
    ],
)
def test_a_wrong_command_line_is_2_and_says_where_help_is(run: Run, line: str, words: str) -> None:
    ran = run(line)
    assert (ran.code, ran.out) == (2, "")
    assert words in ran.err
    assert "Help: postroom" in ran.err
    as_json = run(f"{line} --json")
    assert as_json.code == 2
    assert words in json.loads(as_json.err)["error"]


@pytest.mark.parametrize("line", ["", "domain", "mail", "lab faults"])
def test_a_group_without_a_command_shows_its_help(run: Run, line: str) -> None:
    ran = run(line)
    assert (ran.code, ran.out) == (2, "")
    assert ran.err == run(f"{line} --help").out


def test_version(run: Run) -> None:
    assert run("--version").out == f"postroom {__version__}\n"


@pytest.mark.parametrize(
    ("argv", "called"),
    [
        (["/usr/sbin/sendmail", "-t"], ("sendmail", ["-t"])),
        (["mailq"], ("mailq", [])),
        (["postroom", "newaliases", "-v"], ("newaliases", ["-v"])),
        (["postroom", "sendmail", "-bs"], ("sendmail", ["-bs"])),
    ],
)
def test_old_names_have_old_options(
    monkeypatch: pytest.MonkeyPatch, argv: list[str], called: tuple[str, list[str]]
) -> None:
    calls: list[Any] = []
    monkeypatch.setattr("postroom.app.sendmail.program.main", lambda *how: calls.append(how[:2]) or 75)
    monkeypatch.setattr(sys, "argv", argv)
    assert cli.main() == 75
    assert calls == [called]


def test_ctrl_c_is_130(monkeypatch: pytest.MonkeyPatch) -> None:
    def interrupted(_: list[str]) -> int:
        raise KeyboardInterrupt

    monkeypatch.setattr(program, "run", interrupted)
    monkeypatch.setattr(sys, "argv", ["postroom", "x"])
    assert cli.main() == 130


def test_what_the_users_charset_lacks_is_escaped(monkeypatch: pytest.MonkeyPatch) -> None:
    octets = io.BytesIO()
    monkeypatch.setattr(sys, "stdout", io.TextIOWrapper(octets, "ascii"))
    cli._open_standard_streams()
    sys.stdout.write("Gr\xfc\xdfe")
    sys.stdout.flush()
    assert octets.getvalue() == b"Gr\\xfc\\xdfe"


def test_a_reader_may_leave() -> None:
    command = [sys.executable, "-m", "postroom", "config", "describe"]
    with subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE) as process:
        assert process.stdout is not None
        assert process.stderr is not None
        process.stdout.close()
        assert (process.stderr.read(), process.wait(50)) == (b"", 0)
