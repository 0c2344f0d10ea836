"""Messages as threads: who answers whom, by References and by subject.

RFC 5256 §3 (ORDEREDSUBJECT and REFERENCES) and §2.2 (the sent date), and REFS, which is REFERENCES without the subjects and with the threads in the
order of their latest message. Nothing recurses, and what a hostile set of references costs is bounded. Pure. Not here: where the values come from,
how threads are written.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Final

import msgspec

MAX_DEPTH: Final = (
    1_000  # messages under each other in one thread; what would be deeper begins a thread of its own
)
STEPS: Final = 1_000_000  # towards the root that are spent on finding loops; then only near ones are found, and what lies deep is not linked
STEPS_EACH: Final = 200  # the same, added for each message
_SHALLOW: Final = 10  # steps of each when those are spent

Children = list[list[int]]


class Link(msgspec.Struct, frozen=True, gc=False):
    """A message. `date`: any unit, of the sent date; `subject`: the base subject, mapped by `casemap`; `reply`: of a reply or forward.

    `references` run from the farthest to the nearest; identifiers "" are none.
    """

    date: int
    message_id: str
    references: Sequence[str]
    subject: str
    reply: bool


class Forest(msgspec.Struct):
    """Threads: `roots` and `children` are places in the list of messages, in their order. A place from its end on is a parent that is not there."""

    roots: list[int]
    children: Children


def ordered_subject(messages: Sequence[Link]) -> Forest:
    """ORDEREDSUBJECT: the first message of a subject, and the others as its children."""
    children: Children = [[] for _ in messages]
    first: dict[str, int] = {}
    for place in sorted(range(len(messages)), key=lambda at: (messages[at].date, at)):
        root = first.setdefault(messages[place].subject, place)
        if root != place:
            children[root].append(place)
    return Forest(list(first.values()), children)


def references(messages: Sequence[Link]) -> Forest:
    """REFERENCES."""
    tree = _Tree(messages)
    tree.link()
    tree.prune()
    tree.sort(tree.first_date)
    tree.gather_subjects()
    tree.sort(tree.first_date)
    return Forest(tree.roots, tree.children)


def refs(messages: Sequence[Link]) -> Forest:
    """REFS."""
    tree = _Tree(messages)
    tree.link()
    tree.prune()
    tree.sort(tree.latest_date)
    return Forest(tree.roots, tree.children)


class _Tree:
    """The work of REFERENCES; `parents` is -1 where there is none."""

    def __init__(self, messages: Sequence[Link]) -> None:
        self._messages = messages
        self._real = len(messages)
        self._parents = [-1] * self._real
        self._steps = STEPS + STEPS_EACH * self._real
        self.children: Children = []
        self.roots: list[int] = []

    # ------------------------------------------------------------------------------------------------------------ step 1

    def link(self) -> None:
        """Steps 1 and 2: parents by references, dummies for messages that are not there."""
        places: dict[str, int] = {}
        for place, message in enumerate(self._messages):
            if message.message_id:
                places.setdefault(message.message_id, place)
        parents = self._parents
        for place, message in enumerate(self._messages):
            before = -1
            for reference in message.references:
                at = places.get(reference, -1)
                if at < 0:
                    at = places[reference] = len(parents)
                    parents.append(-1)
                if before >= 0 and parents[at] < 0 and not self._loops(before, at):
                    parents[at] = before
                before = at
            parents[place] = -1
            if before >= 0 and not self._loops(before, place):
                parents[place] = before

    def _loops(self, parent: int, child: int) -> bool:
        """Whether `child` lies above `parent`, or is it; also when that is too far to tell."""
        parents = self._parents
        most = MAX_DEPTH if self._steps > 0 else _SHALLOW
        for step in range(most):
            if parent == child:
                return True
            parent = parents[parent]
            if parent < 0:
                self._steps -= step
                return False
        self._steps -= most
        return True

    # ------------------------------------------------------------------------------------------------------------ step 3

    def prune(self) -> None:
        """Dummies go, and their children take their place; but none of several children comes to the top."""
        parents, real = self._parents, self._real
        children: Children = [[] for _ in parents]
        roots: list[int] = []
        for place in self._upwards():
            kids = children[place]
            parent = parents[place]
            if parent < 0:
                if place < real or len(kids) > 1:
                    roots.append(place)
                else:
                    roots += kids
            elif place < real:
                children[parent].append(place)
            else:
                children[parent] += kids
        self.children, self.roots = children, roots

    def _upwards(self) -> list[int]:
        """All places, children before their parents."""
        below: Children = [[] for _ in self._parents]
        order: list[int] = []
        for place, parent in enumerate(self._parents):
            (below[parent] if parent >= 0 else order).append(place)
        for place in order:  # grows while it is read
            order += below[place]
        order.reverse()
        return order

    # ------------------------------------------------------------------------------------------------------- steps 4 and 6

    def sort(self, of_root: Callable[[int], tuple[int, int]]) -> None:
        """Siblings by sent date, and by their place where that is the same; roots as `of_root` says."""
        for kids in self.children:
            if len(kids) > 1:
                kids.sort(key=self._date)
        self.roots.sort(key=of_root)

    def _date(self, place: int) -> tuple[int, int]:
        return self._messages[place].date, place

    def first_date(self, root: int) -> tuple[int, int]:
        """The date of a root; of a dummy that of its first child."""
        return self._date(self._first(root))

    def latest_date(self, root: int) -> tuple[int, int]:
        """The latest date in a thread."""
        thread = [root]
        for place in thread:  # grows while it is read
            thread += self.children[place]
        return max(self._date(place) for place in thread if place < self._real)

    def _first(self, root: int) -> int:
        return root if root < self._real else self.children[root][0]

    # ------------------------------------------------------------------------------------------------------------ step 5

    def gather_subjects(self) -> None:
        """Threads with the same subject become one."""
        table = self._subjects()
        kept: list[int | None] = list(self.roots)
        where = {root: at for at, root in enumerate(self.roots)}
        for at, root in enumerate(self.roots):
            subject = self._messages[self._first(root)].subject
            other = table.get(subject, root)
            if not subject or other == root:
                continue
            kept[at] = None
            if other >= self._real:
                self.children[other] += self.children[root] if root >= self._real else [root]
            elif self._messages[root].reply and not self._messages[other].reply:
                self.children[other].append(root)
            else:
                dummy = len(self.children)
                self.children.append([other, root])
                table[subject] = dummy
                kept[where[other]] = dummy
                where[dummy] = where[other]
        self.roots = [root for root in kept if root is not None]

    def _subjects(self) -> dict[str, int]:
        """The subject table: of each subject the thread that the others are merged with."""
        table: dict[str, int] = {}
        messages, real = self._messages, self._real
        for root in self.roots:
            subject = messages[self._first(root)].subject
            if not subject:
                continue
            other = table.setdefault(subject, root)
            if other == root or other >= real:
                continue
            if root >= real or (messages[other].reply and not messages[root].reply):
                table[subject] = root
        return table
