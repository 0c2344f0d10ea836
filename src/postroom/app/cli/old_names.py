"""`postroom sendmail`, `mailq`, `newaliases`: listed here, run before this program reads its options, since theirs are older."""

from __future__ import annotations

import typer

from postroom.agent.invocation import commands

_ANYTHING = {"ignore_unknown_options": True, "allow_extra_args": True, "allow_interspersed_args": False}


def _app(name: str, about: str) -> typer.Typer:
    app = commands(about)

    @app.command(name, help=about, context_settings=_ANYTHING, add_help_option=False)
    def run(context: typer.Context) -> None:
        from postroom.app.cli.program import run as run_program
        from postroom.app.sendmail.program import main

        raise typer.Exit(main(name, context.args, run_program))

    return app


sendmail = _app("sendmail", "Send a message from a program (-t -i -f -bs ...).")
mailq = _app("mailq", "List the queue, as sendmail -bp.")
newaliases = _app("newaliases", "Import the alias file, as sendmail -bi.")
