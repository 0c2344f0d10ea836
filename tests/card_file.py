"""Address books and cards of a JMAP client, in few words."""

from typing import Any

from jmap_stage import JmapClient

PNG = b"\x89PNG\r\n\x1a\n" + bytes(40)


async def books(client: JmapClient) -> dict[str, dict[str, Any]]:
    """All address books by name."""
    got = await client.call("AddressBook/get", ids=None)
    return {one["name"]: one for one in got["list"]}


async def first(client: JmapClient) -> str:
    """The id of the address book that is there."""
    return str((await books(client))["Contacts"]["id"])


async def add(client: JmapClient, **card: Any) -> dict[str, Any]:
    """A new card in the first address book, as it is told."""
    given = {"addressBookIds": {await first(client): True}, **card}
    done = await client.call("ContactCard/set", create={"c": given})
    assert done["notCreated"] is None, done
    made: dict[str, Any] = done["created"]["c"]
    return made


async def refused(client: JmapClient, **card: Any) -> dict[str, Any]:
    """The SetError of a card that cannot be made."""
    given = {"addressBookIds": {await first(client): True}, **card}
    done = await client.call("ContactCard/set", create={"c": given})
    error: dict[str, Any] = done["notCreated"]["c"]
    return error


async def show(client: JmapClient, card_id: str) -> dict[str, Any]:
    """A card."""
    (card,) = (await client.call("ContactCard/get", ids=[card_id]))["list"]
    found: dict[str, Any] = card
    return found
