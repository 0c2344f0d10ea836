"""An account with two address books, and another of its domain with whom they may be shared, over JMAP."""

from typing import Any

from jmap_stage import BOB, JmapClient, JmapStage
from postroom.message.ids import IdKind, id_text
from postroom.store.records import acl as record_acl

CAROL = "carol@hamburger.test"
DORA = "dora@hamburger.test"
ALL = ("mayRead", "mayWrite", "mayShare", "mayDelete")


def rights(*names: str) -> dict[str, bool]:
    return {name: name in names for name in ALL}


def who(stage: JmapStage, address: str) -> str:
    return id_text(IdKind.PRINCIPAL, stage.logins.people[address])


class House:
    """Bob with two address books, and Carol, of the same domain."""

    def __init__(self, stage: JmapStage) -> None:
        self.stage = stage
        self.bob, self.carol = stage.jmap(BOB), stage.jmap(CAROL)
        self.first = self.work = ""

    @classmethod
    async def of(cls, stage: JmapStage) -> "House":
        await stage.move_in(CAROL)
        house = cls(stage)
        house.first = (await house.bob.call("AddressBook/get"))["list"][0]["id"]
        made = await house.bob.call("AddressBook/set", create={"w": {"name": "Work"}})
        house.work = made["created"]["w"]["id"]
        return house

    async def give(self, book: str, *names: str, to: str = CAROL, by: JmapClient | None = None) -> Any:
        """What becomes of an update of shareWith: {} when it was done."""
        path = f"shareWith/{who(self.stage, to)}"
        patch = {path: rights(*names) if names else None}
        return await self.change(by or self.bob, book, patch)

    async def change(self, client: JmapClient, book: str, patch: dict[str, Any]) -> Any:
        told = await client.call("AddressBook/set", accountId=self.bob.account, update={book: patch})
        return (told["notUpdated"] or {}).get(book, {})

    async def add(self, *books: str, by: JmapClient | None = None, **card: Any) -> Any:
        """The id of a new card of Bob's account, or the error."""
        given = {"name": {"full": "x"}, **card, "addressBookIds": dict.fromkeys(books, True)}
        told = await (by or self.bob).call("ContactCard/set", accountId=self.bob.account, create={"c": given})
        return told["created"]["c"]["id"] if told["created"] else told["notCreated"]["c"]

    async def seen(self) -> dict[str, Any]:
        """The cards that Carol sees, by id."""
        got = await self.carol.call("ContactCard/get", accountId=self.bob.account)
        return {one["id"]: one for one in got["list"]}

    async def books(self, client: JmapClient | None = None) -> dict[str, Any]:
        got = await (client or self.carol).call("AddressBook/get", accountId=self.bob.account)
        return {one["id"]: one for one in got["list"]}

    async def notices(self, client: JmapClient | None = None) -> list[dict[str, Any]]:
        got = await (client or self.carol).call("ShareNotification/get")
        return [one for one in got["list"] if one["objectType"] == "AddressBook"]


async def record_numbers(stage: JmapStage, kind: record_acl.Kind, name: str) -> list[int]:
    rows = await stage.store.engine.reading().fetch(
        "SELECT record_id, data FROM records WHERE account_id = $1 AND kind = $2", kind.account_id, kind.name
    )
    return [row[0] for row in rows if name.encode() in bytes(row[1])]
