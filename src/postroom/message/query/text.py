"""A query as text, in one form for each tree, and as a sentence: what a form writes into the search box, and what people are told.

Reading the text gives the tree again. Not here: reading (`query_language`).
"""

from __future__ import annotations

from postroom.message.query.language import BARE, JOINING, NAMED, All, AnyOf, Not, Term, Tree, fold
from postroom.message.query.operators import AGES, BY_NAME, Operator


def query_text(tree: Tree) -> str:
    """The text of a tree that is in the form of `all_of`, `any_of` and `not_of`."""
    whole = fold(tree, term_text, _joined)
    return whole[1:-1] if isinstance(tree, All) else whole


def term_text(term: Term) -> str:
    """The text of a term."""
    if not term.name:
        return _quoted(term.value) if _needs_quotes(term.value) else term.value
    name = f"{term.name}:{term.of}" if term.of else term.name
    if term.of and not term.value:
        return name
    return f"{name}:{term.value if BARE.fullmatch(term.value) else _quoted(term.value)}"


def _needs_quotes(word: str) -> bool:
    return (
        BARE.fullmatch(word) is None
        or word[0] in "-!"
        or word in (*JOINING, "AROUND")
        or NAMED.match(word) is not None
    )


def _quoted(value: str) -> str:
    escaped = value.replace("\\", "\\\\").replace('"', '\\"')
    return f'"{escaped}"'


def _joined(node: Tree, below: list[str]) -> str:
    if isinstance(node, Not):
        return f"-{below[0]}"
    return f"{{{' '.join(below)}}}" if isinstance(node, AnyOf) else f"({' '.join(below)})"


def meaning(tree: Tree) -> str:
    """What a query finds, in words."""
    if tree == All(()):
        return "every message"
    return f"every message that {_unbracketed(fold(tree, term_meaning, _told))}"


def term_meaning(term: Term) -> str:
    """What a term finds, behind "a message that"."""
    operator = BY_NAME.get(term.name, Operator(""))
    value = term.value
    if term.of:
        return f"has “{value}” in its field {term.of}" if value else f"has a field {term.of}"
    if term.name in ("older_than", "newer_than"):
        unit = AGES[value[-1]]
        value = f"{value[:-1]} {unit[:-1] if value[:-1] == '1' else unit}"
    return operator.meaning.format(value)


def _told(node: Tree, below: list[str]) -> str:
    if isinstance(node, Not):
        return f"not [{_unbracketed(below[0])}]"
    return f"[{(' or ' if isinstance(node, AnyOf) else ' and ').join(below)}]"


def _unbracketed(told: str) -> str:
    """Without the brackets around all of it."""
    if not told.startswith("["):
        return told
    depth = 0
    for place, char in enumerate(told):
        depth += (char == "[") - (char == "]")
        if not depth:
            return told[1:-1] if place == len(told) - 1 else told
    return told
