"""What people type into a search box: `from:alice subject:"two words" -has:attachment {in:inbox in:archive} before:2026-01-02`.

Gmail's words, mox's short ones beside them, in one grammar for web, terminal and command line. `A B` are both, `A OR B` and `{A B}` any of them (OR binds
closer than standing side by side, as in Gmail), `-A` and `!A` everything else, `from:(A B)` is `from:A from:B`. Nothing is ever ignored: what is not
understood is a problem with its place and a remedy. No recursion, one pass. Not here: which operators there are (`query_operators`), how a tree is
written (`query_text`), what it finds.
"""

from __future__ import annotations

import difflib
import re
from collections.abc import Callable, Iterable
from typing import Final, TypeVar

import msgspec

from postroom.message.query.operators import BY_NAME, UNANSWERED, BadValue, Operator

MAX_QUERY: Final = 4_000  # characters of what is searched for
MAX_TERMS: Final = 50  # of one query, so that its filter fits into those of JMAP
MAX_DEPTH: Final = 8  # brackets in each other, likewise

_QUOTES: Final = {'"': '"', "\u201c": '"\u201c\u201d', "\u201d": '"\u201c\u201d', "\u201e": '"\u201c\u201d'}
BARE: Final = re.compile(r"[^\s(){}\"\u201c\u201d\u201e]+")
NAMED: Final = re.compile(r"([A-Za-z][A-Za-z0-9_-]*):")
_FIELD_NAME: Final = re.compile(r"[!#-'*-9;-z|~]+")  # RFC 5322 §3.6.8, but for what is punctuation here
JOINING: Final = ("OR", "AND")
_PLAIN: Final = dict.fromkeys((*range(32), 127), " ")

T = TypeVar("T")


class Term(msgspec.Struct, frozen=True):
    """One thing that is searched for. `name`: of its operator, "" for words anywhere; `of`: the header field that is meant by `header:`."""

    name: str
    value: str
    of: str = ""


class All(msgspec.Struct, frozen=True):
    """All of them; of none, everything."""

    members: tuple[Tree, ...]


class AnyOf(msgspec.Struct, frozen=True):
    """At least one of them."""

    members: tuple[Tree, ...]


class Not(msgspec.Struct, frozen=True):
    """Everything else."""

    member: Tree


Tree = Term | All | AnyOf | Not


class Placed(msgspec.Struct, frozen=True):
    """A term where it stands: from character `start` up to `end`. `negated`: whether it must not be there."""

    term: Term
    start: int
    end: int
    negated: bool


class Problem(msgspec.Struct, frozen=True):
    """What is not understood, where, and what to write in its place."""

    kind: str
    start: int
    end: int
    words: str
    remedy: str


class Parsed(msgspec.Struct, frozen=True):
    """`tree` is None when there are problems; it is in the form of `all_of`, `any_of` and `not_of`."""

    tree: Tree | None
    terms: tuple[Placed, ...]
    problems: tuple[Problem, ...]


def all_of(members: Iterable[Tree]) -> Tree:
    """All of them, as simple as it can be said."""
    flat = tuple(part for one in members for part in (one.members if isinstance(one, All) else (one,)))
    return flat[0] if len(flat) == 1 else All(flat)


def any_of(members: Iterable[Tree]) -> Tree:
    """Any of them (there is one), as simple as it can be said."""
    flat = tuple(part for one in members for part in (one.members if isinstance(one, AnyOf) else (one,)))
    return flat[0] if len(flat) == 1 else AnyOf(flat)


def not_of(member: Tree) -> Tree:
    """Everything else, as simple as it can be said."""
    return member.member if isinstance(member, Not) else Not(member)


def fold(tree: Tree, leaf: Callable[[Term], T], join: Callable[[Tree, list[T]], T]) -> T:
    """Makes one value of a tree: `leaf` of each term, `join` of a node and the values below it."""
    done: list[T] = []
    waiting = [(tree, False)]
    while waiting:
        node, seen = waiting.pop()
        if isinstance(node, Term):
            done.append(leaf(node))
            continue
        below = (node.member,) if isinstance(node, Not) else node.members
        if not seen:
            waiting.append((node, True))
            waiting += [(one, False) for one in reversed(below)]
        else:
            at = len(done) - len(below)
            done[at:] = [join(node, done[at:])]
    return done[0]


def parse(text: str) -> Parsed:
    """Reads a query; never raises. The first `MAX_QUERY` characters of a longer one are read, and that is a problem."""
    reading = _Reading(text[:MAX_QUERY].translate(_PLAIN))
    if len(text) > MAX_QUERY:
        words = f"a query has at most {MAX_QUERY} characters"
        reading.problem("tooLong", (MAX_QUERY, len(text)), words, "search for less")
    tree = reading.run()
    problems = tuple(sorted(reading.problems, key=lambda one: one.start))
    return Parsed(None if problems else tree, tuple(reading.terms), problems)


class _Group:
    """What stands in one pair of brackets, or outside of all. `field`: the operator and header field before the brackets."""

    def __init__(self, bracket: str, start: int, *, negated: bool, field: tuple[str, str]) -> None:
        self.bracket = bracket
        self.start = start
        self.negated = negated
        self.field = field
        self.odd = False  # whether what stands here must not be there, all brackets considered
        self.rows: list[list[Tree]] = []
        self.joining: tuple[str, int] | None = None

    def add(self, tree: Tree) -> None:
        """One more member, in the same row where OR stands before it."""
        if self.joining is not None and self.joining[0] == "OR":
            self.rows[-1].append(tree)
        else:
            self.rows.append([tree])
        self.joining = None

    def tree(self) -> Tree:
        """All that was said."""
        rows = [any_of(row) for row in self.rows]
        if self.bracket == "{" and rows:
            found = any_of(rows)
        else:
            found = all_of(rows)
        return not_of(found) if self.negated else found


class _Stop(Exception):
    """Nothing sensible can be read after this."""


class _Reading:
    """One pass over a text."""

    def __init__(self, text: str) -> None:
        self.text = text
        self.at = 0
        self.terms: list[Placed] = []
        self.problems: list[Problem] = []
        self._groups = [_Group("", 0, negated=False, field=("", ""))]

    def problem(self, kind: str, place: tuple[int, int], words: str, remedy: str) -> None:
        """Notes what is wrong."""
        self.problems.append(Problem(kind, *place, words, remedy))

    def run(self) -> Tree:
        """The tree; of no use when there are problems."""
        try:
            while self.at < len(self.text):
                if self.text[self.at].isspace():
                    self.at += 1
                elif self.text[self.at] in ")}":
                    self._close()
                else:
                    self._item()
        except _Stop:
            return All(())
        for group in self._groups[1:]:
            closing = ")" if group.bracket == "(" else "}"
            words = f"this {group.bracket} is not closed"
            self.problem(
                "brackets", (group.start, group.start + 1), words, f"add a {closing}, or put it in quotes"
            )
        self._check_joined(self._groups[-1])
        return self._groups[0].tree()

    def _item(self) -> None:
        start = self.at
        following = self.text[start + 1 : start + 2]
        negated = (
            self.text[start] in "-!" and bool(following) and following not in ")}" and not following.isspace()
        )
        self.at += negated
        group = self._groups[-1]
        bare = BARE.match(self.text, self.at)
        if bare is None:
            self._value(start, group.field, negated=negated)
        elif bare[0] in JOINING and not negated:
            self._join(bare[0])
        elif named := NAMED.match(self.text, self.at):
            self._operator(start, named, negated=negated)
        elif bare[0] == "AROUND":
            self.at = bare.end()
            self._wrong(
                start, "operator", "words near each other cannot be searched for", 'as a word it is "AROUND"'
            )
        else:
            self.at = bare.end()
            self._term(start, (*group.field, bare[0]), negated=negated)

    def _operator(self, start: int, named: re.Match[str], *, negated: bool) -> None:
        name = named[1].lower()
        operator = BY_NAME.get(name)
        if operator is None or self._groups[-1].field[0]:
            self._skip_value(named)
            self._unknown(start, name, known=operator is not None)
            return
        self.at = named.end()
        of = ""
        if operator.name == "header":
            field = _FIELD_NAME.match(self.text, self.at)
            if field is None:
                self._skip_value(named)
                self._wrong(start, "value", "header: needs the name of a field", "write header:Name:words")
                return
            of, self.at = field[0], field.end()
            if self.text[self.at : self.at + 1] != ":":
                self._term(start, (operator.name, of, ""), negated=negated)
                return
            self.at += 1
        self._value(start, (operator.name, of), negated=negated)

    def _skip_value(self, named: re.Match[str]) -> None:
        """Behind the value of an operator that is of no use, so that only one problem is told."""
        self.at = named.end()
        if self.text[self.at : self.at + 1] in _QUOTES and self.at < len(self.text):
            self._quoted()
        elif bare := BARE.match(self.text, self.at):
            self.at = bare.end()

    def _unknown(self, start: int, name: str, *, known: bool) -> None:
        written = self.text[start : self.at]
        if known:
            words, remedy = (
                f"{name}: stands in the brackets of another operator",
                f"put {name}: before brackets of its own",
            )
        elif name in UNANSWERED:
            words, remedy = f"{name}: cannot be searched for here", UNANSWERED[name]
        else:
            near = difflib.get_close_matches(name, BY_NAME, 1)
            said = f"perhaps {near[0]}: is meant; " if near else ""
            words, remedy = f"there is no operator {name}:", f'{said}as words, put it in quotes: "{written}"'
        self._wrong(start, "operator", words, remedy)

    def _value(self, start: int, field: tuple[str, str], *, negated: bool) -> None:
        """A value in quotes, in brackets, or one word; it begins here."""
        first = self.text[self.at : self.at + 1]
        if first and first in "({":
            self._open(_Group(first, self.at, negated=negated, field=field))
            return
        if first and first in _QUOTES:
            value = self._quoted()
        else:
            bare = BARE.match(self.text, self.at)
            value = bare[0] if bare else ""
            self.at += len(value)
        self._term(start, (*field, value), negated=negated)

    def _quoted(self) -> str:
        """What is in the quotes that begin here; a backslash takes the next character as it is."""
        start, ends = self.at, _QUOTES[self.text[self.at]]
        letters: list[str] = []
        self.at += 1
        while self.at < len(self.text) and self.text[self.at] not in ends:
            if self.text[self.at] == "\\" and self.at + 1 < len(self.text):
                self.at += 1
            letters.append(self.text[self.at])
            self.at += 1
        if self.at >= len(self.text):
            self.problem(
                "quote", (start, len(self.text)), "this quote is not closed", 'add a " where it ends'
            )
            raise _Stop
        self.at += 1
        return "".join(letters)

    def _term(self, start: int, said: tuple[str, str, str], *, negated: bool) -> None:
        name, of, value = said
        operator = BY_NAME.get(name, Operator(""))
        if len(self.terms) >= MAX_TERMS:
            self.problem(
                "tooMany", (start, self.at), f"a query has at most {MAX_TERMS} terms", "search for less"
            )
            raise _Stop
        try:
            if not value.strip() and not of:
                what = f"{name}: needs something behind it" if name else "these quotes are empty"
                raise BadValue(what, operator.example or "write words between them")
            term = Term(name, operator.kind(value) if value.strip() else "", of.lower())
        except BadValue as bad:
            self._wrong(start, "value", bad.words, bad.remedy)
            return
        group = self._groups[-1]
        group.add(not_of(term) if negated else term)
        self.terms.append(Placed(term, start, self.at, group.odd != negated))

    def _wrong(self, start: int, kind: str, words: str, remedy: str) -> None:
        """A term that is none; something stands in its place, so that no other problems come of it."""
        self.problem(kind, (start, self.at), words, remedy)
        self._groups[-1].add(Term("", "?"))

    def _join(self, word: str) -> None:
        group, start = self._groups[-1], self.at
        self.at += len(word)
        if word == "AND" and group.bracket == "{":
            self.problem(
                "joining", (start, self.at), "AND stands within { }, where any may hold", "use ( ) instead"
            )
        elif not group.rows or group.joining is not None:
            self.problem(
                "joining", (start, self.at), f"nothing stands before {word}", f'as a word it is "{word}"'
            )
        else:
            group.joining = (word, start)

    def _check_joined(self, group: _Group) -> None:
        if group.joining is not None:
            word, start = group.joining
            self.problem(
                "joining",
                (start, start + len(word)),
                f"nothing stands behind {word}",
                f'as a word it is "{word}"',
            )

    def _open(self, group: _Group) -> None:
        self.at += 1
        if len(self._groups) > MAX_DEPTH:
            words = f"at most {MAX_DEPTH} brackets stand in each other"
            self.problem("tooDeep", (group.start, self.at), words, "leave out what is not needed")
            raise _Stop
        group.odd = self._groups[-1].odd != group.negated
        self._groups.append(group)

    def _close(self) -> None:
        char, group = self.text[self.at], self._groups[-1]
        place = (self.at, self.at + 1)
        self.at += 1
        if {"(": ")", "{": "}"}.get(group.bracket) != char:
            self.problem(
                "brackets", place, f"this {char} closes nothing", "put words with brackets in quotes"
            )
            return
        self._check_joined(group)
        self._groups.pop()
        if not group.rows:
            self.problem(
                "brackets", (group.start, self.at), "nothing stands in these brackets", "leave them out"
            )
            group.add(Term("", "?"))
        self._groups[-1].add(group.tree())
