"""Runs a lab until Ctrl-C.

What is imported late is what takes long: the help is there at once. Not here: the lab itself (`lab.laboratory`).
"""

from __future__ import annotations

import asyncio
import signal

import typer

from postroom.agent import runtime
from postroom.lab.cli.screen import Wishes, announce


def run(wishes: Wishes) -> int:
    import uvloop

    with asyncio.Runner(loop_factory=uvloop.new_event_loop) as runner:
        return runner.run(_live(wishes))


async def _live(wishes: Wishes) -> int:
    from postroom.app.logs import make_log
    from postroom.app.settings import SettingsError
    from postroom.lab.cli.word import word
    from postroom.lab.laboratory import Laboratory, LabSettings
    from postroom.net.sockets import CannotListen
    from postroom.store.refused import StoreRefused

    stop = _stop_signal()
    log = make_log("auto", "warning" if not wishes.json else "info")
    running = Laboratory(
        LabSettings(
            wishes.data, wishes.base, wishes.people, log, wishes.faults, wishes.enforce, wishes.catch_all
        )
    )
    try:
        await running.start()
    except (CannotListen, StoreRefused, SettingsError) as error:
        hint = "" if wishes.base == 0 else "; other ports: --base-port 0"
        typer.echo(f"postroom lab: {error}{hint}", err=True)
        return 1
    directory = runtime.lab_directory()
    try:
        runtime.publish(word(running), directory)
        announce(running, wishes)
        await _first(stop, running.failed)
    finally:
        runtime.retract(directory)
        await running.stop()
    return 1 if running.failed.is_set() else 0


def _stop_signal() -> asyncio.Event:
    """Set by Ctrl-C and its relatives, from now on."""
    stop = asyncio.Event()
    loop = asyncio.get_running_loop()
    for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
        loop.add_signal_handler(number, stop.set)
    return stop


async def _first(*events: asyncio.Event) -> None:
    waiting = [asyncio.ensure_future(event.wait()) for event in events]
    await asyncio.wait(waiting, return_when=asyncio.FIRST_COMPLETED)
    for task in waiting:
        task.cancel()
