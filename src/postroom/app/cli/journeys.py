"""`postroom journey`: the way of a message, from the first byte to the last."""

from __future__ import annotations

import shutil
from pathlib import Path
from typing import Annotated

import typer

from postroom.agent.invocation import CommandFailed, command, commands
from postroom.agent.terminal import Column, time_text
from postroom.app.cli.journey_capture import write_capture
from postroom.app.cli.session import Administration, administration
from postroom.app.control import OperationError
from postroom.app.locate import Server
from postroom.app.operations import journeys
from postroom.app.operations.journeys import JourneyRecord, JourneySummary, ListJourneys, WantedJourney
from postroom.message.journey.captured import named
from postroom.message.journey.drawn import WORDS, drawn, told_in_words, width_of
from postroom.message.journey.events import Hop
from postroom.message.journey.figure import Leg, figures
from postroom.message.journey.svg import as_svg
from postroom.message.journey.timeline import DIALOGUE, HOP, Line, as_json, iso_time, timeline

app = commands("The way of a message.")
_INDENT = 2
_TIME = len("12:34:56.789  ")
MOST_JOURNEYS = 20  # that are followed
_USUAL_WIDTH = 80  # of a terminal that does not say

COLUMNS = (
    Column[JourneySummary]("Id", lambda one: one.id),
    Column[JourneySummary]("Began", lambda one: time_text(one.began)),
    Column[JourneySummary]("Hops", lambda one: str(one.hops), number=True),
)


@app.command()
@command(administration)
def journey(
    session: Administration,
    name: Annotated[
        str, typer.Argument(metavar="ID", help="As the 250 named it (J...), or an email's (M...).")
    ] = "",
    *,
    last: Annotated[bool, typer.Option("--last", help="Of the last message that was accepted.")] = False,
    list_: Annotated[
        int,
        typer.Option("--list", metavar="N", min=0, max=journeys.MOST_LISTED, help="List the last N instead."),
    ] = 0,
    account: Annotated[str, typer.Option(metavar="ADDRESS", help="Whose email an M... is.")] = "",
    pcap: Annotated[
        Path | None,
        typer.Option(metavar="FILE", help="Write its dialogues as a capture for Wireshark instead."),
    ] = None,
    verbose: Annotated[
        bool, typer.Option("--verbose", "-v", help="Answers to EHLO and CAPA in full on a terminal, too.")
    ] = False,
    figure: Annotated[
        bool, typer.Option("--figure", help="Draw it instead: hosts, agents, and what passed between them.")
    ] = False,
    svg: Annotated[
        Path | None, typer.Option("--svg", metavar="FILE", help="Draw it into a file; - is standard output.")
    ] = None,
) -> None:
    """Show the way of a message: every hop, dialogue, DNS answer and attempt."""
    if list_:
        found_last = session.perform(journeys.LIST, ListJourneys(list_))
        newest = sorted(found_last, key=lambda one: one.began, reverse=True)  # of a lab's servers together
        session.terminal.listing(newest[:list_], COLUMNS)
        return
    if bool(name) == last:
        raise CommandFailed("say which message by its id, or --last; --list 20 lists the last ones", 2)
    found = list(session.perform_each(journeys.SHOW, WantedJourney(name, account), account))
    if session.several:
        _follow(session, found)
        found = _newest(found) if last else found
    found.sort(key=_began)
    if pcap is not None:
        write_capture(session, found, pcap)
        return
    if figure or svg is not None:
        _draw(session, found, svg)
        return
    brief = session.terminal.is_terminal and not verbose
    for number, (server, record) in enumerate(found):
        hops = [Hop.unpack(packed) for packed in record.hops]
        session.terminal.record({"server": server.name, "id": record.id, "hops": as_json(hops)})
        day = _day(_began((server, record)))
        heading = f"{record.id} at {server.name}, {day} (UTC)"
        session.terminal.styled(("\n" if number else "") + heading, "bold")
        _show(session, timeline(hops, brief=brief), day)


def _draw(session: Administration, found: list[tuple[Server, JourneyRecord]], svg: Path | None) -> None:
    """As a lecture does: in the terminal, or into a file."""
    legs = [Leg(server.name, record.id, [Hop.unpack(one) for one in record.hops]) for server, record in found]
    ways = figures(legs)
    if svg is not None:
        text = as_svg(ways)
        if str(svg) == "-":
            session.terminal.say(text.rstrip("\n"))
            return
        try:
            svg.write_text(text, "utf-8")
        except OSError as error:
            raise CommandFailed(f"{svg}: {error.strerror}") from error
        session.terminal.record({"file": str(svg), "figures": len(ways)})
        session.terminal.say(f"{svg}: drawn")
        return
    room = shutil.get_terminal_size((_USUAL_WIDTH, 24)).columns
    for number, way in enumerate(ways):
        session.terminal.record(way)
        fits = width_of(way) <= room
        session.terminal.say("\n" * bool(number) + "\n".join(drawn(way) if fits else told_in_words(way)))
    session.terminal.say(WORDS)


def _follow(session: Administration, found: list[tuple[Server, JourneyRecord]]) -> None:
    """In a lab: adds what became of the message at the servers it was relayed to, as their 250 named it."""
    known = {record.id for _, record in found}
    for _, record in found:  # grows meanwhile
        led_to = {match for packed in record.hops for match in named(Hop.unpack(packed))}
        for name in sorted(led_to - known):
            if len(known) < MOST_JOURNEYS:
                known.add(name)
                found += _of(session, name)


def _newest(found: list[tuple[Server, JourneyRecord]]) -> list[tuple[Server, JourneyRecord]]:
    """Of the last message of each server: the newest, with what it became and what it was before."""
    led_to = {
        record.id: {match for packed in record.hops for match in named(Hop.unpack(packed))}
        for _, record in found
    }
    together = {max(found, key=_began)[1].id} if found else set()
    for _ in found:  # a way of n servers is known after n looks
        for name, further in led_to.items():
            if name in together or not together.isdisjoint(further):
                together |= {name, *further}
    return [one for one in found if one[1].id in together]


def _of(session: Administration, name: str) -> list[tuple[Server, JourneyRecord]]:
    try:
        return list(session.perform_each(journeys.SHOW, WantedJourney(name)))
    except OperationError:
        return []  # it was relayed out of the lab's sight


def _began(found: tuple[Server, JourneyRecord]) -> int:
    return min((Hop.unpack(packed).started for packed in found[1].hops), default=0)


def _day(at: int) -> str:
    return iso_time(at)[:10]


def _show(session: Administration, lines: list[Line], day: str) -> None:
    """All lines; a hop of another `day` than what stands before it says which."""
    for line in lines:
        if line.indent == HOP and _day(line.at) != day:
            day = _day(line.at)
            session.terminal.styled(day, "bold")
        when = iso_time(line.at)[11:23] + "  " if line.indent < DIALOGUE else " " * _TIME
        text = when + " " * (_INDENT * line.indent) + line.text
        if line.indent == HOP:
            session.terminal.styled(text, "bold cyan")
        elif line.indent == DIALOGUE:
            session.terminal.styled(text, "green" if line.who else "default")
        else:
            session.terminal.say(text)
