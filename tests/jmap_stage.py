"""JMAP over a real store, without sockets: requests in, responses out; IMAP sessions over the same store beside it.

stage = await JmapStage.open(store, ALICE)
bob = stage.jmap(BOB)
got = await bob.call("Mailbox/get", ids=None)
"""

import base64
import json
from typing import Any

from imap_stage import ALICE, BOB, PASSWORD, ImapStage, Known, StageLogins
from postroom.message.errors import AuthenticationFailed
from postroom.message.ids import IdKind, id_text
from postroom.proto.jmap.capabilities import KNOWN
from postroom.proto.jmap.request import Limits
from postroom.serve.jmap.http.http import JmapApp
from postroom.serve.jmap.http.resources import jmap_app
from postroom.serve.jmap.methods.call import JmapService

__all__ = ["ALICE", "BOB", "JmapClient", "JmapStage", "Reply"]

USING = sorted(KNOWN)


class AnyLogins(StageLogins):
    """For every protocol."""

    async def authenticate(
        self, protocol: str, ip: str, username: str, password: bytes, authorize_as: str = ""
    ) -> Known:
        if username not in self.people or password != PASSWORD.encode() or authorize_as not in ("", username):
            raise AuthenticationFailed
        return Known(self.people[username], username)

    async def bearer(self, protocol: str, ip: str, username: str, token: str) -> Known:
        """A token is `token-` and the name of its account."""
        address = token.removeprefix("token-")
        if protocol != "jmap" or username or address == token or address not in self.people:
            raise AuthenticationFailed
        return Known(self.people[address], address, "token ")


class Reply:
    """An HTTP response."""

    def __init__(self, status: int, headers: dict[str, str], body: bytes) -> None:
        self.status = status
        self.headers = headers
        self.body = body

    @property
    def json(self) -> Any:
        return json.loads(self.body)


class JmapClient:
    """Somebody's client."""

    def __init__(self, app: JmapApp, address: str, account_id: int) -> None:
        self.app = app
        self.address = address
        self.account = id_text(IdKind.ACCOUNT, account_id)

    def credentials(self, password: str = PASSWORD) -> dict[str, str]:
        token = base64.b64encode(f"{self.address}:{password}".encode()).decode()
        return {"authorization": f"Basic {token}"}

    async def http(
        self, method: str, path: str, body: bytes = b"", headers: dict[str, str] | None = None
    ) -> Reply:
        """One exchange; `headers` replace the credentials."""
        given = self.credentials() if headers is None else headers
        path, _, query = path.partition("?")
        scope = {
            "type": "http", "http_version": "1.1", "method": method, "path": path, "raw_path": path.encode(), "scheme": "https",
            "query_string": query.encode(), "client": ("192.0.2.7", 4711), "server": ("192.0.2.1", 443),
            "headers": [(name.lower().encode(), value.encode()) for name, value in {"host": "mail.hamburger.test", **given}.items()],
        }  # fmt: skip
        pieces = [body[at : at + 65536] for at in range(0, len(body), 65536)] or [b""]
        told: list[dict[str, Any]] = []

        async def receive() -> dict[str, Any]:
            if not pieces:
                return {"type": "http.disconnect"}
            return {"type": "http.request", "body": pieces.pop(0), "more_body": bool(pieces)}

        async def send(message: Any) -> None:
            told.append(message)

        await self.app(scope, receive, send)
        start = told[0]
        found = {name.decode(): value.decode() for name, value in start["headers"]}
        return Reply(start["status"], found, b"".join(one.get("body", b"") for one in told[1:]))

    async def post(self, request: Any, raw: bytes | None = None, **headers: str) -> Reply:
        """A request to the API."""
        body = json.dumps(request).encode() if raw is None else raw
        return await self.http(
            "POST", "/jmap/api", body, {**self.credentials(), "content-type": "application/json", **headers}
        )

    async def request(self, *calls: list[Any], using: list[str] | None = None, **more: Any) -> list[Any]:
        """Method calls in, method responses out."""
        reply = await self.post(
            {"using": USING if using is None else using, "methodCalls": list(calls), **more}
        )
        assert reply.status == 200, reply.body
        responses: list[Any] = reply.json["methodResponses"]
        return responses

    async def answer(self, method: str, **arguments: Any) -> tuple[str, dict[str, Any]]:
        """One call; the name and the arguments of its first response. `accountId` is the client's own unless given."""
        given = {"accountId": self.account, **arguments}
        name, told, _ = (await self.request([method, given, "c"]))[0]
        return name, told

    async def call(self, method: str, **arguments: Any) -> dict[str, Any]:
        """One call that succeeds."""
        name, told = await self.answer(method, **arguments)
        assert name == method, told
        return told

    async def error(self, method: str, **arguments: Any) -> dict[str, Any]:
        """One call that fails."""
        name, told = await self.answer(method, **arguments)
        assert name == "error", told
        return told


class JmapStage(ImapStage):
    """A store with accounts, IMAP sessions and JMAP clients. Made by `open`."""

    def __init__(self, store: Any) -> None:
        super().__init__(store)
        self.logins = AnyLogins()
        self.faults: list[BaseException] = []

    def app(self, **other: Any) -> JmapApp:
        """The HTTP application; `other` replaces fields of the service."""
        values: dict[str, Any] = {
            "logins": self.logins,
            "store": self.store,
            "ids": self.ids,
            "now": lambda: self.now,
            "tell": self.faults.append,
            "unique": lambda: f"unique.{self.ids.next()}",
            "limits": Limits(),
        }
        return jmap_app(JmapService(**values | other))

    def jmap(self, address: str = BOB, **other: Any) -> JmapClient:
        """A client."""
        return JmapClient(self.app(**other), address, self.logins.people[address])
