"""How `--help` looks: an argument is its name, a listing of commands has the first sentence of each, whole.

typer shows the types that Python has for arguments, and cuts what it says of a command at the end of the line. Not here: what a command does.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import typer
from typer.core import TyperCommand, TyperGroup

_WHOLE = 1_000  # characters: the first sentence of any help
_SECTIONS = (("argument", "Arguments"), ("option", "Options"))


class Command(TyperCommand):
    """A command."""

    def get_short_help_str(self, limit: int = _WHOLE) -> str:  # noqa: ARG002 -- typer's shape
        """The first sentence, for a listing."""
        return super().get_short_help_str(_WHOLE)

    def collect_usage_pieces(self, ctx: Any) -> list[str]:
        """What stands behind the name of the command: what has no brackets must be given."""
        options = [self.options_metavar] if self.options_metavar else []
        given = [one for one in self.get_params(ctx) if one.param_type_name == "argument"]
        return options + [_piece(one) for one in given]

    def format_options(self, ctx: Any, formatter: Any) -> None:
        """The tables of arguments and of options."""
        for kind, title in _SECTIONS:
            shown = [one for one in self.get_params(ctx) if one.param_type_name == kind]
            if rows := [row for one in shown if (row := _row(one, ctx))]:
                with formatter.section(title):
                    formatter.write_dl(rows)


class Group(TyperGroup):
    """A group of commands."""

    def get_short_help_str(self, limit: int = _WHOLE) -> str:  # noqa: ARG002 -- typer's shape
        """The first sentence, for a listing."""
        return super().get_short_help_str(_WHOLE)


class Commands(typer.Typer):
    """A program whose commands look so."""

    def command(self, name: str | None = None, **how: Any) -> Callable[[Any], Any]:
        """As typer's."""
        return super().command(name, **{"cls": Command, **how})


def _name(argument: Any) -> str:
    return str(argument.metavar or argument.name.upper())


def _piece(argument: Any) -> str:
    name = _name(argument) + ("..." if argument.nargs == -1 else "")
    return name if argument.required else f"[{name}]"


def _row(parameter: Any, ctx: Any) -> tuple[str, str] | None:
    record: tuple[str, str] | None = parameter.get_help_record(ctx)
    if record is None or parameter.param_type_name == "option":
        return record
    return _name(parameter), record[1]
