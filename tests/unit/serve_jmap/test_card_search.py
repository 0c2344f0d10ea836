"""Cards are folded once for all conditions of a filter, in a thread, slice by slice."""

import threading
from typing import Any

import pytest

from card_file import add
from jmap_stage import JmapStage
from postroom.message.encodings.casemap import casemap
from postroom.serve.jmap.contacts import contact_card_query

LONG = 10_000


async def test_a_card_for_all_conditions(stage: JmapStage, monkeypatch: pytest.MonkeyPatch) -> None:
    """In a thread: a card has up to a megabyte, and there are many."""
    bob = stage.jmap()
    for _ in range(3):
        await add(bob, notes={"n": {"note": "é" * LONG}})
    folded: list[int] = []
    threads = set()

    def noted(text: str) -> str:
        folded.append(len(text))
        if len(text) >= LONG:
            threads.add(threading.get_ident())
        return casemap(text)

    monkeypatch.setattr(contact_card_query, "casemap", noted)
    conditions = [{name: f"z{number}"} for number in range(20) for name in ("text", "note")]
    asked: dict[str, Any] = {"operator": "OR", "conditions": conditions}
    assert (await bob.call("ContactCard/query", filter=asked))["ids"] == []
    assert sum(length >= LONG for length in folded) == 3 * 2
    assert threading.get_ident() not in threads


async def test_all_slices_of_cards_are_looked_through(
    stage: JmapStage, monkeypatch: pytest.MonkeyPatch
) -> None:
    bob = stage.jmap()
    cards = [(await add(bob, name={"full": f"{number % 2}"}))["id"] for number in range(5)]
    for at_once in (1, 2, 4, 5, 6):
        monkeypatch.setattr(contact_card_query, "AT_ONCE", at_once)
        asked = {"operator": "AND", "conditions": [{"name": "1"}, {"text": " " * at_once + "1"}]}
        assert sorted((await bob.call("ContactCard/query", filter=asked))["ids"]) == sorted(cards[1::2])
