"""Header fields count towards what a response holds, as often as they are in it (RFC 8621 §4.1.2.1, §4.2)."""

from typing import Any

import pytest

from jmap_stage import JmapStage
from postroom.message.ids import IdKind, id_text
from postroom.proto.jmap.blob_ids import BlobId
from postroom.proto.jmap.body_parts import LEAST
from postroom.serve.jmap.mail import email
from postroom.serve.jmap.methods import call

FIELD = b"X-Long: " + b"y" * 200 + b"\r\n"
NAMES = ["header:x-long:asText:all", "header:X-long:asText:all", "header:X-Long:asText"]
WEIGHT = sum(map(len, NAMES)) + 5 * len(FIELD)  # two fields twice, and the last one once
PART = b"Content-Type: text/plain\r\n" + FIELD + b"\r\nx\r\n"


async def test_a_field_counts_for_each_of_its_spellings(
    stage: JmapStage, monkeypatch: pytest.MonkeyPatch
) -> None:
    bob = stage.jmap()
    letter = await stage.deliver(b"Subject: x\r\n" + 2 * FIELD + b"\r\nx")
    asked = {"ids": [id_text(IdKind.EMAIL, letter.email_id)], "properties": NAMES}
    monkeypatch.setattr(call, "MOST_OCTETS", WEIGHT)
    (told,) = (await bob.call("Email/get", **asked))["list"]
    assert told[NAMES[0]] == told[NAMES[1]] == ["y" * 200] * 2
    monkeypatch.setattr(call, "MOST_OCTETS", WEIGHT - 1)
    assert (await bob.error("Email/get", **asked))["type"] == "requestTooLarge"
    parse = {"blobIds": [str(BlobId(letter.email_id))], "properties": NAMES}
    assert (await bob.error("Email/parse", **parse))["type"] == "requestTooLarge"


async def test_a_field_of_a_part_counts_in_each_list(
    stage: JmapStage, monkeypatch: pytest.MonkeyPatch
) -> None:
    """One part is text, HTML and in the structure; the message's own header has none."""
    bob = stage.jmap()
    message = b"Content-Type: multipart/mixed; boundary=b\r\n\r\n--b\r\n" + PART + b"--b--\r\n"
    letter = await stage.deliver(message)
    name = "header:x-long"
    asked: dict[str, Any] = {
        "ids": [id_text(IdKind.EMAIL, letter.email_id)],
        "properties": ["bodyStructure", "textBody", "htmlBody", "attachments"],
        "bodyProperties": [name],
    }
    weight = 3 * len(FIELD) + 4 * len(name)
    monkeypatch.setattr(call, "MOST_OCTETS", weight)
    (told,) = (await bob.call("Email/get", **asked))["list"]
    assert told["bodyStructure"]["subParts"] == told["textBody"] == told["htmlBody"]
    monkeypatch.setattr(call, "MOST_OCTETS", weight - 1)
    assert (await bob.error("Email/get", **asked))["type"] == "requestTooLarge"


async def test_whole_headers_count(stage: JmapStage, monkeypatch: pytest.MonkeyPatch) -> None:
    """The second one is too much: as large as it is, one is always given."""
    bob = stage.jmap()
    ids = [
        id_text(IdKind.EMAIL, (await stage.deliver(b"Subject: x\r\n" + FIELD + b"\r\n" + one)).email_id)
        for one in (b"1", b"2")
    ]
    monkeypatch.setattr(call, "MOST_OCTETS", 2 * len(b"Subject: x\r\n" + FIELD + b"\r\n"))
    assert len((await bob.call("Email/get", ids=ids, properties=["headers"]))["list"]) == 2
    monkeypatch.setattr(call, "MOST_OCTETS", call.MOST_OCTETS - 1)
    assert (await bob.error("Email/get", ids=ids, properties=["headers"]))["type"] == "requestTooLarge"


async def test_fields_are_read_where_their_size_belongs(
    stage: JmapStage, monkeypatch: pytest.MonkeyPatch
) -> None:
    """In a thread, when there are many: what says where is told how much it is."""
    bob = stage.jmap()
    letter = await stage.deliver(b"Subject: x\r\n" + 2 * FIELD + b"\r\nx")
    sizes = []
    real = email.apart

    async def noted(size: int, *work: Any) -> Any:
        sizes.append(size)
        return await real(size, *work)

    monkeypatch.setattr(email, "apart", noted)
    await bob.call("Email/get", ids=[id_text(IdKind.EMAIL, letter.email_id)], properties=NAMES)
    header = len(b"Subject: x\r\n" + 2 * FIELD + b"\r\n")
    assert sizes == [header, header + WEIGHT]


async def test_parts_count_though_they_are_empty(stage: JmapStage, monkeypatch: pytest.MonkeyPatch) -> None:
    """What is told of a part is longer than the part: two messages of a hundred parts each, once in the structure and once as text."""
    bob = stage.jmap()
    message = b"Content-Type: multipart/mixed; boundary=b\r\n\r\n" + 100 * b"--b\r\n\r\n\r\n" + b"--b--\r\n"
    ids = [id_text(IdKind.EMAIL, (await stage.deliver(message)).email_id) for _ in range(2)]
    asked: dict[str, Any] = {
        "ids": ids,
        "properties": ["bodyStructure", "textBody"],
        "bodyProperties": ["size", "type"],
    }
    most = 2 * (len(message) + 201 * (len("sizetype") + 2 * LEAST))
    monkeypatch.setattr(call, "MOST_OCTETS", most)
    assert len((await bob.call("Email/get", **asked))["list"]) == 2
    monkeypatch.setattr(call, "MOST_OCTETS", most - 1)
    assert (await bob.error("Email/get", **asked))["type"] == "requestTooLarge"


async def test_what_the_header_says_counts_in_lists(
    stage: JmapStage, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Nothing of the message is read for them; whoever writes to us says how long they are."""
    bob = stage.jmap()
    letters = [await stage.deliver(b"Subject: " + b"a " * 2000 + b"\r\n\r\nx") for _ in range(2)]
    ids = [id_text(IdKind.EMAIL, one.email_id) for one in letters]
    monkeypatch.setattr(call, "MOST_OCTETS", 4000)
    for method, asked in (
        ("Email/get", {"ids": ids, "properties": ["subject"]}),
        ("SearchSnippet/get", {"emailIds": ids, "filter": {"subject": "a"}}),
    ):
        assert (await bob.error(method, **asked))["type"] == "requestTooLarge"
        named = next(iter(asked))
        assert len((await bob.call(method, **asked | {named: ids[:1]}))["list"]) == 1
