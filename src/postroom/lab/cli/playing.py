"""A scenario in the terminal: what to type, or it is typed; and in the end the message's way is drawn.

The drawing is made of the journeys that the servers kept. Not here: the scenarios (`lab.classroom.scenarios`), the figure (`message.journey.figure`).
"""

from __future__ import annotations

import asyncio
import shlex
import sys
import textwrap
from collections.abc import Iterator
from typing import TYPE_CHECKING, Final

import typer

from postroom.lab.classroom.scenarios import SCENARIOS, Scenario
from postroom.lab.cli.screen import Wishes, program
from postroom.message.ids import IdKind, id_text
from postroom.message.journey.drawn import WORDS, drawn
from postroom.message.journey.events import HopKind, Outcome
from postroom.message.journey.figure import Figure, Leg, figures, together
from postroom.store import journal

if TYPE_CHECKING:
    from postroom.lab.laboratory import Laboratory

LOOK_SECONDS: Final = 0.2  # after which it is looked whether somebody has read
WIDTH: Final = 78
PATIENCE: Final = 60.0  # seconds that a played message may take
MOST_LOOKED_AT: Final = 50  # journeys of a server


def explained(running: Laboratory, wishes: Wishes) -> list[str]:
    """What a person reads who is to play it."""
    scenario = SCENARIOS[wishes.scenario]
    us = program()
    lines = [f"Scenario {wishes.scenario}: {scenario.title}.", *textwrap.wrap(scenario.about, WIDTH), ""]
    for number, (words, command) in enumerate(_commands(scenario, wishes, us), 1):
        lines += [f"{number}. {words}:", *f"   {command}".replace(" | ", " |\n     ").splitlines()]
    if wishes.scenario == 4:
        ports = running.ports[wishes.houses[0].domain]
        one = next(one for one in running.inhabitants if one.address == _recipient(wishes))
        lines.append(
            f"   or by POP3 (telnet 127.0.0.1 {ports['pop3']}), or at http://127.0.0.1:{ports['http']}/mail/"
        )
        lines.append(f"   as {one.address}, password {one.password}")
    return [
        *lines,
        "",
        "Type this in a second terminal. When bob has read, the way is drawn here.",
        "Ctrl-C stops the lab.",
    ]


async def draw_what_is_read(running: Laboratory) -> int:
    """Draws the way of each message that somebody has read, for ever."""
    known: set[str] = set()
    while True:
        for figure in await _read(running, known):
            _show(figure)
            typer.echo(f"For slides: {program()} journey --last --svg way.svg")
        await asyncio.sleep(LOOK_SECONDS)


async def play(running: Laboratory, wishes: Wishes) -> int:
    """Types it all; gives the exit code."""
    scenario = SCENARIOS[wishes.scenario]
    typer.echo(f"Scenario {wishes.scenario}: {scenario.title}.\n{scenario.about}")
    us = f"{shlex.quote(sys.executable)} -m postroom"
    real = [command for _, command in _commands(scenario, wishes, us)]
    for (words, command), typed in zip(_commands(scenario, wishes, program()), real, strict=True):
        typer.echo(f"\n# {words}\n$ {command}")
        process = await asyncio.create_subprocess_shell(typed)
        if await process.wait():
            return 1
        await _until(running, HopKind.RECEIVED)
    await _until(running, HopKind.READ)
    for figure in await _read(running, set()):
        _show(figure)
    return 0


async def _until(running: Laboratory, kind: HopKind) -> None:
    """Waits until a message is in a mailbox, or was read there."""
    async with asyncio.timeout(PATIENCE):
        while not any(_stands(leg, kind) for leg in await _legs(running)):  # noqa: ASYNC110 -- a store is asked
            await asyncio.sleep(LOOK_SECONDS)


def _stands(leg: Leg, kind: HopKind) -> bool:
    if kind is HopKind.READ:
        return any(hop.kind is kind for hop in leg.hops)
    return any(
        isinstance(event, Outcome) and event.result == "filed" for hop in leg.hops for event in hop.events
    )


async def _read(running: Laboratory, known: set[str]) -> list[Figure]:
    """The ways of messages that were read and are not known yet; they are then."""
    legs = await _legs(running)
    new = [leg for leg in legs if leg.id not in known and _stands(leg, HopKind.READ)]
    known.update(leg.id for leg in new)
    return [figure for leg in new for figure in figures(together(legs, leg.id))]


async def _legs(running: Laboratory) -> list[Leg]:
    found = []
    for domain, server in running.servers.items():
        tx = server.engine.reading()
        for one in await journal.last(tx, MOST_LOOKED_AT):
            hops = [row.hop() for row in await journal.read(tx, one.accept_id)]
            found.append(Leg(domain, id_text(IdKind.JOURNEY, one.accept_id), hops))
    return found


def _show(figure: Figure) -> None:
    typer.echo("\n" + "\n".join(drawn(figure)))
    typer.echo(f"{WORDS}.")


def _commands(scenario: Scenario, wishes: Wishes, us: str) -> Iterator[tuple[str, str]]:
    sender = wishes.houses[-1]
    names = {"us": us, "sender": f"alice@{sender.domain}", "recipient": _recipient(wishes)}
    for step in scenario.steps:
        yield step.words, step.command.format_map(names)


def _recipient(wishes: Wishes) -> str:
    return f"bob@{wishes.houses[0].domain}"
