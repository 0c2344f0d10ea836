"""The files of the web mail: what is sent, how long it may be kept, and that nothing else is."""

import asyncio
import gzip
import os
from collections.abc import Mapping
from pathlib import Path
from typing import Any, NamedTuple
from urllib.parse import unquote

import pytest

from postroom.web.mail_app import mail_app
from postroom.web.static_files import POLICY, WORKER_POLICY, StaticFiles

SCRIPT = b"console.log(1)" * 100


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    static = tmp_path / "static"
    (static / "assets").mkdir(parents=True)
    (static / ".vite").mkdir()
    (static / "index.html").write_bytes(b"<!doctype html>page")
    (static / "icon.svg").write_bytes(b"<svg/>")
    (static / "worker.js").write_bytes(SCRIPT)
    (static / "assets" / "index-abc.js").write_bytes(SCRIPT)
    (static / "assets" / "index-abc.js.gz").write_bytes(gzip.compress(SCRIPT))
    (static / ".vite" / "manifest.json").write_bytes(b"{}")
    (tmp_path / "secret.json").write_bytes(b"{}")
    return static


class Got(NamedTuple):
    status_code: int
    headers: Mapping[str, str]
    content: bytes

    @property
    def text(self) -> str:
        return self.content.decode()


class Client:
    """Asks the application itself."""

    def __init__(self, folder: Path) -> None:
        self._app = mail_app(None, None, None, StaticFiles(folder))  # type: ignore[arg-type]

    async def get(self, path: str, **headers: str) -> Got:
        told: list[Any] = []

        async def send(message: Any) -> None:
            told.append(message)

        fields = [(name.replace("_", "-").encode(), value.encode()) for name, value in headers.items()]
        scope = {
            "type": "http",
            "method": "GET",
            "path": unquote(path),
            "query_string": b"",
            "headers": fields,
        }
        await self._app(scope, None, send)  # type: ignore[arg-type]
        found = {name.decode(): value.decode() for name, value in told[0]["headers"]}
        return Got(told[0]["status"], found, b"".join(one.get("body", b"") for one in told[1:]))


@pytest.fixture
def client(folder: Path) -> Client:
    return Client(folder)


@pytest.mark.parametrize("path", ["/mail", "/mail/", "/mail/folder/inbox/T1", "/mail/settings"])
async def test_every_address_of_the_page_is_the_page(client: Client, path: str) -> None:
    answer = await client.get(path)
    assert (answer.status_code, answer.text) == (200, "<!doctype html>page")
    assert answer.headers["content-security-policy"] == POLICY
    assert answer.headers["cache-control"] == "no-cache"


async def test_names_with_a_hash_are_kept_for_ever(client: Client) -> None:
    answer = await client.get("/mail/assets/index-abc.js", accept_encoding="gzip")
    assert gzip.decompress(answer.content) == SCRIPT
    assert answer.headers["content-encoding"] == "gzip"
    assert answer.headers["cache-control"] == "public, max-age=31536000, immutable"
    assert answer.headers["content-type"] == "text/javascript; charset=utf-8"
    plain = await client.get("/mail/assets/index-abc.js", accept_encoding="identity")
    assert plain.content == SCRIPT
    assert "content-encoding" not in plain.headers
    assert plain.headers["etag"] != answer.headers["etag"]


async def test_what_is_known_is_not_sent_again(client: Client) -> None:
    tag = (await client.get("/mail/icon.svg")).headers["etag"]
    again = await client.get("/mail/icon.svg", if_none_match=tag)
    assert (again.status_code, again.content) == (304, b"")


@pytest.mark.parametrize(
    "path",
    ["../secret.json", "%2e%2e/secret.json", "assets/../../secret.json", ".vite/manifest.json", "x.js", "index.html",
     "assets/index-abc.js.gz", "assets/%00.js"],
)  # fmt: skip
async def test_nothing_else_is_sent(client: Client, path: str) -> None:
    answer = await client.get(f"/mail/{path}")
    assert (answer.status_code, answer.text) == (404, "There is nothing here\n")


async def test_who_comes_while_the_files_are_read_waits_for_them(client: Client) -> None:
    answers = await asyncio.gather(*(client.get(path) for path in ("/mail/", "/mail/icon.svg", "/mail/")))
    assert [answer.status_code for answer in answers] == [200, 200, 200]


async def test_files_that_could_not_be_read_are_read_again(
    client: Client, folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def fails(_path: Path) -> bytes:
        raise OSError(24, "Too many open files")

    with monkeypatch.context() as patch:
        patch.setattr(Path, "read_bytes", fails)
        with pytest.raises(OSError, match="Too many"):
            await client.get("/mail/")
    assert (await client.get("/mail/")).status_code == 200


async def test_a_new_build_is_seen(client: Client, folder: Path) -> None:
    assert (await client.get("/mail/")).text == "<!doctype html>page"
    page = folder / "index.html"
    page.write_bytes(b"new")
    os.utime(page, ns=(1, 1))
    assert (await client.get("/mail/")).text == "new"


async def test_without_a_build_it_says_what_is_missing(tmp_path: Path) -> None:
    (tmp_path / "missing.txt").write_text("npm could not fetch the packages\n")
    client = Client(tmp_path)
    answer = await client.get("/mail/")
    assert answer.status_code == 503
    assert "npm could not fetch the packages" in answer.text
    assert "make web" in answer.text


def test_scripts_come_from_our_files_alone() -> None:
    scripts = next(one for one in POLICY.split("; ") if one.startswith("script-src"))
    assert scripts == "script-src 'self'"
    assert "frame-ancestors 'none'" in POLICY
    assert "unsafe-eval" not in POLICY


async def test_the_service_worker_may_fetch_from_here_alone_and_is_asked_for_each_time(folder: Path) -> None:
    got = await Client(folder).get("/mail/worker.js")
    assert got.headers["content-security-policy"] == WORKER_POLICY
    assert got.headers["cache-control"] == "no-cache"
    assert "postroom-worker" in POLICY
