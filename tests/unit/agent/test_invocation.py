"""Commands share options, and their ends become exit codes."""

from __future__ import annotations

import errno
from typing import Annotated

import pytest
import typer
from typer.testing import CliRunner

from postroom.agent.invocation import CommandFailed, Json, ReaderGone, command
from postroom.agent.terminal import Terminal


class Work:
    """A session that remembers."""

    def __init__(self, terminal: Terminal, place: str) -> None:
        self.terminal = terminal
        self.place = place

    def failure(self, error: Exception) -> CommandFailed | None:
        return CommandFailed("no such key", 5) if isinstance(error, KeyError) else None

    def close(self) -> None:
        self.terminal.note("closed")


def session(json: Json = False, place: Annotated[str, typer.Option(help="Where.")] = "here") -> Work:
    if place == "nowhere":
        raise CommandFailed("there is no place nowhere", 3, place=place)
    return Work(Terminal(json=json), place)


app = typer.Typer()


@app.command()
@command(session)
def greet(work: Work, name: Annotated[str, typer.Argument(help="Who.")], loud: bool = False) -> None:
    """Greets."""
    work.terminal.say(f"hello {name} {work.place}" + ("!" if loud else ""))
    if name == "key":
        raise KeyError(name)
    if name == "bug":
        raise ZeroDivisionError
    if name == "disk":
        raise OSError(errno.ENOSPC, "No space left on device")
    if name == "file":
        raise NotADirectoryError(errno.ENOTDIR, "Not a directory", "/etc/passwd/x")
    if name == "reader":
        raise BrokenPipeError


@pytest.mark.parametrize(
    ("arguments", "code", "out", "err"),
    [
        (["Ann"], 0, "hello Ann here\n", "closed\n"),
        (["Ann", "--loud", "--place", "there"], 0, "hello Ann there!\n", "closed\n"),
        (["key"], 5, "hello key here\n", "error: no such key\nclosed\n"),
        (["disk"], 1, "hello disk here\n", "error: No space left on device\nclosed\n"),
        (["file"], 1, "hello file here\n", "error: /etc/passwd/x: Not a directory\nclosed\n"),
        (["key", "--json"], 5, "", '{"error":"no such key"}\nclosed\n'),
        (
            ["Ann", "--place", "nowhere", "--json"],
            3,
            "",
            '{"error":"there is no place nowhere","place":"nowhere"}\n',
        ),
    ],
)
def test_options_ends_and_codes(arguments: list[str], code: int, out: str, err: str) -> None:
    result = CliRunner().invoke(app, arguments)
    assert (result.exit_code, result.stdout, result.stderr) == (code, out, err)


def test_a_bug_is_not_hidden() -> None:
    assert isinstance(CliRunner().invoke(app, ["bug"]).exception, ZeroDivisionError)


def test_a_reader_who_has_seen_enough_is_no_failure() -> None:
    assert isinstance(CliRunner().invoke(app, ["reader"]).exception, ReaderGone)


def test_help_shows_own_and_shared_options() -> None:
    text = CliRunner().invoke(app, ["--help"], terminal_width=200).stdout
    assert "Greets." in text
    assert all(option in text for option in ("--loud", "--place", "--json"))
