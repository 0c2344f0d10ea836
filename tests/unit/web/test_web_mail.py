"""Signing in to a whole server by its web, what the cookie is good for, and what other sites can do with it: nothing."""

from __future__ import annotations

import asyncio
import json
from collections.abc import AsyncIterator, Mapping
from pathlib import Path

import msgspec
import pytest

from postroom.app.settings import Settings
from postroom.store import browser_sessions
from web_asking import Answer, Ask, ask
from whole_server import PASSWORD, Running, settings_of

OWN = {"X-Postroom": "1"}
HERE = "127.0.0.1"


def without_https(settings: Settings) -> Settings:
    return msgspec.structs.replace(settings, listen=msgspec.structs.replace(settings.listen, https=-1))


@pytest.fixture
async def server(tmp_path: Path) -> AsyncIterator[Running]:
    async with Running(without_https(settings_of(tmp_path / "plain"))) as running:
        await running.settle()
        yield running


async def post(
    server: Running, path: str, headers: Mapping[str, str], body: object = None, service: str = "http"
) -> Answer:
    host = "mail.l.test" if service == "https" else HERE
    sent = body if isinstance(body, bytes) else json.dumps(body).encode()
    return await ask(server, Ask(path, host, "POST", sent, tuple(headers.items())), service)


async def sign_in(server: Running, service: str = "http", **more: object) -> Answer:
    wanted = {"username": "bob@l.test", "password": PASSWORD, **more}
    return await post(server, "/mail/sign-in", {**OWN, "Content-Type": "application/json"}, wanted, service)


def cookie_of(answer: Answer) -> dict[str, str]:
    return {"Cookie": answer.headers["set-cookie"].partition(";")[0]}


async def get(server: Running, path: str, headers: Mapping[str, str]) -> Answer:
    return await ask(server, Ask(path, HERE, headers=tuple(headers.items())))


async def test_a_password_gives_a_cookie_and_the_cookie_opens_jmap(server: Running) -> None:
    answer = await sign_in(server)
    assert (answer.status, json.loads(answer.body)) == (200, {"username": "bob@l.test"})
    assert "; HttpOnly; SameSite=Strict" in answer.headers["set-cookie"]
    assert "Max-Age" not in answer.headers["set-cookie"]
    session = await get(server, "/jmap/session", {**cookie_of(answer), **OWN})
    assert json.loads(session.body)["username"] == "bob@l.test"
    echo = {"using": ["urn:ietf:params:jmap:core"], "methodCalls": [["Core/echo", {"a": 1}, "0"]]}
    told = await post(
        server, "/jmap/api", {**cookie_of(answer), **OWN, "Content-Type": "application/json"}, echo
    )
    assert json.loads(told.body)["methodResponses"][0][1] == {"a": 1}


async def test_by_tls_the_cookie_is_for_this_host_alone(tmp_path: Path) -> None:
    async with Running(settings_of(tmp_path / "whole")) as server:
        await server.settle()
        answer = await sign_in(server, "https", stay=True)
        assert answer.headers["set-cookie"].startswith("__Host-postroom=prb_")
        assert answer.headers["set-cookie"].endswith(
            "; Path=/; Max-Age=2592000; HttpOnly; SameSite=Strict; Secure"
        )


@pytest.mark.parametrize(
    ("body", "status"),
    [
        ({"username": "bob@l.test", "password": "wrong"}, 401),
        ({"username": "nobody@l.test", "password": PASSWORD}, 401),
        ({"username": "bob@l.test"}, 403),
        ({"username": "bob@l.test", "password": "\ud800"}, 403),
        ({"username": "bob@l.test", "password": PASSWORD, "admin": True}, 403),
        ([], 403),
        (b"\xff", 403),
    ],
)
async def test_all_else_gives_none(server: Running, body: object, status: int) -> None:
    answer = await post(server, "/mail/sign-in", {**OWN, "Content-Type": "application/json"}, body)
    assert answer.status == status
    assert "set-cookie" not in answer.headers
    assert "Basic" not in answer.headers.get("www-authenticate", "")


async def test_guessing_is_slowed_down_and_noted_as_everywhere(server: Running) -> None:
    assert (await sign_in(server, password="wrong")).status == 401
    late = await sign_in(server)
    assert (late.status, late.headers["retry-after"]) == (429, "15")
    assert "try again" in json.loads(late.body)["message"]


FOREIGN: list[Mapping[str, str]] = [
    {"Content-Type": "application/json"},  # without our header, as a form or a simple request
    {"Content-Type": "text/plain", **OWN},
    {"Content-Type": "application/json", **OWN, "Origin": "https://evil.test"},
    {"Content-Type": "application/json", **OWN, "Origin": "null"},
    {"Content-Type": "application/json", **OWN, "Sec-Fetch-Site": "cross-site"},
    {"Content-Type": "application/json", **OWN, "Sec-Fetch-Site": "same-site"},
    {"Content-Type": "application/json", **OWN, "Sec-Fetch-Site": "none"},
]


@pytest.mark.parametrize("headers", FOREIGN)
async def test_no_other_site_signs_anybody_in(server: Running, headers: Mapping[str, str]) -> None:
    answer = await post(server, "/mail/sign-in", headers, {"username": "bob@l.test", "password": PASSWORD})
    assert answer.status == 403
    assert "set-cookie" not in answer.headers


@pytest.mark.parametrize("headers", [FOREIGN[0], *FOREIGN[2:]])
async def test_no_other_site_acts_with_the_cookie(server: Running, headers: Mapping[str, str]) -> None:
    cookie = cookie_of(await sign_in(server))
    echo = {"using": ["urn:ietf:params:jmap:core"], "methodCalls": [["Core/echo", {}, "0"]]}
    assert (await post(server, "/jmap/api", {**cookie, **headers}, echo)).status == 403
    assert (await post(server, "/mail/sign-out", {**cookie, **headers})).status == 403
    assert (await get(server, "/jmap/session", {**cookie, **OWN})).status == 200


@pytest.mark.parametrize(
    ("headers", "status"),
    [
        ({}, 403),
        (OWN, 200),
        ({"Sec-Fetch-Site": "same-origin"}, 200),
        ({"Sec-Fetch-Site": "none"}, 200),
        ({"Sec-Fetch-Site": "cross-site"}, 403),
        ({"Sec-Fetch-Site": "same-site"}, 403),
        ({**OWN, "Sec-Fetch-Site": "cross-site"}, 403),
    ],
)
async def test_looking_needs_our_own_page_too(
    server: Running, headers: Mapping[str, str], status: int
) -> None:
    cookie = cookie_of(await sign_in(server))
    assert (await get(server, "/jmap/session", {**cookie, **headers})).status == status


async def test_a_websocket_does_not_take_the_cookie(server: Running) -> None:
    cookie = cookie_of(await sign_in(server))
    upgrade = {
        "Connection": "Upgrade", "Upgrade": "websocket", "Sec-WebSocket-Version": "13", "Sec-WebSocket-Key": "x" * 22 + "==",
        "Sec-WebSocket-Protocol": "jmap", "Origin": f"http://{HERE}",
    }  # fmt: skip
    assert (await get(server, "/jmap/ws", {**cookie, **upgrade})).status == 403


async def test_signing_out_ends_the_session(server: Running) -> None:
    cookie = cookie_of(await sign_in(server))
    answer = await post(server, "/mail/sign-out", {**cookie, **OWN})
    assert answer.status == 200
    assert "Max-Age=0" in answer.headers["set-cookie"]
    assert "storage" in answer.headers["clear-site-data"]
    over = await get(server, "/jmap/session", {**cookie, **OWN, "Sec-Fetch-Mode": "cors"})
    assert over.status == 401
    assert over.headers["www-authenticate"] == 'Session realm="Postroom"'  # no window of the browser's


async def test_another_sign_in_replaces_the_session(server: Running) -> None:
    first = cookie_of(await sign_in(server))
    headers = {**OWN, **first, "Content-Type": "application/json"}
    await post(server, "/mail/sign-in", headers, {"username": "bob@l.test", "password": PASSWORD})
    assert (await get(server, "/jmap/session", {**first, **OWN})).status == 401


async def test_a_use_is_noted_now_and_then(server: Running) -> None:
    cookie = cookie_of(await sign_in(server))
    engine = server.server.engine
    await engine.write(lambda tx: tx.execute("UPDATE browser_sessions SET last_used = 1"))
    await get(server, "/jmap/session", {**cookie, **OWN})
    await asyncio.sleep(0)
    (row,) = await engine.reading().fetch("SELECT account_id, last_used FROM browser_sessions")
    assert row[1] > 1
    assert await browser_sessions.of_account(engine.reading(), row[0])


async def test_credentials_come_before_the_cookie(server: Running) -> None:
    cookie = cookie_of(await sign_in(server))
    assert (await get(server, "/jmap/session", {**cookie, "Authorization": "Basic x"})).status == 401


async def test_the_name_of_the_server_leads_to_the_web_mail(server: Running) -> None:
    answer = await get(server, "/", {})
    assert (answer.status, answer.headers["location"]) == (307, "/mail/")
    there = await get(server, "/mail/config-v1.1.xml?emailaddress=bob@l.test", {})
    assert "<clientConfig" in there.body
