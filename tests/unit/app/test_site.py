"""JMAP where a server mounts it: behind the guard, which leaves to it to say what is too large."""

from pathlib import Path
from typing import Any, cast

from jmap_stage import ALICE, BOB, JmapClient, JmapStage
from postroom.app.site import mounts
from postroom.proto.jmap.request import Limits
from postroom.serve.jmap.http.http import JmapApp
from postroom.store.store import Store
from postroom.web.guard import Guard, Rules


async def hears(_host: str) -> bool:
    return True


async def nothing(*_: Any) -> None:
    raise AssertionError("nothing is here")


async def test_whoever_sends_too_much_is_told_the_limit(tmp_path: Path) -> None:
    """RFC 8620 §3.6.1, §6.1."""
    store = await Store.open(f"sqlite://{tmp_path}/store")
    stage = await JmapStage.open(store, ALICE)
    app = stage.app(limits=Limits(max_size_upload=100, max_size_request=50))
    guard = Guard(Rules(hears, lambda: 443, lambda: 0), mounts(app), nothing)
    bob = JmapClient(cast("JmapApp", guard), BOB, stage.logins.people[BOB])
    announced = {**bob.credentials(), "content-length": "101", "content-type": "application/json"}
    for path, limit in ((f"/jmap/upload/{bob.account}/", "maxSizeUpload"), ("/jmap/api", "maxSizeRequest")):
        for headers in (announced, {**announced, "content-length": "0"}):
            reply = await bob.http("POST", path, b"x" * 101, headers)
            told = (reply.status, reply.headers["content-type"], reply.json["limit"])
            assert told == (400, "application/problem+json", limit)
    assert (await bob.http("POST", f"/jmap/upload/{bob.account}/", b"x" * 100)).status == 201
    await store.close()
