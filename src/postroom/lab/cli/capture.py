"""`postroom lab capture`: what goes over the running lab's connections, as a file for Wireshark.

Not here: the capture itself (`lab.heard.capture`).
"""

from __future__ import annotations

import sys
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager, suppress
from pathlib import Path
from typing import Annotated, BinaryIO

import typer

from postroom.agent.invocation import CommandFailed, command
from postroom.app.control import HungUp
from postroom.lab.cli.session import LabSession, lab_session
from postroom.lab.heard.capture_file import own_file

STANDARD_OUTPUT = "-"
SECRETS = "Passwords are in it as they went."


@command(lab_session)
def capture_lab(
    session: LabSession,
    file: Annotated[str, typer.Argument(metavar="FILE", help="Where to; - is standard output.")],
    *,
    seconds: Annotated[
        int,
        typer.Option(metavar="N", min=0, max=86_400, help="For so long; 0: until Ctrl-C, or the lab's end."),
    ] = 0,
    show_secrets: Annotated[
        bool, typer.Option("--show-secrets", help="Passwords as they go, not as asterisks.")
    ] = False,
) -> None:
    """Write what goes over the running lab's connections as a capture for Wireshark."""
    from postroom.lab.heard.capture import CAPTURE

    size = 0
    with ExitStack() as opened, _until_it_ends():
        out: BinaryIO | None = None
        for record in session.ask(CAPTURE, seconds=seconds, show_secrets=show_secrets):
            out = out or opened.enter_context(_opened(file))
            out.write(record["octets"])
            out.flush()
            size += len(record["octets"])
    if file != STANDARD_OUTPUT:
        session.terminal.record({"pcap": file, "octets": size})
        session.terminal.say(f"{size} octets in {file}; to look at them: wireshark {file}")
    if show_secrets:
        session.terminal.note(SECRETS)


@contextmanager
def _until_it_ends() -> Iterator[None]:
    """Ctrl-C, a reader who goes away and the lab's end are ends like any other."""
    with suppress(KeyboardInterrupt, BrokenPipeError, HungUp):
        yield


@contextmanager
def _opened(file: str) -> Iterator[BinaryIO]:
    if file == STANDARD_OUTPUT:
        yield sys.stdout.buffer
        return
    try:
        with own_file(Path(file)) as out:
            yield out
    except BrokenPipeError:
        raise
    except OSError as error:
        raise CommandFailed(f"{file} cannot be written: {error.strerror}") from error
