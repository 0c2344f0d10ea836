"""The help of every command and subcommand: each argument and option has words, and the types of Python are not among them."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Any

import pytest
from typer import Context
from typer.core import TyperGroup

from commands import Run
from postroom.app.cli import program


def _below(command: Any, path: tuple[str, ...]) -> Iterator[tuple[str, Any]]:
    yield " ".join(path), command
    if isinstance(command, TyperGroup):
        context = Context(command)
        for name in command.list_commands(context):
            yield from _below(command.get_command(context, name), (*path, name))


def _every_command() -> Iterator[tuple[str, Any]]:
    tree = program.Program(name="postroom", commands={})
    for name in tree.list_commands(None):
        yield from _below(tree._load(name), (name,))


COMMANDS = dict(_every_command())


def test_all_are_found() -> None:
    assert {"mail", "lab faults add", "account app-password create"} <= COMMANDS.keys()
    assert len(COMMANDS) > 130


@pytest.mark.parametrize("name", COMMANDS)
def test_each_argument_and_option_has_words(name: str) -> None:
    silent = [one.name for one in COMMANDS[name].params if not one.help]
    assert not silent


@pytest.mark.parametrize("name", COMMANDS)
def test_places_are_words_not_types(name: str) -> None:
    context = Context(COMMANDS[name])
    usage, shown = COMMANDS[name].get_usage(context), COMMANDS[name].get_help(context)
    assert not re.search(
        r"<(str|int|float|path|list|bool)|\.{4}|\[\[|--[a-z-]+ (INTEGER|FLOAT|PATH|FILENAME)\b", shown
    )
    assert "{" not in usage


@pytest.mark.parametrize(
    ("name", "usage"),
    [("alias add", "ADDRESS TARGET..."), ("dkim list", "[DOMAIN]"), ("mail search", "[QUERY...]")],
)
def test_what_must_be_given_and_what_may_be_more(name: str, usage: str) -> None:
    assert COMMANDS[name].get_usage(Context(COMMANDS[name])).endswith(f"[OPTIONS] {usage}")


def test_a_listing_of_commands_has_whole_sentences(run: Run) -> None:
    assert "..." not in run("domain --help").out.partition("Commands:")[2]
    listed = " ".join(run("--help").out.split())
    assert "who sent a message, how one is written. backup" in listed
