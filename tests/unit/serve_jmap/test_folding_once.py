"""Texts of filters are folded once, however many objects there are."""

from typing import Any

import pytest

from jmap_stage import JmapStage
from postroom.message.encodings.casemap import casemap
from postroom.serve.jmap.mail import mailbox_query
from postroom.serve.jmap.sharing import principal

LONG = 10_000


async def test_the_name_of_a_mailbox_filter(stage: JmapStage, monkeypatch: pytest.MonkeyPatch) -> None:
    bob = stage.jmap()
    there = len((await bob.call("Mailbox/get", ids=None))["list"])
    folded: list[int] = []

    def noted(text: str) -> str:
        folded.append(len(text))
        return casemap(text)

    monkeypatch.setattr(mailbox_query, "casemap", noted)
    assert (await bob.call("Mailbox/query", filter={"name": "é" * LONG}))["ids"] == []
    assert folded.count(LONG) == 1
    assert len(folded) == there + 1


@pytest.mark.parametrize("name", ["name", "email", "text"])
async def test_the_text_of_a_principal_filter(
    stage: JmapStage, monkeypatch: pytest.MonkeyPatch, name: str
) -> None:
    for other in range(3):
        await stage.move_in(f"p{other}@hamburger.test")
    folded: list[int] = []

    def noted(text: str) -> str:
        folded.append(len(text))
        return casemap(text)

    monkeypatch.setattr(principal, "casemap", noted)
    asked: dict[str, Any] = {"operator": "NOT", "conditions": [{name: "q" * LONG}]}
    assert len((await stage.jmap().call("Principal/query", filter=asked))["ids"]) == 4
    assert folded.count(LONG) == 1
