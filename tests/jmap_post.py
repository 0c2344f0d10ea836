"""JMAP with the door of submission behind it, over one store: what is sent there goes its whole way (`SortingOffice`)."""

import asyncio
from typing import Any

from jmap_stage import ALICE, BOB, JmapClient, JmapStage
from postroom.intake.guard.guard import Guard
from postroom.intake.submission import SubmissionDoor
from postroom.proto.smtp.config import Limits, ServerConfig, Service
from postroom.proto.smtp.extensions import Offers
from postroom.serve.jmap.methods.post import Post
from running import PATIENCE
from sorting_office import SortingOffice

FAR = "carol@far.test"


async def wait_for(what: Any) -> Any:
    """Until the runner has come so far."""
    async with asyncio.timeout(PATIENCE):
        while not (found := await what()):
            await asyncio.sleep(0.01)
        return found


class JmapPost:
    """Bob and Alice with their clients; `office.clock` is everybody's."""

    def __init__(self, stage: JmapStage, **limits: Any) -> None:
        self.stage = stage
        self.office = SortingOffice(stage.store)
        stage.ids = self.office.ids
        self.limits = Limits(**limits)
        self._unique = iter(range(1, 1 << 30))
        self.bob = self.client(BOB)
        self.alice = self.client(ALICE)

    def post(self, undo: int = 0, guard: Guard | None = None) -> Post:
        now = self.office.clock.now
        config = ServerConfig("mx.hamburger.test", now, Service.SUBMISSION, self.limits)
        door = SubmissionDoor(self.office.premises(), lambda: f"door{next(self._unique)}")
        return Post(door, Offers(config), guard, undo)

    def client(
        self, address: str = BOB, undo: int = 0, guard: Guard | None = None, **other: Any
    ) -> JmapClient:
        given = {"now": self.office.clock.now, "post": self.post(undo, guard)} | other
        return self.stage.jmap(address, **given)

    # ------------------------------------------------------------------------------------------------------------- what users do

    async def box(self, client: JmapClient, role: str) -> str:
        boxes = (await client.call("Mailbox/get", ids=None, properties=["role"]))["list"]
        return next(str(one["id"]) for one in boxes if one["role"] == role)

    async def draft(self, client: JmapClient, **given: Any) -> str:
        values: dict[str, Any] = {
            "mailboxIds": {await self.box(client, "drafts"): True},
            "keywords": {"$draft": True, "$seen": True},
            "from": [{"name": "Me", "email": client.address}],
            "to": [{"name": None, "email": ALICE if client.address == BOB else BOB}],
            "subject": "ketchup",
            "textBody": [{"partId": "1", "type": "text/plain"}],
            "bodyValues": {"1": {"value": "Do you like it?\r\n"}},
        }
        values |= given
        made = await client.call(
            "Email/set", create={"d": {name: one for name, one in values.items() if one is not None}}
        )
        assert made["created"], made
        return str(made["created"]["d"]["id"])

    async def identity(self, client: JmapClient) -> str:
        return str((await client.call("Identity/get", ids=None))["list"][0]["id"])

    async def submit(
        self, client: JmapClient, email: str, envelope: Any = None, **more: Any
    ) -> dict[str, Any]:
        """The whole answer of EmailSubmission/set for one creation `s`."""
        given = {"identityId": await self.identity(client), "emailId": email}
        if envelope is not None:
            given["envelope"] = envelope
        return await client.call("EmailSubmission/set", create={"s": given}, **more)

    async def sent(self, client: JmapClient, email: str, envelope: Any = None) -> dict[str, Any]:
        told = await self.submit(client, email, envelope)
        assert told["created"], told
        return told["created"]["s"]  # type: ignore[no-any-return]

    async def refused(self, client: JmapClient, email: str, envelope: Any = None) -> dict[str, Any]:
        told = await self.submit(client, email, envelope)
        assert told["notCreated"], told
        return told["notCreated"]["s"]  # type: ignore[no-any-return]

    async def submission(self, client: JmapClient, record: str) -> dict[str, Any]:
        return (await client.call("EmailSubmission/get", ids=[record]))["list"][0]  # type: ignore[no-any-return]

    async def inbox(self, address: str) -> list[bytes]:
        return await self.office.inbox(self.stage.logins.people[address])


def envelope(sender: str, *recipients: str, **parameters: str | None) -> dict[str, Any]:
    """An Envelope; `parameters` are MAIL's."""
    return {
        "mailFrom": {"email": sender, "parameters": parameters or None},
        "rcptTo": [{"email": one, "parameters": None} for one in recipients],
    }
