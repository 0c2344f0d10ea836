"""Commands that look for messages: SEARCH, SORT, THREAD, ESEARCH, and CANCELUPDATE.

RFC 9051 §6.4.4 and §6.4.9, RFC 4731 §3.1 (result options), RFC 5182 (SAVE), RFC 5256 §3 (SORT, THREAD), RFC 5267 §3 and §4 (ESORT, contexts), RFC
5465 §7, RFC 5957 §4, RFC 7377 §2 (ESEARCH), RFC 9394 §3.1 (PARTIAL). Not here: the keys (`proto.imap.search_keys`), the answers (`proto.imap.esearch`).
"""

from __future__ import annotations

import enum
from collections.abc import Callable
from typing import Any, Final

import msgspec

from postroom.proto.imap.commands.fetching import Attribute, attributes
from postroom.proto.imap.grammar import ImapCursor, keyword, parenthesized, quoted, text
from postroom.proto.imap.search_keys import Program, charset_and_program, charset_name, program
from postroom.proto.imap.sets import partial_range
from postroom.proto.imap.sources import Source, mailbox_source
from postroom.proto.imap.verb import AFTER, SELECTED, Command, Verb

MAX_CRITERIA: Final = 20  # of one SORT
ENDLESS: Final = (1 << 32, False)  # as `Returns.enough` says that all are needed
MAX_SOURCES: Final = 1_000  # mailboxes that one ESEARCH names


class Returns(msgspec.Struct, frozen=True):
    """Result options: names in upper case; `partial` as it was given, negative from the end. `attributes`: told of new messages that UPDATE adds."""

    options: frozenset[str] = frozenset()
    partial: tuple[int, int] | None = None
    attributes: tuple[Attribute, ...] = ()

    @property
    def all(self) -> bool:
        """Whether all results are asked for, which no option but SAVE and CONTEXT or UPDATE stands for too (RFC 4731 §3.1)."""
        return "ALL" in self.options or (
            self.partial is None and self.options.isdisjoint(("MIN", "MAX", "COUNT", "SAVE", "RELEVANCY"))
        )

    @property
    def tells(self) -> bool:
        """Whether there is a response: not when nothing but SAVE is asked for (RFC 9051 §6.4.4)."""
        return self.options != {"SAVE"} or self.partial is not None

    @property
    def enough(self) -> tuple[int, bool]:
        """After how many results no more need to be looked for, and whether the last ones are wanted."""
        options = self.options - {"SAVE", "CONTEXT"}
        if self.partial is not None and not options:
            return max(map(abs, self.partial)), self.partial[0] < 0
        only = {frozenset({"MIN"}): (1, False), frozenset({"MAX"}): (1, True)}
        return ENDLESS if self.partial is not None else only.get(options, ENDLESS)

    @property
    def update(self) -> bool:
        """Whether the result is to be kept up to date (RFC 5267 §4.3)."""
        return "UPDATE" in self.options

    @property
    def save(self) -> bool:
        """Whether `$` is to be the result."""
        return "SAVE" in self.options


class Search(Command, frozen=True):
    """SEARCH and UID SEARCH. `returns` None: without RETURN."""

    program: Program
    by_uid: bool = False
    returns: Returns | None = None


class Criterion(enum.StrEnum):
    """What messages are sorted by (RFC 5256 §3, RFC 5957 §4, RFC 6203 §6)."""

    ARRIVAL = "ARRIVAL"
    CC = "CC"
    DATE = "DATE"
    DISPLAYFROM = "DISPLAYFROM"
    DISPLAYTO = "DISPLAYTO"
    FROM = "FROM"
    RELEVANCY = "RELEVANCY"
    SIZE = "SIZE"
    SUBJECT = "SUBJECT"
    TO = "TO"


class Order(msgspec.Struct, frozen=True):
    """One criterion, perhaps descending."""

    criterion: Criterion
    reverse: bool = False


class Sort(Command, frozen=True):
    """SORT and UID SORT. `returns` None: without RETURN."""

    orders: tuple[Order, ...]
    program: Program
    by_uid: bool = False
    returns: Returns | None = None


class Algorithm(enum.StrEnum):
    """How messages are made threads (RFC 5256 §3, and REFS, which came later)."""

    ORDEREDSUBJECT = "ORDEREDSUBJECT"
    REFERENCES = "REFERENCES"
    REFS = "REFS"


class Thread(Command, frozen=True):
    """THREAD and UID THREAD."""

    algorithm: Algorithm
    program: Program
    by_uid: bool = False


class MultiSearch(Command, frozen=True):
    """ESEARCH: always with uids. No `sources`: the selected mailbox."""

    sources: tuple[Source, ...]
    program: Program
    returns: Returns


class CancelUpdate(Command, frozen=True):
    """CANCELUPDATE: the tags of searches that are not to be told of any more."""

    tags: tuple[bytes, ...]


_OPTIONS: Final = frozenset(
    {"MIN", "MAX", "ALL", "COUNT", "SAVE", "PARTIAL", "RELEVANCY", "CONTEXT", "UPDATE"}
)
_UNNAMED: Final = ("SELECTED", "PERSONAL", "INBOXES", "SUBSCRIBED")
_NAMED: Final = ("SUBTREE", "SUBTREE-ONE", "MAILBOXES")


def _returns(c: ImapCursor) -> Returns | None:
    # search-return-opts = SP "RETURN" SP "(" [search-return-opt *(SP search-return-opt)] ")"     RFC 9051 §9
    if not c.accept_keyword(b" RETURN "):
        return None
    start = c.position
    found = parenthesized(c, _option)
    names = [name for name, _ in found]
    partials = [value for name, value in found if name == "PARTIAL"]
    asked = [value for name, value in found if name == "UPDATE"]
    if names.count("PARTIAL") + names.count("ALL") > 1:  # RFC 9394 §3.1
        c.position = start
        raise c.error("one of ALL and PARTIAL, once")
    return Returns(
        frozenset(names) - {"PARTIAL"}, partials[0] if partials else None, asked[0] if asked else ()
    )


def _option(c: ImapCursor) -> tuple[str, Any]:
    start = c.position
    name = keyword(c, "a result option").decode()
    if name not in _OPTIONS:
        c.position = start
        raise c.error("a result option, such as MIN, MAX, ALL, COUNT, SAVE or PARTIAL,")
    if name == "UPDATE":  # ["(" fetch-att *(SP fetch-att) ")"], RFC 5465 §7
        return name, _update_attributes(c)
    if name != "PARTIAL":
        return name, None
    c.sp()
    return name, partial_range(c)


def _update_attributes(c: ImapCursor) -> tuple[Attribute, ...]:
    if not c.peek(b" ("):
        return ()
    c.sp()
    return attributes(c)


def _checked(c: ImapCursor, asked: Program, *, relevancy: bool) -> None:
    """RELEVANCY must not be used without FUZZY (RFC 6203 §4)."""
    if relevancy and not asked.fuzzy:
        raise c.error("FUZZY among the search keys, which RELEVANCY needs,")


def _search(*, by_uid: bool) -> Callable[[ImapCursor], Search]:
    def parse(c: ImapCursor) -> Search:
        # search = "SEARCH" [search-return-opts] SP search-program                       RFC 9051 §9
        returns = _returns(c)
        asked = charset_and_program(c)
        _checked(c, asked, relevancy=returns is not None and "RELEVANCY" in returns.options)
        return Search(asked, by_uid, returns)

    return parse


def _sort(*, by_uid: bool) -> Callable[[ImapCursor], Sort]:
    def parse(c: ImapCursor) -> Sort:
        # extended-sort = ["UID" SP] "SORT" search-return-opts SP sort-criteria SP search-criteria     RFC 5267 §5
        returns = _returns(c)
        c.sp()
        orders = tuple(parenthesized(c, _order, least=1))
        if len(orders) > MAX_CRITERIA:
            raise c.error(f"at most {MAX_CRITERIA} sort criteria")
        c.sp()
        asked = program(c, charset_name(c))
        ranked = any(order.criterion is Criterion.RELEVANCY for order in orders)
        _checked(c, asked, relevancy=ranked or (returns is not None and "RELEVANCY" in returns.options))
        return Sort(orders, asked, by_uid, returns)

    return parse


def _order(c: ImapCursor) -> Order:
    # sort-criterion = ["REVERSE" SP] sort-key                                       RFC 5256 §5
    reverse = c.accept_keyword(b"REVERSE ")
    start = c.position
    name = keyword(c, "a sort criterion").decode()
    if name not in Criterion.__members__:
        c.position = start
        raise c.error("a sort criterion: " + ", ".join(Criterion))
    return Order(Criterion(name), reverse)


def _thread(*, by_uid: bool) -> Callable[[ImapCursor], Thread]:
    def parse(c: ImapCursor) -> Thread:
        # thread = ["UID" SP] "THREAD" SP thread-alg SP search-criteria                  RFC 5256 §5
        c.sp()
        start = c.position
        name = keyword(c, "a threading algorithm").decode()
        if name not in Algorithm.__members__:
            c.position = start
            raise c.error("a threading algorithm: " + ", ".join(Algorithm))
        c.sp()
        return Thread(Algorithm(name), program(c, charset_name(c)), by_uid)

    return parse


def _multi_search(c: ImapCursor) -> MultiSearch:
    # esearch = "ESEARCH" [SP esearch-source-opts] [SP search-return-opts] SP search-program     RFC 7377 §4
    sources: tuple[Source, ...] = ()
    if c.accept_keyword(b" IN "):
        sources = tuple(_sources(c))
    returns = _returns(c) or Returns()
    asked = charset_and_program(c)
    _checked(c, asked, relevancy="RELEVANCY" in returns.options)
    return MultiSearch(sources, asked, returns)


def _sources(c: ImapCursor) -> list[Source]:
    """`(` filter-mailboxes *(SP filter-mailboxes) `)`; there are no scope options."""
    c.expect(b"(", "a list of mailboxes in parentheses")
    found: list[Source] = []
    while True:
        found.append(mailbox_source(c, _UNNAMED, _NAMED))
        if sum(max(1, len(source.names)) for source in found) > MAX_SOURCES:
            raise c.error(f"at most {MAX_SOURCES} mailboxes")
        if c.accept(b")"):
            return found
        c.sp()


def _cancel_update(c: ImapCursor) -> CancelUpdate:
    # "CANCELUPDATE" 1*(SP quoted)                                                   RFC 5267 §5
    tags = []
    while c.accept(b" "):
        tags.append(text(quoted(c), c, "a tag").encode())
    if not tags:
        raise c.error("a space and a tag in quotes")
    return CancelUpdate(tuple(tags))


VERBS: Final = {
    b"SEARCH": Verb(_search(by_uid=False), SELECTED, "RFC 9051 §6.4.4", expunges=False, by_number=True),
    b"UID SEARCH": Verb(_search(by_uid=True), SELECTED, "RFC 9051 §6.4.9"),
    b"SORT": Verb(_sort(by_uid=False), SELECTED, "RFC 5256 §3", "SORT", expunges=False, by_number=True),
    b"UID SORT": Verb(_sort(by_uid=True), SELECTED, "RFC 5256 §3", "SORT"),
    b"THREAD": Verb(
        _thread(by_uid=False), SELECTED, "RFC 5256 §3", "THREAD=REFERENCES", expunges=False, by_number=True
    ),
    b"UID THREAD": Verb(_thread(by_uid=True), SELECTED, "RFC 5256 §3", "THREAD=REFERENCES"),
    b"ESEARCH": Verb(_multi_search, AFTER, "RFC 7377 §2", "MULTISEARCH"),
    b"CANCELUPDATE": Verb(_cancel_update, SELECTED, "RFC 5267 §4.3.5", "CONTEXT=SEARCH"),
}
