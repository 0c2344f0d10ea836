"""How a command of the command line is called: options that many share, and how its end becomes an exit code.

`command` gives a function a session as its first argument; the session is made from options that the function need not declare, and it
reports what goes wrong. Exit codes: 0 done, 1 not done, 2 the command line was wrong, 130 interrupted, or what the error says. Not here: any
command.
"""

from __future__ import annotations

import functools
import inspect
from collections.abc import Callable
from typing import Annotated, Any, Protocol, get_type_hints

import typer

from postroom.agent.help_text import Commands, Group
from postroom.agent.terminal import Terminal

Json = Annotated[bool, typer.Option("--json", help="One JSON object a line, errors too.")]
NoColor = Annotated[bool, typer.Option("--no-color", help="No colours (as NO_COLOR).")]


def commands(about: str) -> typer.Typer:
    """A program with commands. Its help is plain text: it comes 0.1 s sooner, and into a pipe as well."""
    return Commands(
        cls=Group,
        help=about,
        no_args_is_help=True,
        add_completion=False,
        rich_markup_mode=None,
        pretty_exceptions_enable=False,
        context_settings={"help_option_names": ["-h", "--help"]},
    )


class CommandFailed(Exception):
    """The command cannot be done; the text names the input and the remedy. `facts` go into the JSON of the error."""

    def __init__(self, text: str, code: int = 1, **facts: Any) -> None:
        super().__init__(text)
        self.code = code
        self.facts = facts


class ReaderGone(Exception):
    """Whoever read standard output has seen enough. Not an OSError, which typer takes for a failure."""


class Session(Protocol):
    """What a command is given: where it prints, and which exceptions of its work are failures rather than bugs."""

    terminal: Terminal

    def failure(self, error: Exception) -> CommandFailed | None:
        """The error in words for people; None when it is not one of those that may happen."""

    def close(self) -> None:
        """Lets go of what the session holds."""


def command(
    make: Callable[..., Session], *more: Callable[..., Any]
) -> Callable[[Callable[..., None]], Callable[..., None]]:
    """Decorates a command: its first argument is what `make` gives, the next ones what `more` give, made of options.

    Those options are added to the command's own, so that many commands can share them.
    """
    makers = [(maker, _parameters(maker)) for maker in (make, *more)]

    def decorate(function: Callable[..., None]) -> Callable[..., None]:
        own = _parameters(function)[len(makers) :]

        def run(**options: Any) -> None:
            terminal = Terminal(
                json=options.get("json", False), color=False if options.get("no_color") else None
            )
            given = [{one.name: options.pop(one.name) for one in parameters} for _, parameters in makers]
            try:
                session, *made = [maker(**given[n]) for n, (maker, _) in enumerate(makers)]
            except CommandFailed as failed:
                _give_up(terminal, failed)
            except OSError as error:
                _give_up(terminal, _of_the_system(error), error)
            else:
                _run(session, functools.partial(function, session, *made, **options))

        run.__name__, run.__doc__ = function.__name__, function.__doc__
        keyword = inspect.Parameter.KEYWORD_ONLY
        shared = [parameter for _, parameters in reversed(makers) for parameter in parameters]
        all_of_them = [parameter.replace(kind=keyword) for parameter in (*own, *shared)]
        run.__signature__ = inspect.Signature(all_of_them)  # type: ignore[attr-defined]
        run.__annotations__ = {parameter.name: parameter.annotation for parameter in all_of_them}
        return run

    return decorate


def _run(session: Session, work: Callable[[], None]) -> None:
    try:
        work()
    except CommandFailed as failed:
        _give_up(session.terminal, failed)
    except Exception as error:
        failure = session.failure(error)
        if failure is None and isinstance(error, BrokenPipeError):
            raise ReaderGone from error
        if failure is None and isinstance(error, OSError):
            failure = _of_the_system(error)
        if failure is None:
            raise
        _give_up(session.terminal, failure, error)
    finally:
        session.close()


def _of_the_system(error: OSError) -> CommandFailed:
    """A full disk, a directory that cannot be written: no bug of ours."""
    words = error.strerror or str(error)
    return CommandFailed(f"{error.filename}: {words}" if error.filename else words)


def _give_up(terminal: Terminal, failed: CommandFailed, cause: Exception | None = None) -> None:
    terminal.error(str(failed), **failed.facts)
    raise typer.Exit(failed.code) from cause


def _parameters(function: Callable[..., Any]) -> list[inspect.Parameter]:
    hints = get_type_hints(function, include_extras=True)
    return [
        parameter.replace(annotation=hints[parameter.name])
        for parameter in inspect.signature(function).parameters.values()
    ]
