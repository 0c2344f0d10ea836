"""`postroom queue`: mail that waits, why, and what to do about it.

Everything that changes something takes the same filters, says how many messages they match, and asks.
"""

from __future__ import annotations

import time
from typing import Annotated

import typer

from postroom.agent.invocation import CommandFailed, Json, NoColor, command, commands
from postroom.agent.terminal import Column, age_text, size_text, time_text
from postroom.app.cli.quantities import microseconds
from postroom.app.cli.session import Administration, At, Config, DryRun, Yes, administration
from postroom.app.operations import queue
from postroom.app.operations.office import Operation
from postroom.app.operations.queue import DoneRecord, QueueRecord, Select

app = commands("Mail that waits to be delivered.")

Id = Annotated[str, typer.Option("--id", metavar="ID", help="The id that the 250 named (J...).")]
Sender = Annotated[
    str, typer.Option("--sender", metavar="ADDRESS", help="Its envelope's sender; '<>' for reports.")
]
Recipient = Annotated[
    str, typer.Option("--recipient", metavar="ADDRESS", help="Somebody who has not got it.")
]
Domain = Annotated[str, typer.Option("--domain", metavar="DOMAIN", help="Of a recipient.")]
Older = Annotated[str, typer.Option("--older", metavar="TIME", help="Accepted longer ago, such as 4h.")]
All = Annotated[bool, typer.Option("--all", help="The whole queue, where no filter is given.")]

COLUMNS = (
    Column[QueueRecord]("Id", lambda one: one.id),
    Column[QueueRecord]("Age", lambda one: age_text(_now() - one.accepted), number=True),
    Column[QueueRecord]("Size", lambda one: size_text(one.size), number=True),
    Column[QueueRecord]("Sender", lambda one: one.sender or "<>"),
    Column[QueueRecord]("Waits for", lambda one: ", ".join(copy.address for copy in one.recipients)),
    Column[QueueRecord]("State", lambda one: one.state),
    Column[QueueRecord]("Next try", lambda one: f"in {age_text(one.due - _now())}" if one.due else "-"),
    Column[QueueRecord]("Why", lambda one: one.why),
)


class Selection(Administration):
    """A session with filters."""

    selected: Select
    all: bool = False

    @property
    def is_filtered(self) -> bool:
        """Whether any filter was given."""
        return self.selected != Select()


def selection(
    json: Json = False,
    no_color: NoColor = False,
    config: Config = None,
    at: At = "",
    *,
    id: Id = "",  # noqa: A002 -- the option's name
    sender: Sender = "",
    recipient: Recipient = "",
    domain: Domain = "",
    older: Older = "",
) -> Selection:
    """Makes the session and its filters from options."""
    plain = administration(json, no_color, config, at)
    chosen = Selection(plain.terminal, plain.servers, at)
    chosen.selected = Select(id, sender, recipient, domain, microseconds(older) if older else 0)
    return chosen


@app.command("list")
@command(selection)
def list_(session: Selection) -> None:
    """List what waits."""
    if not session.terminal.listing(session.perform(queue.LIST, session.selected), COLUMNS):
        session.terminal.note("no message matches" if session.is_filtered else "the queue is empty")


@app.command()
@command(administration)
def show(session: Administration, id: Annotated[str, typer.Argument(metavar="ID")]) -> None:  # noqa: A002
    """Show all that is known of a message that waits."""
    found = list(session.perform(queue.LIST, Select(id)))
    if not found:
        raise CommandFailed(f"{id} does not wait (any more); what became of it: postroom journey {id}")
    for record in found:
        session.terminal.record(record)
        session.terminal.say("\n".join(_lines(record)))


@app.command()
@command(selection)
def hold(session: Selection, yes: Yes = False, dry_run: DryRun = False) -> None:
    """Keep messages until they are released."""
    _act(session, queue.HOLD, "hold", yes=yes, dry_run=dry_run)


@app.command()
@command(selection)
def release(session: Selection, yes: Yes = False, dry_run: DryRun = False) -> None:
    """Let held messages go on."""
    _act(session, queue.RELEASE, "release", yes=yes, dry_run=dry_run)


@app.command()
@command(selection)
def retry(session: Selection, yes: Yes = False, dry_run: DryRun = False) -> None:
    """Try to deliver messages now."""
    _act(session, queue.RETRY, "retry", yes=yes, dry_run=dry_run)


@app.command()
@command(selection)
def fail(
    session: Selection,
    *,
    reason: Annotated[str, typer.Option(metavar="TEXT", help="What the senders are told.")] = "",
    everything: All = False,
    yes: Yes = False,
    dry_run: DryRun = False,
) -> None:
    """Give messages up; their senders get a report."""
    _must_choose(session, everything=everything)
    chosen = session.selected
    session.selected = Select(chosen.id, chosen.sender, chosen.recipient, chosen.domain, chosen.older, reason)
    _act(session, queue.FAIL, "fail", yes=yes, dry_run=dry_run)


@app.command()
@command(selection)
def drop(session: Selection, everything: All = False, yes: Yes = False, dry_run: DryRun = False) -> None:
    """Remove messages; nobody is told."""
    _must_choose(session, everything=everything)
    _act(session, queue.DROP, "drop", yes=yes, dry_run=dry_run)


def _must_choose(session: Selection, *, everything: bool) -> None:
    if not (session.is_filtered or everything):
        raise CommandFailed("say which messages by a filter, such as --id, or --all for the whole queue", 2)


def _act(
    session: Selection, operation: Operation[Select, DoneRecord], verb: str, *, yes: bool, dry_run: bool
) -> None:
    wanted = session.selected
    count = sum(record.count for record in session.perform(queue.COUNT, wanted))
    if not count:
        raise CommandFailed(
            "no message in the queue matches" if session.is_filtered else "the queue is empty"
        )
    messages = f"{count} message{'' if count == 1 else 's'}"
    if dry_run:
        session.terminal.record({"count": count, "dry_run": True})
        session.terminal.say(f"would {verb} {messages}")
        return
    session.agree(f"{verb.capitalize()} {messages}?", yes=yes)
    done = 0
    for record in session.perform(operation, wanted):
        session.terminal.record(record)
        done += record.jobs
    session.terminal.say(f"{verb}: {done} of {messages}")
    if done < count:
        session.terminal.note("the others were being worked on, or were in that state already")


def _lines(record: QueueRecord) -> list[str]:
    return [
        f"{record.id}: {record.state}, for {record.hop or 'this system'}",
        f"  from {record.sender or '<>'}, {size_text(record.size)}, accepted {time_text(record.accepted)}",
        f"  tried {record.attempts} times" + (f", again {time_text(record.due)}" if record.due else ""),
        f"  given up {time_text(record.expires)}",
        *([f"  {record.why}"] if record.why else []),
        *(f"  to {copy.address}" + (f": {copy.status}" if copy.status else "") for copy in record.recipients),
    ]


def _now() -> int:
    return time.time_ns() // 1000
