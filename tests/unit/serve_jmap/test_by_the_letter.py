"""Sentences of RFC 8620 and RFC 8621 that are easily overlooked."""

from typing import Any

import pytest

from jmap_stage import ALICE, BOB, JmapClient, JmapStage
from postroom.message.errors import TryLater
from postroom.message.ids import IdKind, id_text
from postroom.proto.jmap.blob_ids import BlobId
from postroom.proto.jmap.capabilities import CORE
from postroom.proto.jmap.errors import MethodError
from postroom.serve.jmap.mail import email_set
from postroom.serve.jmap.methods import call


async def roles(client: JmapClient) -> dict[str, str]:
    return {one["role"]: one["id"] for one in (await client.call("Mailbox/get", ids=None))["list"]}


async def test_keywords_are_the_same_in_any_case(stage: JmapStage) -> None:
    """RFC 8621 §4.1.1: case-insensitive, also in the path of a patch."""
    bob = stage.jmap()
    email = id_text(IdKind.EMAIL, (await stage.deliver()).email_id)
    await bob.call("Email/set", update={email: {"keywords": {"$Flagged": True, "Work": True, "$seen": True}}})
    told = await bob.call(
        "Email/set", update={email: {"keywords/WORK": None, "keywords/$SEEN": None, "keywords/$Draft": True}}
    )
    assert told["updated"] == {email: None}
    (got,) = (await bob.call("Email/get", ids=[email], properties=["keywords"]))["list"]
    assert got["keywords"] == {"$flagged": True, "$draft": True}


async def test_an_object_is_listed_once_however_it_is_named(stage: JmapStage) -> None:
    """RFC 8620 §5.1."""
    bob = stage.jmap()
    responses = await bob.request(
        ["Mailbox/set", {"accountId": bob.account, "create": {"c": {"name": "x"}}}, "0"],
        [
            "Mailbox/get",
            {
                "accountId": bob.account,
                "#ids": {"resultOf": "0", "name": "Mailbox/set", "path": "/created/c/id"},
            },
            "1",
        ],
        ["Mailbox/get", {"accountId": bob.account, "ids": ["#c", "#c", "#none"]}, "2"],
    )
    made = responses[0][1]["created"]["c"]["id"]
    assert responses[1][1]["type"] == "invalidArguments"  # a string is no list
    assert [one["id"] for one in responses[2][1]["list"]] == [made]
    assert responses[2][1]["notFound"] == ["#none"]
    (again,) = await bob.request(
        ["Mailbox/get", {"accountId": bob.account, "ids": ["#c", made]}, "0"], createdIds={"c": made}
    )
    assert [one["id"] for one in again[1]["list"]] == [made]


async def test_mailboxes_exchange_names_and_roles_in_one_call(stage: JmapStage) -> None:
    """RFC 8620 §5.3: what is in between need not be valid, only what is there in the end."""
    bob = stage.jmap()
    made = (
        await bob.call("Mailbox/set", create={"a": {"name": "a"}, "b": {"name": "b"}, "c": {"name": "c"}})
    )["created"]
    a, b, c = (made[one]["id"] for one in "abc")
    told = await bob.call("Mailbox/set", update={a: {"name": "b"}, b: {"name": "c"}, c: {"name": "d"}})
    assert told["notUpdated"] is None
    told = await bob.call("Mailbox/set", update={a: {"name": "c"}, b: {"name": "b"}})
    assert told["notUpdated"] is None
    names = {one["id"]: one["name"] for one in (await bob.call("Mailbox/get", ids=[a, b, c]))["list"]}
    assert names == {a: "c", b: "b", c: "d"}
    told = await bob.call("Mailbox/set", create={"e": {"name": "d"}}, destroy=[c])
    assert (told["notCreated"], told["destroyed"]) == (None, [c])
    told = await bob.call("Mailbox/set", update={a: {"name": "b"}, b: {"name": "c", "sortOrder": 3}})
    names = {one["id"]: one["name"] for one in (await bob.call("Mailbox/get", ids=[a, b]))["list"]}
    assert (told["notUpdated"], names) == (None, {a: "b", b: "c"})
    await bob.call("Mailbox/set", update={a: {"name": "c"}, b: {"name": "b"}})
    told = await bob.call("Mailbox/set", update={a: {"name": "b", "role": "sent"}, b: {"name": "c"}})
    names = {one["id"]: one["name"] for one in (await bob.call("Mailbox/get", ids=[a, b]))["list"]}
    assert (set(told["notUpdated"]), names) == ({a, b}, {a: "c", b: "b"})
    archive = (await roles(bob))["archive"]
    told = await bob.call("Mailbox/set", update={a: {"role": "archive"}, archive: {"role": None}})
    assert told["notUpdated"] is None
    told = await bob.call("Mailbox/set", update={a: {"name": "b"}})
    assert told["notUpdated"][a]["type"] == "invalidProperties"


async def test_what_cannot_be_destroyed_is_changed(stage: JmapStage) -> None:
    """RFC 8620 §5.3: willDestroy is for what is destroyed."""
    bob = stage.jmap()
    box = await roles(bob)
    changes = {box["inbox"]: {"sortOrder": 7}, box["junk"]: {"sortOrder": 8}, "Fnone": {"sortOrder": 9}}
    told = await bob.call("Mailbox/set", update=changes, destroy=list(changes))
    assert (told["updated"], told["destroyed"]) == ({box["inbox"]: None}, [box["junk"]])
    assert {one: error["type"] for one, error in told["notUpdated"].items()} == {
        box["junk"]: "willDestroy",
        "Fnone": "notFound",
    }
    assert {one: error["type"] for one, error in told["notDestroyed"].items()} == {
        box["inbox"]: "forbidden",
        "Fnone": "notFound",
    }


async def test_a_fault_in_the_middle_says_that_some_was_done(
    stage: JmapStage, monkeypatch: pytest.MonkeyPatch
) -> None:
    """RFC 8620 §3.6.2: serverPartialFail, where the client must synchronise again."""
    bob = stage.jmap()
    inbox = (await roles(bob))["inbox"]
    draft = {"mailboxIds": {inbox: True}, "subject": "x"}
    write, count = email_set.write, iter(range(10))

    def failing(*given: Any) -> bytes:
        if next(count):
            raise TryLater
        return write(*given)

    monkeypatch.setattr(email_set, "write", failing)
    assert (await bob.error("Email/set", create={"a": draft, "b": draft}))["type"] == "serverPartialFail"
    assert len((await bob.call("Email/query"))["ids"]) == 1
    assert (await bob.error("Email/set", create={"b": draft}))["type"] == "serverUnavailable"


async def test_changes_are_counted_as_far_as_the_client_looks(stage: JmapStage) -> None:
    """RFC 8620 §5.6: what lies behind upToId is not among what is too much."""
    bob = stage.jmap()
    ids = [
        id_text(IdKind.EMAIL, (await stage.deliver(internaldate=stage.now - n)).email_id) for n in range(5)
    ]
    asked = {"sort": [{"property": "receivedAt", "isAscending": False}]}
    before = await bob.call("Email/query", **asked)
    assert before["ids"] == ids
    await bob.call("Email/set", update={one: {"keywords/$seen": True} for one in ids[1:]})
    told = await bob.call(
        "Email/queryChanges", sinceQueryState=before["queryState"], upToId=ids[0], maxChanges=1, **asked
    )
    assert (told["removed"], told["added"]) == ([], [])


async def test_another_account_says_whether_anything_in_it_may_be_changed(stage: JmapStage) -> None:
    """RFC 8620 §2, isReadOnly."""
    bob, alice = stage.jmap(BOB), stage.jmap(ALICE)
    imap = await stage.user(ALICE)
    await imap.ok(f"SETACL INBOX {BOB} lr")
    accounts = (await bob.http("GET", "/jmap/session")).json["accounts"]
    assert {one: told["isReadOnly"] for one, told in accounts.items()} == {
        bob.account: False,
        alice.account: True,
    }
    await imap.ok(f"SETACL INBOX {BOB} lrs")
    assert (await bob.http("GET", "/jmap/session")).json["accounts"][alice.account]["isReadOnly"] is False


@pytest.mark.parametrize(
    "given",
    [
        {"sentAt": None, "messageId": None},
        {"messageId": [], "to": [], "references": []},
        {"header:Message-ID:asMessageIds": None, "header:Date": None},
        {"header:Date:asDate:all": [], "header:To:asAddresses:all": [[]]},
    ],
)
async def test_a_message_has_its_id_and_date_whatever_is_null_or_empty(
    stage: JmapStage, given: dict[str, Any]
) -> None:
    """RFC 8621 §4.6: the server adds them; and no field is without what it is for."""
    bob = stage.jmap()
    drafts = (await roles(bob))["drafts"]
    told = await bob.call("Email/set", create={"c": {"mailboxIds": {drafts: True}, **given}})
    made = told["created"]["c"]
    raw = (await bob.http("GET", f"/jmap/download/{bob.account}/{made['blobId']}/x")).body
    names = [line.partition(b":")[0] for line in raw.partition(b"\r\n\r\n")[0].split(b"\r\n")]
    assert sorted(names) == [b"Content-Type", b"Date", b"MIME-Version", b"Message-ID"]
    assert b":\r\n" not in raw


@pytest.mark.parametrize(
    ("method", "property_"), [("Email", "subject"), ("Mailbox", "name"), ("ContactCard", "name/given")]
)
async def test_only_collations_that_are_there_sort(stage: JmapStage, method: str, property_: str) -> None:
    """RFC 8620 §5.5 (unsupportedSort), §2 (collationAlgorithms)."""
    bob = stage.jmap()
    session = (await bob.http("GET", "/jmap/session")).json
    for one in session["capabilities"][CORE]["collationAlgorithms"]:
        await bob.call(f"{method}/query", sort=[{"property": property_, "collation": one}])
    for other in ("i;octet", "i;ascii-numeric", "x"):
        error = await bob.error(f"{method}/query", sort=[{"property": property_, "collation": other}])
        assert error["type"] == "unsupportedSort"


async def test_each_collation_sorts_as_it_says(stage: JmapStage) -> None:
    """RFC 8620 §5.5; RFC 4790 §9.2 folds the letters of ASCII and no others, RFC 5051 takes accents apart."""
    bob = stage.jmap()
    texts = ["f", "E", "é", "É", "g", "e"]
    for text in texts:
        await stage.deliver(f"Subject: {text}\r\nFrom: {text} <a@x.test>\r\n\r\nx\r\n".encode())
    names = {text: {"name": f"z{text}{at}"} for at, text in enumerate(texts)}
    await bob.call("Mailbox/set", create={f"c{at}": one for at, one in enumerate(names.values())})
    book = (await bob.call("AddressBook/get", ids=None))["list"][0]["id"]
    cards = {
        f"c{at}": {"addressBookIds": {book: True}, "name": {"components": [{"kind": "given", "value": one}]}}
        for at, one in enumerate(texts)
    }
    await bob.call("ContactCard/set", create=cards)
    asked = {
        ("Email", "subject"): lambda one: one["subject"],
        ("Email", "from"): lambda one: one["from"][0]["name"],
        ("Mailbox", "name"): lambda one: one["name"][1],
        ("ContactCard", "name/given"): lambda one: one["name"]["components"][0]["value"],
    }
    ascii_ = str.maketrans("efg", "EFG")
    accents = str.maketrans("éÉ", "EE")
    expected = {"i;ascii-casemap": "EEFGÉé", "i;unicode-casemap": "EEEEFG"}
    for (kind, name), read in asked.items():
        for collation, order in expected.items():
            ids = (await bob.call(f"{kind}/query", sort=[{"property": name, "collation": collation}]))["ids"]
            got = {one["id"]: one for one in (await bob.call(f"{kind}/get", ids=ids))["list"]}
            found = [read(got[one]) for one in ids if kind != "Mailbox" or got[one]["name"][0] == "z"]
            folded = "".join(found).translate(ascii_)
            assert (folded if "ascii" in collation else folded.translate(accents)) == order, (kind, name)


async def test_a_response_holds_so_much_whatever_asks_for_it(
    stage: JmapStage, monkeypatch: pytest.MonkeyPatch
) -> None:
    """RFC 8620 §3.6.2 (requestTooLarge): the calls of one request share it, and one object is always given."""
    bob = stage.jmap()
    letter = await stage.deliver(b"Subject: x\r\n\r\n" + b"y" * 1000)
    email, blob = id_text(IdKind.EMAIL, letter.email_id), str(BlobId(letter.email_id))
    whole = ["Email/get", {"accountId": bob.account, "ids": [email], "properties": ["textBody"]}, "a"]
    parse = ["Email/parse", {"accountId": bob.account, "blobIds": [blob]}, "b"]
    octets = ["Blob/get", {"accountId": bob.account, "ids": [blob]}, "c"]
    listed = ["Email/get", {"accountId": bob.account, "ids": [email], "properties": ["subject"]}, "d"]
    monkeypatch.setattr(call, "MOST_OCTETS", 3200)
    answers = await bob.request(whole, parse, octets, whole, listed)
    assert [one[1].get("type", "") for one in answers] == ["", "", "requestTooLarge", "requestTooLarge", ""]
    monkeypatch.setattr(call, "MOST_OCTETS", 400)
    for one in (whole, parse, octets):
        assert (await bob.request(one))[0][0] == one[0]


async def test_blobs_have_their_new_ids_told(stage: JmapStage) -> None:
    """RFC 8620 §6; besides those only what RFC 8621 §4.6 names."""
    bob = stage.jmap()
    blob = (await bob.http("POST", f"/jmap/upload/{bob.account}/", b"octets")).json["blobId"]
    part = {"blobId": blob, "type": "application/x-octets", "name": "o", "disposition": "attachment"}
    given = {"mailboxIds": {(await roles(bob))["drafts"]: True}, "subject": "x"}
    bodies: list[dict[str, Any]] = [{"attachments": [part]}, {"bodyStructure": part}, {}]
    for body in bodies:
        made = (await bob.call("Email/set", create={"c": {**given, **body}}))["created"]["c"]
        assert set(made) == {"id", "blobId", "threadId", "size", *body}
        (got,) = (await bob.call("Email/get", ids=[made["id"]], properties=list(made)))["list"]
        assert made == got
        for one in (*got.get("attachments", ()), *filter(None, [got.get("bodyStructure")])):
            reply = await bob.http("GET", f"/jmap/download/{bob.account}/{one['blobId']}/o")
            assert (one["blobId"] != blob, reply.body) == (True, b"octets")


@pytest.mark.parametrize(
    "given",
    [
        {"from/0/name": "x"}, {"attachments/0": None}, {"subject/x": 1}, {"noSuchProperty/x": 1}, {"subject": "x", "subject/x": 1},
        {"subject": "x", "keywords": {}, "keywords/a": True}, {"keywords/a/b": True}, {"keywords/~2": True}, {"messageId/-": "x"},
    ],
)  # fmt: skip
async def test_what_is_no_patch_is_said_before_anything_else(stage: JmapStage, given: dict[str, Any]) -> None:
    """RFC 8620 §5.3: a pointer leads to what is there, and never into an array or another pointer."""
    email = id_text(IdKind.EMAIL, (await stage.deliver()).email_id)
    told = await stage.jmap().call("Email/set", update={email: given})
    assert told["notUpdated"][email]["type"] == "invalidPatch"


async def test_creation_ids_in_the_path_of_a_patch(stage: JmapStage) -> None:
    """RFC 8620 §3.3, §5.3: wherever a record is referred to."""
    bob = stage.jmap()
    email = id_text(IdKind.EMAIL, (await stage.deliver()).email_id)
    inbox = (await roles(bob))["inbox"]
    account = {"accountId": bob.account}
    answers = await bob.request(
        ["Mailbox/set", {**account, "create": {"b": {"name": "b"}}}, "0"],
        ["Email/set", {**account, "update": {email: {"mailboxIds/#b": True}}}, "1"],
        ["Email/get", {**account, "ids": [email], "properties": ["mailboxIds"]}, "2"],
        ["Email/set", {**account, "update": {email: {"mailboxIds/#b": None}}}, "3"],
        ["Email/get", {**account, "ids": [email], "properties": ["mailboxIds"]}, "4"],
        ["Email/set", {**account, "update": {email: {"mailboxIds/#c": None}}}, "5"],
    )
    made = answers[0][1]["created"]["b"]["id"]
    assert [set(one[1]["list"][0]["mailboxIds"]) for one in (answers[2], answers[4])] == [
        {inbox, made},
        {inbox},
    ]
    assert answers[5][1]["notUpdated"][email]["type"] == "invalidProperties"
    answers = await bob.request(
        ["AddressBook/set", {**account, "create": {"b": {"name": "b"}, "c": {"name": "c"}}}, "0"],
        ["ContactCard/set", {**account, "create": {"k": {"addressBookIds": {"#b": True, "#c": True}}}}, "1"],
        ["ContactCard/set", {**account, "update": {"#k": {"addressBookIds/#b": None}}}, "2"],
        ["ContactCard/get", {**account, "ids": ["#k"], "properties": ["addressBookIds"]}, "3"],
    )
    assert list(answers[3][1]["list"][0]["addressBookIds"]) == [answers[0][1]["created"]["c"]["id"]]


async def test_nothing_is_changed_in_what_may_only_be_read(stage: JmapStage) -> None:
    """RFC 8620 §3.6.2, accountReadOnly."""
    bob, alice = stage.jmap(BOB), stage.jmap(ALICE)
    own = id_text(IdKind.EMAIL, (await stage.deliver()).email_id)
    hers = (await roles(alice))["inbox"]
    imap = await stage.user(ALICE)
    calls: list[tuple[str, dict[str, Any]]] = [
        ("Email/set", {"update": {"Mx": {}}}),
        ("Email/import", {"emails": {}}),
        (
            "Email/copy",
            {"fromAccountId": bob.account, "create": {"c": {"id": own, "mailboxIds": {hers: True}}}},
        ),
    ]
    for rights, changeable in (("lr", False), ("lrs", True)):
        await imap.ok(f"SETACL INBOX {BOB} {rights}")
        for method, arguments in calls:
            name, told = await bob.answer(method, accountId=alice.account, **arguments)
            assert (name == method) is changeable
            assert changeable or told == {"type": "accountReadOnly"}


async def test_a_copy_names_its_original(stage: JmapStage) -> None:
    """RFC 8620 §5.4: create has objects with an id."""
    bob, alice = stage.jmap(BOB), stage.jmap(ALICE)
    await (await stage.user(ALICE)).ok(f"SETACL INBOX {BOB} lri")
    hers = (await roles(alice))["inbox"]
    copies = {
        "a": {"mailboxIds": {hers: True}},
        "b": {"id": 1},
        "c": {"id": "Mx", "mailboxIds": {hers: True}},
    }
    told = await bob.call("Email/copy", fromAccountId=bob.account, accountId=alice.account, create=copies)
    refused = {one: (error["type"], error.get("properties")) for one, error in told["notCreated"].items()}
    missing = ("invalidProperties", ["id"])
    assert refused == {"a": missing, "b": missing, "c": ("notFound", None)}


async def test_an_error_behind_a_change_says_so(stage: JmapStage, monkeypatch: pytest.MonkeyPatch) -> None:
    """RFC 8620 §3.6.2: only serverPartialFail is an error with which something has changed."""
    bob = stage.jmap()
    states = iter([email_set.state_of])

    async def failing(*given: Any) -> Any:
        state_of = next(states, None)
        if state_of is None:
            raise MethodError("requestTooLarge")
        return await state_of(*given)

    draft = {"mailboxIds": {(await roles(bob))["drafts"]: True}}
    monkeypatch.setattr(email_set, "state_of", failing)
    assert (await bob.error("Email/set", create={"a": draft}))["type"] == "serverPartialFail"
    assert (await bob.error("Email/set", create={"a": draft}))["type"] == "requestTooLarge"


@pytest.mark.parametrize("kind", ["Email", "Thread", "Mailbox", "Identity", "ContactCard", "EmailSubmission"])
async def test_a_state_beyond_all_records(stage: JmapStage, kind: str) -> None:
    """RFC 8620 §5.2: one in the middle of changes, of a record that no database can have."""
    bob = stage.jmap()
    await stage.deliver()
    state = (await bob.call(f"{kind}/get", ids=[]))["state"]
    assert await bob.call(f"{kind}/changes", sinceState=f"{state}-{(1 << 63) - 1}-{state}")
    told = await bob.error(f"{kind}/changes", sinceState=f"{state}-{1 << 63}-{state}")
    assert told["type"] == "cannotCalculateChanges"
