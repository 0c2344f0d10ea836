"""SearchQuery/parse: what is typed into a search box as a filter, as text in its one form, and in words.

Of the vendor's capability; the language is `message.query.language`, the same in web, terminal and command line. Not here: searching (`email_query`).
"""

from __future__ import annotations

import difflib
import itertools
import zoneinfo
from collections.abc import Iterator, Sequence
from typing import Final

from postroom.message.encodings.casemap import casemap
from postroom.message.ids import IdKind, id_text
from postroom.message.query.language import Parsed, Placed, parse
from postroom.message.query.text import meaning, query_text, term_meaning, term_text
from postroom.proto.jmap.capabilities import WEBMAIL
from postroom.proto.jmap.errors import MethodError
from postroom.proto.jmap.search_query import Circumstances, Unanswered, search_filter
from postroom.proto.jmap.types import Arguments, Id, Object
from postroom.serve.jmap.methods.call import Call, Method, Methods
from postroom.serve.jmap.methods.folders import Folders
from postroom.store.mailboxes import tree

MOST_COMPARED: Final = 1_000  # names of mailboxes that one call compares with what was mistyped
_ROLES: Final = {"draft": "drafts", "spam": "junk", "bin": "trash"}


class SearchQueryParse(Arguments, frozen=True, kw_only=True):
    """`time_zone` is one of the IANA's names; days begin and end there."""

    account_id: Id
    text: str
    time_zone: str = "Etc/UTC"


async def parse_query(call: Call, arguments: SearchQueryParse) -> Object:
    """The filter, or what is wrong. Places are counted as JavaScript counts them, in UTF-16."""
    account_id = await call.account(arguments.account_id)
    names = _Names(await Folders.read(call, account_id))
    circumstances = Circumstances(names.ids, _zone(arguments.time_zone), call.service.now())
    parsed = parse(arguments.text)
    made, unanswered = (None, []) if parsed.tree is None else search_filter(parsed.tree, circumstances)
    errors = [
        _error(arguments.text, (one.start, one.end), one.kind, (one.words, one.remedy))
        for one in parsed.problems
    ]
    errors += [_not_answered(arguments.text, parsed, one, names) for one in unanswered]
    return {
        "accountId": arguments.account_id,
        "filter": None if errors else made,
        "text": None if parsed.tree is None else query_text(parsed.tree),
        "meaning": None if parsed.tree is None else meaning(parsed.tree),
        "terms": [_shown(arguments.text, one) for one in parsed.terms],
        "errors": errors,
    }


def _zone(name: str) -> zoneinfo.ZoneInfo:
    try:
        return zoneinfo.ZoneInfo(name)
    except (zoneinfo.ZoneInfoNotFoundError, ValueError, OSError) as error:
        words = f"{name[:100]!r} is not a time zone; one looks like Europe/Berlin"
        raise MethodError("invalidArguments", words, arguments=["timeZone"]) from error


def _shown(text: str, placed: Placed) -> Object:
    term = placed.term
    return {
        "operator": term.name,
        "header": term.of or None,
        "value": term.value,
        "text": term_text(term),
        "negated": placed.negated,
        "meaning": term_meaning(term),
        "start": _utf16(text, placed.start),
        "end": _utf16(text, placed.end),
    }


def _error(text: str, place: tuple[int, int], kind: str, told: tuple[str, str]) -> Object:
    start, end = (_utf16(text, one) for one in place)
    return {"type": kind, "start": start, "end": end, "description": told[0], "remedy": told[1]}


def _not_answered(text: str, parsed: Parsed, unanswered: Unanswered, names: _Names) -> Object:
    place = next((one.start, one.end) for one in parsed.terms if one.term == unanswered.term)
    near = names.near(unanswered.term.value) if unanswered.term.name in ("in", "under") else []
    remedy = f"perhaps {' or '.join(near)} is meant" if near else unanswered.remedy
    return _error(text, place, "notAnswered", (unanswered.words, remedy))


def _utf16(text: str, place: int) -> int:
    return len(text[:place].encode("utf-16-le", "surrogatepass")) // 2


class _Names:
    """The mailboxes of an account that may be read, by what people call them: role, path, or the last word of a path."""

    def __init__(self, folders: Folders) -> None:
        readable = {number: one for number, one in folders.items() if one.readable}
        rows = [(one.mailbox.mailbox_id, one.mailbox.parent_id, one.mailbox.name) for one in folders.values()]
        self._paths = {number: path for number, path in tree.paths(rows).items() if number in readable}
        self._folded = {number: casemap(path) for number, path in self._paths.items()}
        self._roles = {one.mailbox.role: number for number, one in readable.items() if one.mailbox.role}
        self._left = MOST_COMPARED

    def ids(self, name: str, below: bool) -> Sequence[str]:  # noqa: FBT001
        """The ids of a name; with `below` those of what is in them, too."""
        wanted = casemap(name.strip().strip("/"))
        role = name.strip().lower()
        found = {self._roles[one] for one in (role, _ROLES.get(role, "")) if one in self._roles}
        folded = self._folded
        found |= {number for number, path in folded.items() if path == wanted}
        if not found:
            found = {number for number, path in folded.items() if path.rpartition("/")[2] == wanted}
        if below:
            tops = {folded[number] for number in found}
            found |= {number for number, path in folded.items() if not tops.isdisjoint(_above(path))}
        return [id_text(IdKind.MAILBOX, number) for number in sorted(found)]

    def near(self, name: str) -> list[str]:
        """Names that look like this one, among as many as one call compares."""
        names = [*self._roles, *self._paths.values()][: self._left]
        self._left -= len(names)
        return difflib.get_close_matches(name[:100], names, 2)


def _above(path: str) -> Iterator[str]:
    """The paths of what a mailbox lies in."""
    return itertools.accumulate(path.split("/")[:-1], "{}/{}".format)


METHODS: Final[Methods] = {"SearchQuery/parse": Method(WEBMAIL, SearchQueryParse, parse_query)}
