"""Runs a lab until Ctrl-C.

What is imported late is what takes long: the help is there at once. Not here: the lab itself (`lab.laboratory`).
"""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable
from typing import TYPE_CHECKING

import typer

from postroom.agent import runtime
from postroom.agent.terminal import Terminal
from postroom.lab.cli.screen import Wishes, announce, warning
from postroom.lab.cli.shown import Shown

if TYPE_CHECKING:
    from postroom.lab.heard.explained import Explained
    from postroom.lab.laboratory import Laboratory


def run(wishes: Wishes) -> int:
    import uvloop

    with asyncio.Runner(loop_factory=uvloop.new_event_loop) as runner:
        return runner.run(_live(wishes))


async def _live(wishes: Wishes) -> int:
    from postroom.app.logs import make_log
    from postroom.app.serving import heed_signals
    from postroom.lab.heard.capture_file import CannotCapture, written
    from postroom.lab.house_settings import LabSettings
    from postroom.lab.laboratory import Laboratory

    stop = asyncio.Event()
    heed_signals(stop)
    log = make_log("auto", "warning" if not wishes.json else "info")
    running = Laboratory(
        LabSettings(
            wishes.data,
            wishes.base,
            wishes.people,
            log,
            wishes.faults,
            wishes.enforce,
            wishes.houses,
            wishes.bind,
            catch_all=wishes.catch_all,
            page_too=wishes.page_too,
        )
    )
    try:
        async with written(running.captures, wishes.captured):
            return await _stay(running, wishes, stop)
    except CannotCapture as error:
        typer.echo(f"postroom lab: {error}", err=True)
        return 1


async def _stay(running: Laboratory, wishes: Wishes, stop: asyncio.Event) -> int:
    """Starts it, and stops it when it is time."""
    from postroom.app.settings.file import SettingsError
    from postroom.lab.cli.word import keep_word, leave_word, take_back
    from postroom.net.sockets import CannotListen
    from postroom.store.engine.refused import StoreRefused

    try:
        await running.start()
    except (CannotListen, StoreRefused, SettingsError) as error:
        hint = "" if wishes.base == 0 else "; other ports: --base-port 0"
        typer.echo(f"postroom lab: {error}{hint}", err=True)
        return 1
    directory = runtime.lab_directory()
    keeping = asyncio.create_task(keep_word(running, directory))
    try:
        leave_word(running, directory)
        return await _lesson_or_lab(running, wishes, stop)
    finally:
        keeping.cancel()
        take_back(running, directory)
        await running.stop()


async def _lesson_or_lab(running: Laboratory, wishes: Wishes, stop: asyncio.Event) -> int:
    """Until Ctrl-C, or until what was to be played is played; gives the exit code."""
    from postroom.lab.cli.playing import draw_what_is_read, explained, play

    if wishes.scenario and not (wishes.json or wishes.play):
        typer.echo("\n".join(explained(running, wishes)))
    elif not wishes.play:
        announce(running, wishes)
    if wishes.bind:
        typer.echo(f"postroom lab: {warning(wishes.bind, page_too=wishes.page_too)}", err=True)
    beside: asyncio.Task[int] | None = None
    if wishes.scenario and not wishes.json:
        beside = asyncio.create_task(play(running, wishes) if wishes.play else draw_what_is_read(running))
    watching = asyncio.create_task(_watch(running.explained, wishes))
    await _first(stop.wait(), running.failed.wait(), *([beside] if beside else []))
    watching.cancel()
    if beside is not None and beside.done() and not stop.is_set():
        return beside.result()
    return 1 if running.failed.is_set() else 0


async def _watch(explained: Explained, wishes: Wishes) -> None:
    """Shows what happens, when that is wished for."""
    if wishes.watch is None:
        return
    terminal = Terminal(json=wishes.json)
    shown = Shown(wishes.watch, color=terminal.color, json=wishes.json)
    since = explained.feed.last
    while True:
        for one in await explained.feed.after(since):
            since = one.seq
            shown.show((explained.record(one),))


async def _first(*works: Awaitable[object]) -> None:
    """Until one of these is done; the others are ended."""
    waiting = [asyncio.ensure_future(work) for work in works]
    await asyncio.wait(waiting, return_when=asyncio.FIRST_COMPLETED)
    for task in waiting:
        task.cancel()
