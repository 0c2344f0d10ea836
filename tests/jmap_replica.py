"""A JMAP client that keeps a copy of everything it was told, and learns the rest by /changes and /queryChanges alone.

replica = await Replica.open(client)
await replica.sync(most=3)         # pieces of at most three changes
replica.emails, replica.mailboxes, replica.threads, replica.lists
"""

import random
from typing import Any

from jmap_stage import JmapClient

EMAIL = ["id", "threadId", "mailboxIds", "keywords", "receivedAt", "size"]
COUNTS = {"totalEmails", "unreadEmails", "totalThreads", "unreadThreads"}
NEWEST = [{"property": "receivedAt", "isAscending": False}]


class Replica:
    """Objects by id of each type, and the lists of some queries. Made by `open`."""

    def __init__(self, client: JmapClient) -> None:
        self.client = client
        self.states: dict[str, str] = {}
        self.emails: dict[str, Any] = {}
        self.mailboxes: dict[str, Any] = {}
        self.threads: dict[str, Any] = {}
        self.queries: list[tuple[str, dict[str, Any]]] = []
        self.lists: list[tuple[str, list[str]]] = []

    @classmethod
    async def open(cls, client: JmapClient, queries: list[tuple[str, dict[str, Any]]]) -> "Replica":
        replica = cls(client)
        replica.queries = queries
        for kind in ("Email", "Mailbox", "Thread"):
            replica.states[kind] = (await client.call(f"{kind}/get", ids=[]))["state"]
        assert not (await client.call("Email/query"))["ids"], "nothing may be there before"
        for one in (await client.call("Mailbox/get", ids=None))["list"]:
            replica.mailboxes[one["id"]] = one
        replica.lists = [await replica.fresh(method, asked) for method, asked in queries]
        return replica

    async def fresh(self, method: str, asked: dict[str, Any]) -> tuple[str, list[str]]:
        told = await self.client.call(f"{method}/query", **asked)
        return told["queryState"], told["ids"]

    async def sync(self, chance: random.Random) -> None:
        """Up to date, in pieces of any size."""
        await self._follow("Email", self.emails, chance, EMAIL)
        await self._follow("Mailbox", self.mailboxes, chance, None)
        await self._follow("Thread", self.threads, chance, None)
        for at, (method, asked) in enumerate(self.queries):
            self.lists[at] = await self._replayed(method, asked, *self.lists[at])

    async def _follow(
        self, kind: str, kept: dict[str, Any], chance: random.Random, properties: list[str] | None
    ) -> None:
        more = True
        while more:
            most = chance.choice([None, 1, 2, 5])
            told = await self.client.call(f"{kind}/changes", sinceState=self.states[kind], maxChanges=most)
            self._check(told, most)
            assert kept.keys() >= set(told["updated"]), (
                "a client looks for what is new among what was created"
            )
            for one in told["destroyed"]:
                kept.pop(one, None)
            only = told.get("updatedProperties")
            await self._take(kind, kept, told["created"], properties)
            await self._take(kind, kept, told["updated"], only or properties, merged=only is not None)
            self.states[kind], more = told["newState"], told["hasMoreChanges"]

    def _check(self, told: dict[str, Any], most: int | None) -> None:
        ids = [*told["created"], *told["updated"], *told["destroyed"]]
        assert len(set(ids)) == len(ids), told
        assert most is None or len(ids) <= most
        if told["hasMoreChanges"]:
            assert told["newState"] != told["oldState"]

    async def _take(
        self,
        kind: str,
        kept: dict[str, Any],
        ids: list[str],
        properties: list[str] | None,
        *,
        merged: bool = False,
    ) -> None:
        if not ids:
            return
        got = await self.client.call(f"{kind}/get", ids=ids, properties=properties)
        for one in got["notFound"]:
            kept.pop(one, None)  # gone meanwhile: a later piece says so
        for one in got["list"]:
            kept[one["id"]] = {**kept[one["id"]], **one} if merged else one

    async def _replayed(
        self, method: str, asked: dict[str, Any], state: str, ids: list[str]
    ) -> tuple[str, list[str]]:
        """RFC 8620 §5.6: take out what was removed, then put in what was added, from the lowest index on."""
        told = await self.client.call(
            f"{method}/queryChanges", sinceQueryState=state, calculateTotal=True, **asked
        )
        result = [one for one in ids if one not in told["removed"]]
        assert [one["index"] for one in told["added"]] == sorted(one["index"] for one in told["added"])
        for one in told["added"]:
            assert one["id"] not in result
            assert one["index"] <= len(result)
            result.insert(one["index"], one["id"])
        assert told["total"] == len(result)
        return told["newQueryState"], result
