"""Which emails match a filter: evaluated as sets, cheap conditions first, and the dear ones only for what is left.

RFC 8621 §4.4.1. The roster answers what changes, columns what summaries say, the search index and the messages themselves what is in their words.
Not here: the order of what was found (`email_query`).
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Annotated, Any, Final

import msgspec
from msgspec import Meta

from postroom.message.encodings.casemap import casemap
from postroom.message.headers.header import spaced
from postroom.message.ids import IdKind
from postroom.message.query.query import Heads, Holds
from postroom.proto.jmap.errors import MethodError
from postroom.proto.jmap.search_words import MAX_WORDS, search_words
from postroom.proto.jmap.standard import Operator, read_filter
from postroom.proto.jmap.types import Id, Object, UnsignedInt, parse_utc_date
from postroom.serve.jmap.methods.call import Call, number_of
from postroom.serve.jmap.methods.folders import Folders
from postroom.serve.jmap.methods.querying import condition_of
from postroom.store.emails.columns import Column
from postroom.store.emails.roster import Entry, Roster
from postroom.store.mailboxes.flags import is_keyword
from postroom.store.search.wording import Wording

UNSET: Final = msgspec.UNSET
HeaderName = Annotated[list[str], Meta(min_length=1, max_length=2)]


class FilterCondition(msgspec.Struct, frozen=True, kw_only=True, rename="camel", forbid_unknown_fields=True):
    """RFC 8621 §4.4.1; what is left out is not asked for."""

    in_mailbox: Id | msgspec.UnsetType = UNSET
    in_mailbox_other_than: list[Id] | msgspec.UnsetType = UNSET
    before: str | msgspec.UnsetType = UNSET
    after: str | msgspec.UnsetType = UNSET
    min_size: UnsignedInt | msgspec.UnsetType = UNSET
    max_size: UnsignedInt | msgspec.UnsetType = UNSET
    has_keyword: str | msgspec.UnsetType = UNSET
    not_keyword: str | msgspec.UnsetType = UNSET
    all_in_thread_have_keyword: str | msgspec.UnsetType = UNSET
    some_in_thread_have_keyword: str | msgspec.UnsetType = UNSET
    none_in_thread_have_keyword: str | msgspec.UnsetType = UNSET
    has_attachment: bool | msgspec.UnsetType = UNSET
    subject: str | msgspec.UnsetType = UNSET
    from_: str | msgspec.UnsetType = msgspec.field(default=UNSET, name="from")
    to: str | msgspec.UnsetType = UNSET
    cc: str | msgspec.UnsetType = UNSET
    bcc: str | msgspec.UnsetType = UNSET
    text: str | msgspec.UnsetType = UNSET
    body: str | msgspec.UnsetType = UNSET
    header: HeaderName | msgspec.UnsetType = UNSET


class Node(msgspec.Struct, frozen=True):
    """An operator over conditions."""

    operator: str
    conditions: list[Node | FilterCondition]


Test = Callable[[Entry], bool]
_FIELDS: Final = {
    "subject": Column.SUBJECT,
    "from_": Column.FROM,
    "to": Column.TO,
    "cc": Column.CC,
    "bcc": Column.BCC,
}
_BETWEEN: Final = frozenset("<>,")
MUTABLE: Final = frozenset(
    (
        "inMailbox", "inMailboxOtherThan", "hasKeyword", "notKeyword", "allInThreadHaveKeyword", "someInThreadHaveKeyword",
        "noneInThreadHaveKeyword",
    )
)  # fmt: skip


class Filter:
    """A filter of one account's emails. Raises `MethodError` when it is none."""

    def __init__(self, call: Call, folders: Folders, given: Object | None) -> None:
        self._call = call
        self._folders = folders
        self._tree = _compiled(read_filter(given))
        self._wording = Wording(call.store, call.service.wordbook, folders.account_id)

    async def match(self, roster: Roster) -> list[Entry]:
        """What matches, oldest first."""
        order = list(roster.order)  # it may change while words are looked for
        if self._tree is None:
            return order
        if isinstance(self._tree, FilterCondition) and not _dear(self._tree):
            test = self._test(self._tree, roster)
            return [entry for entry in order if test(entry)]
        by_id = dict(roster.by_id)
        found = await self._match(self._tree, set(by_id), (roster, by_id))
        return [entry for entry in order if entry.email_id in found]

    async def _match(
        self, node: Node | FilterCondition, among: set[int], where: tuple[Roster, Mapping[int, Entry]]
    ) -> set[int]:
        """As deep as `read_filter` lets a filter be."""
        if not among:
            return among
        if isinstance(node, FilterCondition):
            return await self._condition(node, among, where)
        if node.operator == "AND":
            for one in sorted(node.conditions, key=_cost):
                among = await self._match(one, among, where)
            return among
        found: set[int] = set()
        for one in sorted(node.conditions, key=_cost):
            found |= await self._match(one, among - found, where)
        return found if node.operator == "OR" else among - found

    async def _condition(
        self, node: FilterCondition, among: set[int], where: tuple[Roster, Mapping[int, Entry]]
    ) -> set[int]:
        roster, by_id = where
        test = self._test(node, roster)
        among = {email_id for email_id in among if test(by_id[email_id])}
        if node.has_attachment is not UNSET:
            values = await self._values(Column.ATTACHMENT, among)
            among = {one for one in among if values.get(one, False) == node.has_attachment}
        for name, column in _FIELDS.items():
            if (text := getattr(node, name)) is not UNSET:
                among = await self._says(column, text, among)
        for text, header in ((node.text, True), (node.body, False)):
            if text is not UNSET:
                for word in search_words(text):
                    among = await self._holds(Holds(word, header), among)
        if node.header is not UNSET:
            for word in search_words(_needle(node)) or [""]:
                among = await self._heads(Heads(node.header[0].lower(), word), among)
        return among

    def _test(self, node: FilterCondition, roster: Roster) -> Test:
        tests = [
            make(getattr(node, name), self._folders, roster)
            for name, make in _TESTS.items()
            if getattr(node, name) is not UNSET
        ]
        if len(tests) == 1:
            return tests[0]
        return lambda entry: all(test(entry) for test in tests)

    async def _values(self, column: Column, among: set[int]) -> Mapping[int, Any]:
        return await self._call.service.columns.values(
            self._call.store, self._folders.account_id, column, among
        )

    async def _says(self, column: Column, text: str, among: set[int]) -> set[int]:
        """Emails whose field has all words, white space in it being one space; the index tells which are worth looking at, but where a word has what
        stands between a name and an address, or between two of them."""
        for word in map(spaced, search_words(text)):
            if _BETWEEN.isdisjoint(word) or column is Column.SUBJECT:
                possible = await self._wording.possible(Holds(word, header=True))
                among = among if possible is None else among & possible
            values, needle = await self._values(column, among), casemap(word)
            among = {one for one in among if needle in values.get(one, "")}
        return among

    async def _holds(self, key: Holds, among: set[int]) -> set[int]:
        possible = await self._wording.possible(key)
        return await self._wording.holding(key, among if possible is None else among & possible)

    async def _heads(self, key: Heads, among: set[int]) -> set[int]:
        possible = await self._wording.possible(key)
        return await self._wording.heading(key, among if possible is None else among & possible)


def _compiled(tree: Operator | Object | None) -> Node | FilterCondition | None:
    """The tree with its conditions read, as deep as `read_filter` lets it be."""
    if tree is None:
        return None
    if isinstance(tree, Operator):
        return Node(tree.operator, [node for one in tree.conditions if (node := _compiled(one)) is not None])
    return _checked(tree)


def _checked(given: Object) -> FilterCondition:
    node = condition_of(given, FilterCondition)
    for name in ("before", "after"):
        value = getattr(node, name)
        if value is not UNSET and parse_utc_date(value) is None:
            raise MethodError("invalidArguments", f"filter: {name} is a UTCDate", arguments=["filter"])
    texts = [getattr(node, name) for name in (*_FIELDS, "text", "body")]
    for text in (*texts, _needle(node)):
        if text is not UNSET and len(search_words(text, MAX_WORDS + 1)) > MAX_WORDS:  # each must be there
            words = f"filter: at most {MAX_WORDS} words are looked for"
            raise MethodError("unsupportedFilter", words, arguments=["filter"])
    for name in _TESTS:
        if name.endswith("keyword") and (value := getattr(node, name)) is not UNSET and not is_keyword(value):
            raise MethodError(
                "invalidArguments", f"filter: {value[:100]!r} is no keyword", arguments=["filter"]
            )
    return node


def _needle(node: FilterCondition) -> str:
    """What a field of the header is to have; "" for any value."""
    return "" if node.header is UNSET else "".join(node.header[1:])


def _dear(node: FilterCondition) -> bool:
    return any(
        getattr(node, name) is not UNSET for name in (*_FIELDS, "text", "body", "header", "has_attachment")
    )


def _cost(node: Node | FilterCondition) -> int:
    if isinstance(node, Node):
        return max((_cost(one) for one in node.conditions), default=0)
    return 2 if node.header is not UNSET else 1 if _dear(node) else 0


def _in_mailbox(value: str, folders: Folders, _roster: Roster) -> Test:
    folder = folders.named(value)
    if folder is None or not folder.readable:
        raise MethodError("invalidArguments", "filter: there is no such mailbox", arguments=["filter"])
    number = folder.mailbox.mailbox_id
    return lambda entry: number in entry[4]


def _other_than(value: list[str], _folders: Folders, _roster: Roster) -> Test:
    numbers = {number_of(IdKind.MAILBOX, one) for one in value}
    return lambda entry: not numbers.issuperset(entry[4])


def _all_in_thread(value: str, roster: Roster, *, have: bool) -> Test:
    with_keyword = keyword_in_threads(roster, value, every=have)
    return lambda entry: with_keyword(entry) == have


def keyword_in_threads(roster: Roster, keyword: str, *, every: bool) -> Test:
    """Whether every email of an entry's thread has a keyword, or any one; each thread is looked through once."""
    keyword, threads, by_id = keyword.lower(), roster.threads, roster.by_id
    known: dict[int, bool] = {}

    def test(entry: Entry) -> bool:
        found = known.get(entry.thread_id)
        if found is None:
            having = (keyword in by_id[one].keywords for one in threads.get(entry.thread_id, ()))
            found = known[entry.thread_id] = all(having) if every else any(having)
        return found

    return test


def _before(value: str) -> Test:
    moment = parse_utc_date(value) or 0
    return lambda entry: entry[0] < moment


_Maker = Callable[[Any, Folders, Roster], Test]


def _keyword(value: str, *, has: bool) -> Test:
    keyword = value.lower()
    return lambda entry: (keyword in entry[5]) == has


_TESTS: Final[Mapping[str, _Maker]] = {
    "in_mailbox": _in_mailbox,
    "in_mailbox_other_than": _other_than,
    "before": lambda value, _, __: _before(value),
    "after": lambda value, _, __: _not(_before(value)),
    "min_size": lambda value, _, __: lambda entry: entry[3] >= value,
    "max_size": lambda value, _, __: lambda entry: entry[3] < value,
    "has_keyword": lambda value, _, __: _keyword(value, has=True),
    "not_keyword": lambda value, _, __: _keyword(value, has=False),
    "all_in_thread_have_keyword": lambda value, _, roster: _all_in_thread(value, roster, have=True),
    "none_in_thread_have_keyword": lambda value, _, roster: _all_in_thread(value, roster, have=False),
    "some_in_thread_have_keyword": lambda value, _, roster: _not(_all_in_thread(value, roster, have=False)),
}


def _not(test: Test) -> Test:
    return lambda entry: not test(entry)
