"""One of the processes that `postroom serve --workers N` starts: a server like any other, at sockets that its supervisor has opened.

The first line of its standard input says what it is; the end of that input, which comes when the supervisor is gone, says stop. On standard
output it writes one line when it is ready. Not here: who starts it (`app.supervisor`).
"""

from __future__ import annotations

import os
import socket
import sys
from collections.abc import Sequence

import msgspec

from postroom.app.serving import internet, run, say, serve
from postroom.app.settings.file import Settings
from postroom.app.surroundings import Worker

ORDERS = 0  # the descriptor of standard input


class Begin(msgspec.Struct, frozen=True):
    """Who the worker is. `listening` are descriptors of sockets by service, `control` that of the control socket."""

    settings: Settings
    worker: Worker
    listening: dict[str, Sequence[int]]
    control: int


def main() -> int:
    """Serves until it is told to stop; gives the exit code."""
    line = sys.stdin.buffer.readline()
    if not line:
        return os.EX_OK  # the supervisor has changed its mind
    begin = msgspec.json.decode(line, type=Begin)
    world = internet(begin.settings)
    world = msgspec.structs.replace(
        world,
        log=world.log.bind(worker=begin.worker.number),
        inherited={service: [_adopted(one) for one in given] for service, given in begin.listening.items()},
        control=_adopted(begin.control),
        worker=begin.worker,
    )
    return run(serve(begin.settings, world, _tell, ORDERS))


def _adopted(descriptor: int) -> socket.socket:
    opened = socket.socket(fileno=descriptor)
    opened.setblocking(False)
    opened.set_inheritable(False)
    return opened


def _tell(line: str) -> None:
    """The one line; nobody reads what is written afterwards, so it goes where the log goes."""
    say(line)
    os.dup2(sys.stderr.fileno(), sys.stdout.fileno())


if __name__ == "__main__":
    sys.exit(main())
