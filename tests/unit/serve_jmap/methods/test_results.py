"""Results of queries that are kept: what was asked stands in the key as a digest, however long it is."""

from collections.abc import Hashable, Sequence

import pytest

from card_file import add
from jmap_stage import JmapStage
from postroom.serve.jmap.methods.results import Results


@pytest.mark.parametrize(
    ("method", "name"), [("Email/query", "subject"), ("ContactCard/query", "text")], ids=["email", "card"]
)
async def test_a_long_question_is_no_longer_kept_than_a_short_one(
    stage: JmapStage, monkeypatch: pytest.MonkeyPatch, method: str, name: str
) -> None:
    bob = stage.jmap()
    keys: list[Hashable] = []
    real = Results.put

    def noted(results: Results, key: Hashable, ids: Sequence[int]) -> None:
        keys.append(key)
        real(results, key, ids)

    monkeypatch.setattr(Results, "put", noted)
    for length in (1, 100_000, 100_001, 100_000):
        await bob.call(method, filter={name: "x" * length})
    assert len(keys) == len(set(keys)) == 3, "the last one is known"
    octets = [
        [len(part) for part in key if isinstance(part, bytes)] for key in keys if isinstance(key, tuple)
    ]
    assert octets == [[32]] * 3


async def test_other_questions_have_other_results(stage: JmapStage) -> None:
    bob = stage.jmap()
    letter = await stage.deliver(b"Subject: one\r\n\r\nx")
    assert letter
    card = await add(bob, name={"full": "Ida"})
    for text, found in (("one", 1), ("two", 0), ("one", 1)):
        assert len((await bob.call("Email/query", filter={"subject": text}))["ids"]) == found
    for text, ids in (("Ida", [card["id"]]), ("Eva", []), ("Ida", [card["id"]])):
        assert (await bob.call("ContactCard/query", filter={"text": text}))["ids"] == ids
