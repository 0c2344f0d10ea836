"""`postroom lab --wait`: until a lab of this user, started elsewhere, is ready.

For scripts: `postroom lab --json & postroom lab --wait`. Not here: starting one (`lab.cli.starting`).
"""

from __future__ import annotations

import time
from typing import Annotated

import typer

from postroom.agent.terminal import Terminal
from postroom.app.control import OperationError
from postroom.lab.control import ask_lab
from postroom.lab.describing import DESCRIBE

LOOK_SECONDS = 0.1  # between two looks whether it is there
ANSWER_SECONDS = 5.0  # that a lab which takes the connection has to say what it is, however short one waits

Wait = Annotated[
    bool,
    typer.Option("--wait", help="Start none: wait until one that was started is ready, say where it is."),
]
Timeout = Annotated[
    float,
    typer.Option(
        "--timeout", metavar="SECONDS", min=0, max=3600, help="With --wait: for so many seconds at most."
    ),
]


def wait_for_lab(seconds: float, *, json: bool) -> int:
    """The exit code: 0 when it is ready. With `json`, it says what `postroom lab --json` said when it started, and more."""
    terminal = Terminal(json=json)
    until = time.monotonic() + seconds
    while True:
        try:
            for found in ask_lab(DESCRIBE, silence=max(until - time.monotonic(), ANSWER_SECONDS)):
                terminal.record(found)
                terminal.say(f"The lab is ready: {found['page']}")
            return 0
        except OperationError as error:
            if time.monotonic() >= until:
                terminal.error(f"no lab was ready within {seconds:g} s: {error}")
                return 1
            time.sleep(LOOK_SECONDS)
