"""`postroom queue`: mail that waits, why, and what to do about it.

Everything that changes something takes the same filters, says how many messages they match, and asks; but what can be undone is done at once
to a message that is named.
"""

from __future__ import annotations

from typing import Annotated

import msgspec
import typer

from postroom.agent.invocation import CommandFailed, command, commands
from postroom.agent.terminal import Column, age_text, count_text, size_text, time_text
from postroom.app.cli.quantities import microseconds
from postroom.app.cli.session import Administration, DryRun, Yes, administration
from postroom.app.operations import queue
from postroom.app.operations.office import Operation
from postroom.app.operations.queue import DoneRecord, QueueRecord, Select

app = commands("Mail that waits to be delivered.")

Id = Annotated[str, typer.Option("--id", metavar="ID", help="The id that the 250 named (J...).")]
Alone = Annotated[str, typer.Argument(metavar="ID", help="The same as --id.")]
Sender = Annotated[
    str, typer.Option("--sender", metavar="ADDRESS", help="Its envelope's sender; '<>' for reports.")
]
One = Annotated[str, typer.Argument(metavar="ID", help="The id that the 250 named (J...).")]
Recipient = Annotated[
    str, typer.Option("--recipient", metavar="ADDRESS", help="Somebody who has not got it.")
]
Domain = Annotated[str, typer.Option("--domain", metavar="DOMAIN", help="Of a recipient.")]
Older = Annotated[str, typer.Option("--older", metavar="TIME", help="Accepted longer ago, such as 4h.")]
All = Annotated[bool, typer.Option("--all", help="The whole queue, where no filter is given.")]

COLUMNS = (
    Column[QueueRecord]("Id", lambda one: one.id),
    Column[QueueRecord]("Age", lambda one: age_text(one.now - one.accepted), number=True),
    Column[QueueRecord]("Size", lambda one: size_text(one.size), number=True),
    Column[QueueRecord]("Sender", lambda one: one.sender or "<>"),
    Column[QueueRecord]("Waits for", lambda one: ", ".join(copy.address for copy in one.recipients)),
    Column[QueueRecord]("State", lambda one: one.state),
    Column[QueueRecord]("Next try", lambda one: f"in {age_text(one.due - one.now)}" if one.due else "-"),
    Column[QueueRecord]("Why", lambda one: one.why, cut=True),
)


def named(alone: Alone = "", id: Id = "") -> str:  # noqa: A002 -- the option's name
    """The message that was named, by itself or as a filter; "" for none."""
    if alone and id and alone != id:
        raise CommandFailed(f"one id at a time: {alone} or {id}", 2)
    return alone or id


def select(sender: Sender = "", recipient: Recipient = "", domain: Domain = "", older: Older = "") -> Select:
    """The filters that were given, but for the id."""
    return Select("", sender, recipient, domain, microseconds(older) if older else 0)


class Consent(msgspec.Struct, frozen=True):
    """Whether to ask before something is done, whether to do it at all, and whether all are meant where none are chosen."""

    yes: bool
    dry_run: bool
    everything: bool


def consent(yes: Yes = False, dry_run: DryRun = False, everything: All = False) -> Consent:
    """What the options say of that."""
    return Consent(yes, dry_run, everything)


class Act(msgspec.Struct, frozen=True):
    """Something that is done to messages, in a word; `final` what cannot be undone."""

    verb: str
    operation: Operation[Select, DoneRecord]
    final: bool = False


ALL_OF_THEM = Select()
_TRIED = {0: "not tried yet", 1: "tried once"}


@app.command("list")
@command(administration, named, select)
def list_(session: Administration, name: str, filters: Select) -> None:
    """List what waits. A reason that is too long for the terminal is cut; `postroom queue show ID` has it all."""
    chosen = _chosen(name, filters)
    if not session.terminal.listing(session.perform(queue.LIST, chosen), COLUMNS):
        session.terminal.note("the queue is empty" if chosen == ALL_OF_THEM else "no message matches")


@app.command()
@command(administration)
def show(session: Administration, id: One) -> None:  # noqa: A002
    """Show all that is known of a message that waits."""
    found = list(session.perform(queue.LIST, Select(id)))
    if not found:
        raise CommandFailed(f"{id} does not wait (any more); what became of it: postroom journey {id}")
    for record in found:
        session.terminal.record(record)
        session.terminal.say("\n".join(_lines(record)))


@app.command()
@command(administration, named, select, consent)
def hold(session: Administration, name: str, filters: Select, how: Consent) -> None:
    """Keep messages until they are released."""
    _act(session, _chosen(name, filters), how, Act("hold", queue.HOLD))


@app.command()
@command(administration, named, select, consent)
def release(session: Administration, name: str, filters: Select, how: Consent) -> None:
    """Let held messages go on."""
    _act(session, _chosen(name, filters), how, Act("release", queue.RELEASE))


@app.command()
@command(administration, named, select, consent)
def retry(session: Administration, name: str, filters: Select, how: Consent) -> None:
    """Try to deliver messages now."""
    _act(session, _chosen(name, filters), how, Act("retry", queue.RETRY))


@app.command()
@command(administration, named, select, consent)
def fail(
    session: Administration,
    name: str,
    filters: Select,
    how: Consent,
    reason: Annotated[str, typer.Option(metavar="TEXT", help="What the senders are told.")] = "",
) -> None:
    """Give messages up; their senders get a report."""
    chosen = msgspec.structs.replace(_destroyed(name, filters, how), words=reason)
    _act(session, chosen, how, Act("fail", queue.FAIL, final=True))


@app.command()
@command(administration, named, select, consent)
def drop(session: Administration, name: str, filters: Select, how: Consent) -> None:
    """Remove messages; nobody is told."""
    _act(session, _destroyed(name, filters, how), how, Act("drop", queue.DROP, final=True))


def _chosen(name: str, filters: Select) -> Select:
    return msgspec.structs.replace(filters, id=name)


def _destroyed(name: str, filters: Select, how: Consent) -> Select:
    """As `_chosen`; but all of them only if that was said."""
    chosen = _chosen(name, filters)
    if chosen == ALL_OF_THEM and not how.everything:
        raise CommandFailed("say which messages, by an id or a filter, or --all for the whole queue", 2)
    return chosen


def _act(session: Administration, chosen: Select, how: Consent, act: Act) -> None:
    counts = {
        server.name: record.count
        for server, record in session.perform_each(queue.COUNT, chosen)
        if record.count
    }
    count = sum(counts.values())
    if not count and chosen == ALL_OF_THEM:
        session.terminal.note("the queue is empty")
        return
    if not count:
        raise CommandFailed("no message in the queue matches")
    messages = count_text(count, "message")
    if how.dry_run:
        session.terminal.record({"count": count, "dry_run": True})
        session.terminal.say(f"would {act.verb} {messages}")
        return
    named = bool(chosen.id) and chosen == Select(chosen.id)
    session.agree(f"{act.verb.capitalize()} {messages}?", yes=how.yes or (named and not act.final))
    done = 0
    where = next(iter(counts)) if len(counts) == 1 else ""  # of a lab's servers, the one that has them
    for record in session.perform(act.operation, chosen, where):
        session.terminal.record(record)
        done += record.jobs
    session.terminal.say(f"{act.verb}: {done} of {messages}")
    if done < count:
        session.terminal.note("the others were being worked on, or were in that state already")


def _lines(record: QueueRecord) -> list[str]:
    return [
        f"{record.id}: {record.state}, for {record.hop or 'this system'}",
        f"  from {record.sender or '<>'}, {size_text(record.size)}, accepted {time_text(record.accepted)}",
        f"  {_TRIED.get(record.attempts, f'tried {record.attempts} times')}"
        + (f", again {time_text(record.due)}" if record.due else ""),
        f"  given up {time_text(record.expires)}",
        *([f"  {record.why}"] if record.why else []),
        *(f"  to {copy.address}" + (f": {copy.status}" if copy.status else "") for copy in record.recipients),
    ]
