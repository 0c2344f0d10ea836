"""Mailbox/get, changes, query, queryChanges and set (RFC 8621 §2)."""

from typing import Any

import pytest

from jmap_stage import ALICE, BOB, JmapClient, JmapStage
from postroom.proto.jmap.capabilities import MAIL
from postroom.proto.jmap.request import Limits
from postroom.store.changes import MessagesExpunged
from postroom.store.emails import expunge
from postroom.store.mailboxes import arranging

RIGHTS = ("mayReadItems", "mayAddItems", "mayRemoveItems", "maySetSeen", "maySetKeywords", "mayCreateChild", "mayRename", "mayDelete", "maySubmit")  # fmt: skip


async def boxes(client: JmapClient, **arguments: Any) -> dict[str, dict[str, Any]]:
    """All mailboxes by name."""
    got = await client.call("Mailbox/get", ids=None, **arguments)
    return {one["name"]: one for one in got["list"]}


async def test_the_first_mailboxes(stage: JmapStage) -> None:
    bob = stage.jmap()
    found = await boxes(bob)
    assert {name: one["role"] for name, one in found.items()} == {
        "INBOX": "inbox", "Drafts": "drafts", "Sent": "sent", "Junk": "junk", "Trash": "trash", "Archive": "archive",
    }  # fmt: skip
    inbox = found["INBOX"]
    assert inbox["parentId"] is None
    assert inbox["isSubscribed"] is True
    assert inbox["sortOrder"] == 0
    assert inbox["myRights"] == {
        name: name not in ("mayRename", "mayDelete") for name in (*RIGHTS, "mayShare")
    }
    assert [inbox[name] for name in ("totalEmails", "unreadEmails", "totalThreads", "unreadThreads")] == [
        0
    ] * 4


async def test_some_properties_and_ids_that_are_not_there(stage: JmapStage) -> None:
    bob = stage.jmap()
    inbox = (await boxes(bob))["INBOX"]["id"]
    got = await bob.call("Mailbox/get", ids=[inbox, "Fzz", "x", inbox], properties=["name"])
    assert got["list"] == [{"id": inbox, "name": "INBOX"}]
    assert got["notFound"] == ["Fzz", "x"]
    assert (await bob.call("Mailbox/get", ids=[]))["list"] == []
    assert (await bob.error("Mailbox/get", properties=["nothing"]))["type"] == "invalidArguments"
    assert (await bob.error("Mailbox/get", accountId="Azz"))["type"] == "accountNotFound"
    assert (await bob.error("Mailbox/get", accountId=stage.jmap(ALICE).account))["type"] == "accountNotFound"
    assert (await bob.error("Mailbox/get", ids=[f"F{n}" for n in range(501)]))["type"] == "requestTooLarge"


async def test_counts(stage: JmapStage) -> None:
    bob = stage.jmap()
    names = ("totalEmails", "unreadEmails", "totalThreads", "unreadThreads")

    async def counts(name: str) -> list[int]:
        one = (await boxes(bob))[name]
        return [one[count] for count in names]

    await stage.deliver(b"Message-ID: <1@a>\r\nSubject: x\r\n\r\nx")
    await stage.deliver(b"Message-ID: <2@a>\r\nIn-Reply-To: <1@a>\r\nSubject: Re: x\r\n\r\nx")
    await stage.deliver(b"Message-ID: <3@a>\r\nSubject: y\r\n\r\nx")
    assert await counts("INBOX") == [3, 3, 2, 2]
    imap = await stage.user(select="INBOX")
    await imap.ok("STORE 1,3 +FLAGS (\\Seen)")
    assert await counts("INBOX") == [3, 1, 2, 1]
    await imap.ok("MOVE 2 Archive")  # the unread one: its thread is unread in both
    assert await counts("INBOX") == [2, 0, 2, 1]
    assert await counts("Archive") == [1, 1, 1, 1]
    await imap.ok("STORE 1 +FLAGS (\\Deleted)")
    assert await counts("INBOX") == [1, 0, 1, 0]
    await imap.ok("STORE 1 -FLAGS (\\Deleted)")
    archive = await stage.user(select="Archive")
    await archive.ok("MOVE 1 Trash")  # what is only in the trash is unread nowhere else
    assert await counts("INBOX") == [2, 0, 2, 0]
    assert await counts("Trash") == [1, 1, 1, 1]
    await archive.ok("SELECT Trash")
    await archive.ok("STORE 1 +FLAGS (\\Draft)")
    assert await counts("Trash") == [1, 0, 1, 0]
    await imap.ok("STORE 1:* +FLAGS (\\Deleted)")
    await imap.ok("EXPUNGE")
    assert await counts("INBOX") == [0, 0, 0, 0]


async def test_changes(stage: JmapStage) -> None:
    bob = stage.jmap()
    state = (await bob.call("Mailbox/get", ids=[]))["state"]
    assert (await bob.call("Mailbox/changes", sinceState=state))["hasMoreChanges"] is False
    inbox = (await boxes(bob))["INBOX"]["id"]
    await stage.deliver()
    told = await bob.call("Mailbox/changes", sinceState=state)
    assert (told["created"], told["updated"], told["destroyed"]) == ([], [inbox], [])
    assert told["updatedProperties"] == ["totalEmails", "unreadEmails", "totalThreads", "unreadThreads"]
    imap = await stage.user()
    await imap.ok("CREATE one")
    await imap.ok("CREATE two")
    await imap.ok("DELETE Junk")
    told = await bob.call("Mailbox/changes", sinceState=state)
    assert len(told["created"]) == 2
    assert told["updated"] == [inbox]
    assert len(told["destroyed"]) == 1
    assert told["updatedProperties"] is None
    seen: dict[str, list[str]] = {"created": [], "updated": [], "destroyed": []}
    at, rounds = state, 0
    while True:
        part = await bob.call("Mailbox/changes", sinceState=at, maxChanges=1)
        for kind in seen:
            seen[kind] += part[kind]
        at = part["newState"]
        rounds += 1
        if not part["hasMoreChanges"]:
            break
    assert rounds == 4
    assert {kind: sorted(ids) for kind, ids in seen.items()} == {kind: sorted(told[kind]) for kind in seen}
    assert at == told["newState"] == (await bob.call("Mailbox/get", ids=[]))["state"]
    assert (await bob.error("Mailbox/changes", sinceState="nonsense"))["type"] == "cannotCalculateChanges"
    assert (await bob.error("Mailbox/changes", sinceState=state, maxChanges=0))["type"] == "invalidArguments"


async def tree_of(bob: JmapClient) -> dict[str, str]:
    made = await bob.call(
        "Mailbox/set",
        create={
            "leaf": {"name": "leaf", "parentId": "#branch"},
            "top": {"name": "top", "sortOrder": 5},
            "branch": {"name": "branch", "parentId": "#top", "isSubscribed": False},
        },
    )
    assert made["notCreated"] is None
    return {name: one["id"] for name, one in made["created"].items()}


async def test_query(stage: JmapStage) -> None:
    bob = stage.jmap()
    ids = await tree_of(bob)
    names = {one["id"]: name for name, one in (await boxes(bob)).items()}

    async def found(**arguments: Any) -> list[str]:
        return [names[one] for one in (await bob.call("Mailbox/query", **arguments))["ids"]]

    by_name = [{"property": "name"}]
    everything = ["Archive", "branch", "Drafts", "INBOX", "Junk", "leaf", "Sent", "top", "Trash"]
    assert await found(sort=by_name) == everything
    assert await found(sort=[{"property": "name", "isAscending": False}]) == everything[::-1]
    assert (await found(sort=[{"property": "sortOrder", "isAscending": False}, *by_name]))[0] == "top"
    assert await found(filter={"hasAnyRole": False}, sort=by_name) == ["branch", "leaf", "top"]
    assert await found(filter={"role": "sent"}) == ["Sent"]
    assert await found(filter={"parentId": ids["top"]}) == ["branch"]
    assert len(await found(filter={"parentId": None})) == 7
    assert await found(filter={"isSubscribed": False}) == ["branch"]
    assert await found(filter={"name": "RA"}, sort=by_name) == ["branch", "Drafts", "Trash"]
    assert await found(filter={"operator": "NOT", "conditions": [{"role": None}, {"role": "junk"}]}, sort=by_name) == [
        "Archive", "Drafts", "INBOX", "Sent", "Trash",
    ]  # fmt: skip
    assert await found(filter={"hasAnyRole": False}, sort=by_name, sortAsTree=True) == [
        "top",
        "branch",
        "leaf",
    ]
    assert await found(filter={"name": "l"}, filterAsTree=True) == []
    assert await found(sort=by_name, position=-2) == ["top", "Trash"]
    assert await found(sort=by_name, position=2, limit=2) == ["Drafts", "INBOX"]
    assert await found(sort=by_name, anchor=ids["leaf"], anchorOffset=-1, limit=2) == ["Junk", "leaf"]
    assert (await bob.call("Mailbox/query", calculateTotal=True, limit=0))["total"] == 9
    assert "total" not in await bob.call("Mailbox/query")
    assert (await bob.error("Mailbox/query", anchor="Fzz"))["type"] == "anchorNotFound"
    assert (await bob.error("Mailbox/query", sort=[{"property": "x"}]))["type"] == "unsupportedSort"
    assert (await bob.error("Mailbox/query", filter={"x": 1}))["type"] == "unsupportedFilter"
    assert (await bob.error("Mailbox/query", filter={"name": 1}))["type"] == "invalidArguments"


async def test_query_changes(stage: JmapStage) -> None:
    bob = stage.jmap()
    sort = [{"property": "name"}]
    before = await bob.call("Mailbox/query", sort=sort)
    await stage.deliver()
    told = await bob.call("Mailbox/queryChanges", sort=sort, sinceQueryState=before["queryState"])
    assert (told["removed"], told["added"]) == ([], [])
    ids = await tree_of(bob)
    await bob.call(
        "Mailbox/set", destroy=[next(one["id"] for n, one in (await boxes(bob)).items() if n == "Junk")]
    )
    told = await bob.call(
        "Mailbox/queryChanges", sort=sort, sinceQueryState=before["queryState"], calculateTotal=True
    )
    cached = [one for one in before["ids"] if one not in told["removed"]]
    for item in told["added"]:
        cached.insert(item["index"], item["id"])
    after = await bob.call("Mailbox/query", sort=sort)
    assert cached == after["ids"]
    assert told["total"] == len(cached)
    assert set(ids.values()) <= set(cached)
    error = await bob.error(
        "Mailbox/queryChanges", sort=sort, sinceQueryState=before["queryState"], maxChanges=1
    )
    assert error["type"] == "tooManyChanges"


async def test_set(stage: JmapStage) -> None:
    bob = stage.jmap()
    ids = await tree_of(bob)
    state = (await bob.call("Mailbox/get", ids=[]))["state"]
    done = await bob.call(
        "Mailbox/set",
        ifInState=state,
        update={
            ids["leaf"]: {
                "name": "Blatt",
                "parentId": None,
                "role": "important",
                "sortOrder": 7,
                "isSubscribed": False,
            },
            ids["branch"]: {"totalEmails": 0, "name": "branch"},
        },
    )
    assert done["updated"] == {ids["leaf"]: None, ids["branch"]: None}
    assert (done["oldState"], done["newState"] != state) == (state, True)
    blatt = (await boxes(bob))["Blatt"]
    assert (blatt["parentId"], blatt["role"], blatt["sortOrder"], blatt["isSubscribed"]) == (
        None,
        "important",
        7,
        False,
    )
    listed = await (await stage.user()).ok('LIST (SPECIAL-USE) "" "*"')
    assert any("\\Important" in line and "Blatt" in line for line in listed)
    assert (await bob.error("Mailbox/set", ifInState=state))["type"] == "stateMismatch"


@pytest.mark.parametrize(
    ("given", "kind", "properties"),
    [
        ({}, "invalidProperties", ["name"]),
        ({"name": ""}, "invalidProperties", ["name"]),
        ({"name": "a/b"}, "invalidProperties", ["name"]),
        ({"name": "INBOX"}, "invalidProperties", ["name"]),
        ({"name": "x" * 256}, "invalidProperties", ["name"]),
        ({"name": "é" * 128}, "invalidProperties", ["name"]),
        ({"name": "x", "parentId": "Fzz"}, "invalidProperties", ["parentId"]),
        ({"name": "x", "parentId": "#nothing"}, "invalidProperties", ["parentId"]),
        ({"name": "x", "role": "sent"}, "invalidProperties", ["role"]),
        ({"name": "x", "role": "Sent"}, "invalidProperties", ["role"]),
        ({"name": "x", "sortOrder": -1}, "invalidProperties", ["sortOrder"]),
        ({"name": "x", "sortOrder": 2**31}, "invalidProperties", ["sortOrder"]),
        ({"name": "x", "id": "F1"}, "invalidProperties", ["id"]),
        ({"name": "x", "colour": "red"}, "invalidProperties", ["colour"]),
        ({"name": "x", "isSubscribed": 1}, "invalidProperties", ["isSubscribed"]),
    ],
)
async def test_mailboxes_that_cannot_be(
    stage: JmapStage, given: Any, kind: str, properties: list[str]
) -> None:
    told = (await stage.jmap().call("Mailbox/set", create={"k": given}))["notCreated"]["k"]
    assert (told["type"], told["properties"]) == (kind, properties)


async def test_updates_that_cannot_be(stage: JmapStage) -> None:
    bob = stage.jmap()
    ids = await tree_of(bob)
    found = await boxes(bob)

    async def refused(record: str, **given: Any) -> str:
        kind: str = (await bob.call("Mailbox/set", update={record: given}))["notUpdated"][record]["type"]
        return kind

    assert await refused("Fzz", name="x") == "notFound"
    assert await refused("#nothing", name="x") == "notFound"
    assert await refused(ids["leaf"], **{"name/x": 1}) == "invalidPatch"
    assert await refused(ids["leaf"], totalEmails=5) == "invalidProperties"
    assert await refused(ids["top"], parentId=ids["leaf"]) == "invalidProperties"
    assert await refused(found["INBOX"]["id"], name="x") == "forbidden"
    told = await bob.call("Mailbox/set", update={ids["leaf"]: {"name": "x"}}, destroy=[ids["leaf"]])
    assert told["notUpdated"][ids["leaf"]]["type"] == "willDestroy"
    assert told["destroyed"] == [ids["leaf"]]


async def test_destroying(stage: JmapStage) -> None:
    bob = stage.jmap()
    ids = await tree_of(bob)
    told = await bob.call("Mailbox/set", destroy=[ids["top"]])
    assert told["notDestroyed"][ids["top"]]["type"] == "mailboxHasChild"
    imap = await stage.user(select="INBOX")
    await stage.deliver()
    await imap.ok("NOOP")
    await imap.ok('COPY 1 "top/branch/leaf"')
    told = await bob.call("Mailbox/set", destroy=[ids["leaf"]])
    assert told["notDestroyed"][ids["leaf"]]["type"] == "mailboxHasEmail"
    told = await bob.call(
        "Mailbox/set", destroy=[ids["top"], ids["branch"], ids["leaf"]], onDestroyRemoveEmails=True
    )
    assert told["notDestroyed"] is None
    assert set(told["destroyed"]) == set(ids.values())
    inbox = (await boxes(bob))["INBOX"]
    assert inbox["totalEmails"] == 1
    told = await bob.call("Mailbox/set", destroy=[inbox["id"]], onDestroyRemoveEmails=True)
    assert told["notDestroyed"][inbox["id"]]["type"] == "forbidden"


async def test_a_large_one_is_destroyed_in_slices(stage: JmapStage, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(expunge, "AT_ONCE", 2)
    bob = stage.jmap()
    made = await bob.call("Mailbox/set", create={"k": {"name": "large", "role": "memos"}})
    for _ in range(5):
        await stage.deliver(role="memos")
    heard = stage.store.changes.subscribe(stage.logins.people[BOB])
    box = made["created"]["k"]["id"]
    assert (await bob.call("Mailbox/set", destroy=[box], onDestroyRemoveEmails=True))["destroyed"] == [box]
    assert [len(one.uids) for one in heard.take() if isinstance(one, MessagesExpunged)] == [2, 2, 1]


async def test_too_many_at_once(stage: JmapStage) -> None:
    error = await stage.jmap().error("Mailbox/set", destroy=[f"F{n}" for n in range(501)])
    assert error["type"] == "requestTooLarge"


async def test_what_others_share(stage: JmapStage) -> None:
    imap = await stage.user(BOB)
    await imap.ok("CREATE shared")
    await imap.ok(f"SETACL shared {ALICE} lr")
    alice, bob = stage.jmap(ALICE), stage.jmap(BOB)
    session = (await alice.http("GET", "/jmap/session")).json
    assert session["accounts"][bob.account]["isPersonal"] is False
    found = await boxes(alice, accountId=bob.account)
    assert list(found) == ["shared"]
    shared = found["shared"]
    assert [name for name, may in shared["myRights"].items() if may] == ["mayReadItems"]
    assert shared["isSubscribed"] is False
    told = await alice.call(
        "Mailbox/set", accountId=bob.account, update={shared["id"]: {"isSubscribed": True}}
    )
    assert told["updated"] == {shared["id"]: None}
    assert (await boxes(alice, accountId=bob.account))["shared"]["isSubscribed"] is True
    assert (await boxes(bob))["shared"]["isSubscribed"] is False
    told = await alice.call(
        "Mailbox/set",
        accountId=bob.account,
        update={shared["id"]: {"name": "x"}},
        create={"k": {"name": "x"}},
        destroy=[shared["id"]],
    )
    assert {
        told["notUpdated"][shared["id"]]["type"],
        told["notCreated"]["k"]["type"],
        told["notDestroyed"][shared["id"]]["type"],
    } == {"forbidden"} or told["notDestroyed"][shared["id"]]["type"] == "forbidden"
    state = (await alice.call("Mailbox/get", accountId=bob.account, ids=[]))["state"]
    await imap.ok(f"DELETEACL shared {ALICE}")
    await imap.ok("CREATE more")
    await imap.ok(f"SETACL more {ALICE} lr")
    told = await alice.call("Mailbox/changes", accountId=bob.account, sinceState=state)
    assert told["destroyed"] == [shared["id"]]


async def test_unread_in_what_others_share_is_ones_own(stage: JmapStage) -> None:
    await stage.deliver()
    imap = await stage.user(BOB, select="INBOX")
    await imap.ok(f"SETACL INBOX {ALICE} lrs")
    await imap.ok("STORE 1 +FLAGS (\\Seen)")
    alice, bob = stage.jmap(ALICE), stage.jmap(BOB)
    assert (await boxes(alice, accountId=bob.account))["INBOX"]["unreadEmails"] == 1
    assert (await boxes(bob))["INBOX"]["unreadEmails"] == 0
    hers = await stage.user(ALICE, select=f'"Other Users/{BOB}/INBOX"')
    await hers.ok("STORE 1 +FLAGS (\\Seen)")
    assert (await boxes(alice, accountId=bob.account))["INBOX"]["unreadEmails"] == 0


async def test_threads(stage: JmapStage) -> None:
    bob = stage.jmap()
    state = (await bob.call("Thread/get", ids=[]))["state"]
    first = await stage.deliver(b"Message-ID: <1@a>\r\nSubject: x\r\n\r\nx", internaldate=2_000_000)
    second = await stage.deliver(
        b"Message-ID: <2@a>\r\nIn-Reply-To: <1@a>\r\nSubject: Re: x\r\n\r\nx", internaldate=1_000_000
    )
    assert first.thread_id == second.thread_id
    told = await bob.call("Thread/changes", sinceState=state)
    assert (len(told["created"]), told["updated"], told["destroyed"]) == (1, [], [])
    (thread,) = told["created"]
    got = await bob.call("Thread/get", ids=[thread, "Tzz"])
    assert got["notFound"] == ["Tzz"]
    ids = got["list"][0]["emailIds"]
    assert len(ids) == 2
    assert (await bob.call("Thread/get", ids=None))["list"] == got["list"]
    imap = await stage.user(select="INBOX")
    await imap.ok("STORE 1 +FLAGS (\\Seen)")
    told_again = await bob.call("Thread/changes", sinceState=told["newState"])
    assert (told_again["created"], told_again["updated"], told_again["destroyed"]) == ([], [], [])
    await imap.ok("STORE 1 +FLAGS (\\Deleted)")
    assert (await bob.call("Thread/changes", sinceState=told["newState"]))["updated"] == [thread]
    assert (await bob.call("Thread/get", ids=[thread]))["list"][0]["emailIds"] == [
        ids[0]
    ]  # the second came earlier
    await imap.ok("STORE 2 +FLAGS (\\Deleted)")
    await imap.ok("EXPUNGE")
    assert (await bob.call("Thread/changes", sinceState=told["newState"]))["destroyed"] == [thread]
    assert (await bob.call("Thread/get", ids=[thread]))["notFound"] == [thread]


async def test_an_unread_thread_changes_in_each_mailbox_that_has_some_of_it(
    stage: JmapStage, monkeypatch: pytest.MonkeyPatch
) -> None:
    """RFC 8621 §2: unreadThreads counts a thread whose unread email is elsewhere."""
    bob = stage.jmap()
    boxes = {one["role"]: one["id"] for one in (await bob.call("Mailbox/get", ids=None))["list"]}
    raw = b"Subject: %s\r\nMessage-ID: <%d@x.test>\r\nReferences: <1@x.test>\r\n\r\n"
    await stage.deliver(raw=raw % (b"a", 1))
    await stage.deliver(raw=raw % (b"Re: a", 2), role="archive")
    state = (await bob.call("Mailbox/get", ids=[]))["state"]
    imap = await stage.user(select="INBOX")
    await imap.ok("STORE 1 +FLAGS (\\Seen)")
    for most in (arranging.MOST_TOUCHED, 0):
        monkeypatch.setattr(arranging, "MOST_TOUCHED", most)
        told = await bob.call("Mailbox/changes", sinceState=state)
        assert {boxes["inbox"], boxes["archive"]} <= set(told["updated"])
        assert (len(told["updated"]) == 2) == (most > 0)
        assert set(told["updatedProperties"]) == {
            "totalEmails",
            "unreadEmails",
            "totalThreads",
            "unreadThreads",
        }
        assert not (await bob.call("Mailbox/changes", sinceState=told["newState"]))["updated"]


async def test_what_lies_in_a_renamed_mailbox_moves_with_it_in_a_tree(stage: JmapStage) -> None:
    bob = stage.jmap()
    made = await bob.call(
        "Mailbox/set", create={"a": {"name": "a"}, "b": {"name": "b"}, "c": {"name": "c", "parentId": "#a"}}
    )
    ids = {name: one["id"] for name, one in made["created"].items()}
    asked = {"sortAsTree": True, "sort": [{"property": "name"}], "filter": {"hasAnyRole": False}}
    before = await bob.call("Mailbox/query", **asked)
    assert before["ids"] == [ids["a"], ids["c"], ids["b"]]
    await bob.call("Mailbox/set", update={ids["a"]: {"name": "z"}})
    told = await bob.call("Mailbox/queryChanges", sinceQueryState=before["queryState"], **asked)
    assert set(told["removed"]) == {ids["a"], ids["c"]}
    assert told["added"] == [{"id": ids["a"], "index": 1}, {"id": ids["c"], "index": 2}]


async def test_all_threads_are_all_or_none(stage: JmapStage) -> None:
    bob = stage.jmap(limits=Limits(max_objects_in_get=2))
    for subject in (b"a", b"b"):
        await stage.deliver(b"Subject: " + subject + b"\r\n\r\n")
    assert len((await bob.call("Thread/get", ids=None))["list"]) == 2
    await stage.deliver(b"Subject: c\r\n\r\n")
    assert (await bob.error("Thread/get", ids=None))["type"] == "requestTooLarge"


async def test_the_top_of_others_is_closed(stage: JmapStage) -> None:
    imap = await stage.user(BOB)
    await imap.ok("CREATE shared")
    await imap.ok(f"SETACL shared {ALICE} lrikx")
    alice, bob = stage.jmap(ALICE), stage.jmap(BOB)
    told = await alice.call("Mailbox/set", accountId=bob.account, create={"k": {"name": "x"}})
    assert told["notCreated"]["k"]["type"] == "forbidden"
    accounts = (await alice.http("GET", "/jmap/session")).json["accounts"]
    may = {key: one["accountCapabilities"][MAIL]["mayCreateTopLevelMailbox"] for key, one in accounts.items()}
    assert may == {alice.account: True, bob.account: False}


async def test_what_is_never_shared_is_not_told_of(stage: JmapStage) -> None:
    imap = await stage.user(BOB)
    await imap.ok("CREATE shared")
    await imap.ok(f"SETACL shared {ALICE} lr")
    alice, bob = stage.jmap(ALICE), stage.jmap(BOB)
    state = (await alice.call("Mailbox/get", accountId=bob.account, ids=[]))["state"]
    await stage.deliver()
    told = await alice.call("Mailbox/changes", accountId=bob.account, sinceState=state)
    assert (told["created"], told["updated"], told["destroyed"]) == ([], [], [])
    await imap.ok(f"DELETEACL shared {ALICE}")
    await imap.ok("CREATE other")
    await imap.ok(f"SETACL other {ALICE} lr")
    told = await alice.call("Mailbox/changes", accountId=bob.account, sinceState=told["newState"])
    assert len(told["destroyed"]) == 1


async def test_what_anothers_mailboxes_are_for_is_his_to_say(stage: JmapStage) -> None:
    """His junk is filed by role, whoever made the mailbox that has it."""
    imap = await stage.user(BOB)
    await imap.ok("DELETE Junk")
    await imap.ok("CREATE shared")
    await imap.ok(f"SETACL shared {ALICE} lrikxa")
    alice, bob = stage.jmap(ALICE), stage.jmap(BOB)
    (shared,) = (await boxes(alice, accountId=bob.account)).values()
    told = await alice.call(
        "Mailbox/set",
        accountId=bob.account,
        create={
            "k": {"name": "mine", "parentId": shared["id"], "role": "junk"},
            "l": {"name": "x", "parentId": shared["id"]},
        },
        update={shared["id"]: {"role": "junk"}},
    )
    assert told["notCreated"]["k"]["type"] == told["notUpdated"][shared["id"]]["type"] == "forbidden"
    assert set(told["created"]) == {"l"}
    assert (await bob.call("Mailbox/set", update={shared["id"]: {"role": "junk"}}))["updated"]
