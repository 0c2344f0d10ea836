"""The door for pictures: signed addresses alone, and what goes out with a picture."""

from typing import Any

import pytest

from postroom.net.https import NotFetched
from postroom.net.pictures import Picture
from postroom.proto.http.picture_addresses import PATH, Wanted, sign
from postroom.web.answers import Refused
from postroom.web.pictures import PictureDoor

KEY, NOW = b"k" * 32, 1_800_000_000


async def asked(path: str, method: str = "GET", kind: str = "http", at: int = NOW) -> tuple[Any, list[str]]:
    urls: list[str] = []
    told: list[Any] = []

    async def fetch(url: str, account_id: int) -> Picture:
        assert account_id == 1
        urls.append(url)
        if "bad" in url:
            raise NotFetched("what came is no picture")
        return Picture("image/png", b"\x89PNG")

    async def send(message: Any) -> None:
        told.append(message)

    async def receive() -> Any:
        return {"type": "http.request"}

    door = PictureDoor(KEY, lambda: at, fetch)
    await door({"type": kind, "method": method, "path": path, "headers": []}, receive, send)
    return told, urls


async def test_a_picture_goes_out_in_a_sandbox() -> None:
    told, urls = await asked(sign(KEY, Wanted(1, "https://x.test/a"), NOW))
    headers = {name.decode(): value.decode() for name, value in told[0]["headers"]}
    assert (told[0]["status"], told[1]["body"], urls) == (200, b"\x89PNG", ["https://x.test/a"])
    assert headers["content-type"] == "image/png"
    assert headers["x-content-type-options"] == "nosniff"
    assert headers["content-security-policy"] == "sandbox; default-src 'none'"
    assert headers["cache-control"].startswith("private, max-age=")
    assert "set-cookie" not in headers


@pytest.mark.parametrize(
    ("path", "method", "status", "fetched"),
    [
        (f"{PATH}x", "GET", 404, False),
        (sign(b"o" * 32, Wanted(1, "https://x.test/"), NOW), "GET", 404, False),
        (sign(KEY, Wanted(1, "https://x.test/"), NOW - 3 * 86_400), "GET", 404, False),
        (sign(KEY, Wanted(1, "https://bad.test/"), NOW), "GET", 502, True),
        (sign(KEY, Wanted(1, "https://x.test/"), NOW), "POST", 405, False),
    ],
)
async def test_what_is_refused(path: str, method: str, status: int, fetched: bool) -> None:
    with pytest.raises(Refused) as refused:
        await asked(path, method)
    assert refused.value.status == status
    assert fetched is (status == 502)
