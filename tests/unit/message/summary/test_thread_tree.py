"""Threads, compared with the words of RFC 5256 §3 taken literally."""

import dataclasses

import pytest
from hypothesis import given
from hypothesis import strategies as st

from postroom.message.summary.thread_tree import MAX_DEPTH, Link, ordered_subject, references, refs
from postroom.serve.imap.searching.threads import rendered


def link(date=0, message_id="", references=(), subject="", *, reply=False):
    return Link(date, message_id, tuple(references), subject, reply)


@dataclasses.dataclass(eq=False)
class Node:
    """A message of the slow algorithm; `place` None is a dummy."""

    place: int | None = None
    parent: "Node | None" = None
    children: list["Node"] = dataclasses.field(default_factory=list)

    def above(self):
        node = self
        while node is not None:
            yield node
            node = node.parent


def slowly(messages, *, subjects=True):
    """The steps of RFC 5256, one after the other."""
    table = {}
    nodes = [Node(place) for place in range(len(messages))]
    for node, message in zip(nodes, messages, strict=True):
        if message.message_id:
            table.setdefault(message.message_id, node)

    def attach(parent, child):
        if child in parent.above():
            return
        child.parent = parent
        parent.children.append(child)

    for node, message in zip(nodes, messages, strict=True):
        before = None
        for reference in message.references:
            found = table.get(reference)
            if found is None:
                found = table[reference] = Node()
            if before is not None and found.parent is None:
                attach(before, found)
            before = found
        if node.parent is not None:
            node.parent.children.remove(node)
            node.parent = None
        if before is not None:
            attach(before, node)
    everyone = nodes + [node for node in table.values() if node.place is None]
    roots = prune([node for node in everyone if node.parent is None], top=True)

    def head(node):
        return node.place if node.place is not None else node.children[0].place

    def date(node):
        return messages[head(node)].date, head(node)

    def tidy(siblings):
        for node in siblings:
            tidy(node.children)
        siblings.sort(key=date)

    def latest(node):
        own = [] if node.place is None else [(messages[node.place].date, node.place)]
        return max(own + [latest(child) for child in node.children])

    tidy(roots)
    if subjects:
        roots = merge(roots, messages, head)
        tidy(roots)
    else:
        roots.sort(key=latest)
    return roots


def prune(siblings, *, top=False):
    kept = []
    for node in siblings:
        node.children = prune(node.children)
        if node.place is not None or (top and len(node.children) > 1):
            kept.append(node)
        else:
            kept += node.children
    return kept


def merge(roots, messages, head):
    def reply(node):
        return node.place is not None and messages[node.place].reply

    table = {}
    for node in roots:
        subject = messages[head(node)].subject
        if not subject:
            continue
        there = table.get(subject)
        if there is None or (
            there.place is not None and (node.place is None or (reply(there) and not reply(node)))
        ):
            table[subject] = node
    kept = list(roots)
    for node in roots:
        subject = messages[head(node)].subject
        there = table.get(subject)
        if not subject or there is node:
            continue
        kept.remove(node)
        if there.place is None:
            there.children += node.children if node.place is None else [node]
        elif reply(node) and not reply(there):
            there.children.append(node)
        else:
            dummy = Node(None, None, [there, node])
            kept[kept.index(there)] = dummy
            table[subject] = dummy
    return kept


def written(node):
    if node.place is None:
        return "(" + "".join(written(child) for child in node.children) + ")"
    words = str(node.place + 1)
    if len(node.children) == 1:
        return f"({words} {written(node.children[0])[1:]}"
    return f"({words}{' ' if node.children else ''}{''.join(written(child) for child in node.children)})"


IDS = st.sampled_from(["a", "b", "c", "d", "e", "f"])
LINKS = st.builds(
    link,
    date=st.integers(0, 5),
    message_id=st.one_of(st.just(""), IDS),
    references=st.lists(IDS, max_size=4),
    subject=st.sampled_from(["", "X", "Y"]),
    reply=st.booleans(),
)


def text(forest, messages):
    return rendered(forest, list(range(1, len(messages) + 1))).decode()


@given(st.lists(LINKS, max_size=8))
def test_references_are_as_the_rfc_says(messages):
    assert text(references(messages), messages) == "".join(map(written, slowly(messages)))


@given(st.lists(LINKS, max_size=8))
def test_refs_are_the_same_without_subjects(messages):
    assert text(refs(messages), messages) == "".join(map(written, slowly(messages, subjects=False)))


@given(st.lists(LINKS, max_size=8))
def test_ordered_subjects(messages):
    groups = {}
    for place in sorted(range(len(messages)), key=lambda at: (messages[at].subject, messages[at].date, at)):
        groups.setdefault(messages[place].subject, []).append(place)
    threads = sorted(groups.values(), key=lambda group: (messages[group[0]].date, group[0]))
    expected = [Node(first, None, [Node(place) for place in rest]) for first, *rest in threads]
    assert text(ordered_subject(messages), messages) == "".join(map(written, expected))


def test_threads_as_they_are_written():
    """The example of RFC 5256 §4, by references."""
    numbers = [2, 3, 6, 4, 23, 44, 7, 96]
    parents = {6: 3, 4: 6, 23: 4, 44: 6, 7: 44, 96: 7}
    messages = [
        link(place, str(number), [str(parents[number])] if number in parents else [])
        for place, number in enumerate(numbers)
    ]
    assert rendered(references(messages), numbers) == b"(2)(3 6 (4 23)(44 7 96))"


def test_siblings_of_a_parent_that_is_not_there():
    messages = [link(0, "x", ["gone"]), link(1, "y", ["gone"])]
    assert rendered(references(messages), [3, 5]) == b"((3)(5))"


@pytest.mark.parametrize("length", [MAX_DEPTH, 20 * MAX_DEPTH])
def test_a_long_chain_is_cut(length):
    messages = [link(place, str(place), [str(place - 1)] if place else []) for place in range(length)]
    forest = references(messages)
    assert sum(len(kids) for kids in forest.children) + len(forest.roots) == length
    assert text(forest, messages).count("(") >= 1


def test_a_chain_at_its_limit_and_beyond():
    def threads(length):
        messages = [link(place, str(place), [str(place - 1)] if place else []) for place in range(length)]
        return len(references(messages).roots)

    assert threads(MAX_DEPTH + 1) == 1
    assert threads(MAX_DEPTH + 2) == 2
