"""What all commands that search have in common: the tree made ready, the messages found, and their numbers.

RFC 9051 §6.4.4, RFC 6203 §4, RFC 6855 §3, RFC 7162 §3.1.5. Not here: the commands (`searching`, `sorting`, `threads`, `multisearch`), how a key is
answered (`matching`).
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Final

from postroom.message.errors import MailError
from postroom.message.query.query import (
    EVERYTHING,
    And,
    Changed,
    During,
    Fuzzy,
    Key,
    Moment,
    Not,
    Numbered,
    Or,
    leaves,
    ordered,
    roughly,
)
from postroom.proto.imap.commands.searching import ENDLESS, Returns
from postroom.proto.imap.esearch import Result, returned
from postroom.proto.imap.search_keys import CHARSETS, SECOND, Ago, InSet, Program
from postroom.proto.imap.sets import Ranges, SequenceSet, count, intersection, joined, ranges_of
from postroom.proto.imap.verb import NO_NUMBERS
from postroom.serve.imap.conversation.conversation import Conversation, Refusal
from postroom.serve.imap.conversation.slices import slices
from postroom.serve.imap.conversation.view import View
from postroom.serve.imap.searching.filters import filled
from postroom.serve.imap.searching.matching import Matching
from postroom.store.search import searching
from postroom.store.search.wording import Wording

ROUGHLY: Final = 50  # the score of what has all words of a fuzzy key, but not as they stand in it
EVERY_UID: Final = [(1, (1 << 32) - 1)]


def no_charset(conversation: Conversation, program: Program) -> None:
    """Raises `Refusal` for a search that names a charset where it must not (RFC 6855 §3); SORT and THREAD have to name one."""
    if program.charset and conversation.enabled("UTF8=ACCEPT") and not conversation.rev2:
        raise Refusal("After ENABLE UTF8=ACCEPT a search names no charset", status="BAD")


@contextmanager
def saving(view: View, returns: Returns | None) -> Iterator[None]:
    """A search with SAVE that ends in NO leaves `$` empty, one that ends in BAD leaves it as it was (RFC 9051 §6.4.4.1)."""
    try:
        yield
    except (Refusal, MailError) as error:
        if (
            returns is not None
            and returns.save
            and not (isinstance(error, Refusal) and error.answer.status == "BAD")
        ):
            view.saved = []
        raise


async def prepared(conversation: Conversation, view: View | None, program: Program) -> Key:
    """The tree of a program with its sets as uids and its times as they are now, cheap keys first.

    Raises `Refusal` for a charset that is not known (RFC 9051 §6.4.4).
    """
    if not program.known:
        raise Refusal("Strings in that charset cannot be read here", f"BADCHARSET ({CHARSETS})")
    key = await filled(conversation, program)
    if any(isinstance(one, Changed) for one in leaves(key)):
        conversation.enable_condstore()  # RFC 7162 §3.1
    return ordered(await _resolved(conversation, view, key))


async def _resolved(
    conversation: Conversation, view: View | None, key: Key, *, strictly: bool = False
) -> Key:
    """The same tree with everything in it known, as deep as the parser let it be; `strictly`: FUZZY makes no difference."""
    match key:
        case And(keys=keys):
            return And(tuple([await _resolved(conversation, view, one, strictly=strictly) for one in keys]))
        case Or(keys=keys):
            return Or(tuple([await _resolved(conversation, view, one, strictly=strictly) for one in keys]))
        case Not(key=inner):
            return Not(await _resolved(conversation, view, inner, strictly=strictly))
        case Fuzzy(key=inner):
            return await _resolved(
                conversation, view, inner if strictly else roughly(inner), strictly=strictly
            )
        case Ago(seconds=seconds, younger=younger):
            then = (conversation.service.now() // SECOND - seconds) * SECOND
            return During(Moment.ARRIVED, then if younger else None, None if younger else then + SECOND)
        case InSet(set=numbers, by_uid=by_uid):
            if view is None:
                raise Refusal("Numbers of messages say nothing where no mailbox is selected", status="BAD")
            if conversation.uid_only and not (by_uid or numbers.saved):
                raise Refusal(NO_NUMBERS, "UIDREQUIRED", "BAD")
            return Numbered(tuple(await uids(conversation, view, numbers, by_uid=by_uid)))
        case _:
            return key


async def uids(conversation: Conversation, view: View, numbers: SequenceSet, *, by_uid: bool) -> Ranges:
    """As `View.uids`, but for numbers that there are not, which match nothing in a search (RFC 7377 §2)."""
    if by_uid or numbers.saved:
        return await view.uids(conversation.reading, numbers, by_uid=by_uid)
    found: Ranges = []
    for first, last in intersection(numbers.resolve(view.total), [(1, view.total)]):
        found.append(
            (await view.uid_at(conversation.reading, first), await view.uid_at(conversation.reading, last))
        )
    return joined(found)


def wanted(key: Key) -> Ranges:
    """The uids among which a tree can find anything."""
    if isinstance(key, Numbered):
        return list(key.ranges)
    found = EVERY_UID
    if isinstance(key, And):
        for one in key.keys:
            if isinstance(one, Numbered):
                found = intersection(found, list(one.ranges))
    return found


async def matching_uids(
    conversation: Conversation, view: View, key: Key, enough: tuple[int, bool] = ENDLESS
) -> Ranges:
    """The messages of a view that match, as ranges in which there is no other uid.

    `enough`: after how many no more need to be found, and whether these are to be the last ones; there may be more.
    """
    most, down = enough
    matching = looking(conversation, view)
    await matching.asked(key)
    found: Ranges = []
    among = _narrowed(wanted(key), matching, key)
    async for part in slices(conversation.reading, view, among, down=down):
        if key == EVERYTHING or isinstance(key, Numbered):
            new = part
        else:
            part_of = uids_of(_narrowed(part, matching, key))
            new = ranges_of(sorted(await matching.match(key, set(part_of))))
        found += new
        most -= count(new)
        if most <= 0:
            break
    return joined(found)


def _narrowed(ranges: Ranges, matching: Matching, key: Key) -> Ranges:
    places = matching.places(key)
    return ranges if places is None else intersection(ranges, places)


def looking(conversation: Conversation, view: View) -> Matching:
    """Who looks through the view's mailbox."""
    service = conversation.service
    recent_from = 1 << 32 if conversation.rev2 else view.recent_from
    wording = Wording(service.store, service.wordbook, view.ref.account_id)
    return Matching(conversation.reading, view.ref, service.columns, wording, recent_from)


def uids_of(found: Ranges) -> list[int]:
    """The uids in ranges."""
    return [uid for first, last in found for uid in range(first, last + 1)]


def numbered(view: View, found: Ranges) -> Ranges:
    """Ranges of messages by uid as ranges of sequence numbers; all of them were read."""
    if sum(last - first + 1 for first, last in found) == view.total:
        return [(1, view.total)] if view.total else []
    ranges: Ranges = []
    for first, last in found:
        number = view.number(first)
        if number and ranges and ranges[-1][1] == number - 1:
            ranges[-1] = (ranges[-1][0], number + last - first)
        elif number:
            ranges.append((number, number + last - first))
    return ranges


def numbering(view: View, found: Ranges, *, by_uid: bool) -> Callable[[int], int]:
    """What number stands for a uid of a result."""
    if by_uid:
        return lambda uid: uid
    numbers: dict[int, int] = {}
    for first, last in found:
        start = view.number(first)
        numbers.update(zip(range(first, last + 1), range(start, start + last - first + 1), strict=True))
    return numbers.__getitem__


async def scored(conversation: Conversation, view: View, program: Program, found: Ranges) -> dict[int, int]:
    """The relevancy of each message found, ascending by uid: 100 for what matches word for word; empty without FUZZY (RFC 6203 §4)."""
    if not program.fuzzy:
        return {}
    key = await filled(conversation, program)
    strict = ordered(await _resolved(conversation, view, key, strictly=True))
    exact = await matching_uids(conversation, view, And((Numbered(tuple(found)), strict)))
    best = set(uids_of(exact))
    return {uid: 100 if uid in best else ROUGHLY for uid in uids_of(found)}


async def highest_modseq(
    conversation: Conversation, view: View, found: Ranges, key: Key, returns: Returns | None
) -> int:
    """The highest modseq among what is returned of what was found, where the search asked for modseqs; else 0 (RFC 4731 §3.2, RFC 7162 §3.1.5)."""
    if not found or not any(isinstance(one, Changed) for one in leaves(key)):
        return 0
    highest = 0
    shown = joined(found) if returns is None else returned(Result(found), returns)
    async for part in slices(conversation.reading, view, shown):
        modseqs = await searching.modseqs(conversation.reading, view.ref, (part[0][0], part[-1][1]))
        among = set(uids_of(part))
        highest = max([highest, *(modseq for uid, modseq in modseqs.items() if uid in among)])
    return highest


async def send(conversation: Conversation, pieces: Iterator[bytes]) -> None:
    """Sends a response as fast as the client reads it."""
    conversation.end_progress()
    for piece in pieces:
        conversation.out.send(piece)
        await conversation.drained()
