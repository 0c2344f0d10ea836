"""Signing in to a whole server by its web, what the cookie is good for, and what other sites can do with it: nothing."""

from __future__ import annotations

import asyncio
import hashlib
import json
import mailbox
from collections.abc import AsyncIterator, Mapping
from pathlib import Path
from typing import Any

import msgspec
import pytest

from authenticator import Authenticator
from postroom.app.settings.file import Settings
from postroom.message.address import parse_mailbox
from postroom.message.errors import Overloaded
from postroom.message.ids import IdKind, id_text
from postroom.store.administration import accounts
from postroom.store.identity import browser_sessions, credentials
from postroom.store.identity.credentials import Credential, CredentialKind
from postroom.store.login import totp
from postroom.store.login.login import totp_purpose
from postroom.store.login.throttle import Limits
from postroom.store.mailboxes import mailboxes
from postroom.web.browsers import Browsers
from web_asking import Answer, Ask, ask
from whole_server import PASSWORD, Running, send, settings_of

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


async def test_a_session_that_cannot_be_ended_now_is_told_of(
    server: Running, monkeypatch: pytest.MonkeyPatch
) -> None:
    async def busy(*_: object) -> None:
        raise Overloaded

    cookie = cookie_of(await sign_in(server))
    with monkeypatch.context() as patch:
        patch.setattr(browser_sessions, "remove", busy)
        answer = await post(server, "/mail/sign-out", {**cookie, **OWN})
    assert (answer.status, "try again later" in answer.body) == (503, True)
    assert "set-cookie" not in answer.headers
    assert (await post(server, "/mail/sign-out", {**cookie, **OWN})).status == 200


async def test_another_sign_in_replaces_the_session(server: Running) -> None:
    first = cookie_of(await sign_in(server))
    headers = {**OWN, **first, "Content-Type": "application/json"}
    await post(server, "/mail/sign-in", headers, {"username": "bob@l.test", "password": PASSWORD})
    assert (await get(server, "/jmap/session", {**first, **OWN})).status == 401


async def test_who_has_shown_a_password_that_is_not_his_any_more_is_not_signed_in(
    server: Running, monkeypatch: pytest.MonkeyPatch
) -> None:
    """It was changed between the look at it and the writing of the session."""
    engine, bob = server.server.engine, parse_mailbox("bob@l.test")
    assert bob is not None
    begin = Browsers.begin

    async def late(browsers: Browsers, *others: Any, **more: Any) -> str:
        owner = (await accounts.get(engine.reading(), bob)).account_id
        new = Credential(77, CredentialKind.PASSWORD, b"another")
        await engine.write(lambda tx: credentials.put(tx, owner, new, 1))
        return await begin(browsers, *others, **more)

    monkeypatch.setattr(Browsers, "begin", late)
    answer = await sign_in(server)
    assert answer.status == 401
    assert "set-cookie" not in answer.headers
    assert await engine.reading().fetch("SELECT account_id FROM browser_sessions") == []


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


# ------------------------------------------------------------------------------------------------- codes, passkeys, a fresh proof


@pytest.fixture
async def patient(tmp_path: Path) -> AsyncIterator[Running]:
    """A server that lets everybody try again at once."""
    limits = Limits(per_minute=0, per_day=0, delays=())
    async with Running(without_https(settings_of(tmp_path / "patient")), limits) as running:
        await running.settle()
        yield running


async def bob_of(server: Running) -> int:
    who = parse_mailbox("bob@l.test")
    assert who is not None
    return (await accounts.get(server.server.engine.reading(), who)).account_id


async def put(server: Running, kind: CredentialKind, verifier: bytes) -> None:
    account_id, now = await bob_of(server), 1
    one = Credential(99, kind, verifier)
    await server.server.engine.write(lambda tx: credentials.put(tx, account_id, one, now))


async def with_codes(server: Running) -> bytes:
    """Bob needs codes from now on; gives their secret."""
    secret = b"k" * 20
    vault = server.server.parts.vault
    await put(server, CredentialKind.TOTP, vault.seal(secret, totp_purpose(await bob_of(server))))
    return secret


def code_of(server: Running, secret: bytes, ahead: int = 0) -> str:
    step = server.server.parts.login._clock.now() // 1_000_000 // totp.STEP_SECONDS
    return totp.code(secret, step + ahead)


async def test_where_there_are_codes_the_page_asks_for_one(patient: Running) -> None:
    secret = await with_codes(patient)
    first = await sign_in(patient)
    assert (first.status, json.loads(first.body)["codeWanted"]) == (401, True)
    assert "set-cookie" not in first.headers
    wrong = await sign_in(patient, code="000000")
    assert (wrong.status, "codeWanted" in json.loads(wrong.body)) == (401, False)
    code = code_of(patient, secret)
    assert (await sign_in(patient, code=f"{code[:3]} {code[3:]}")).status == 200
    assert (await sign_in(patient, code=code)).status == 401  # once


async def test_app_passwords_are_for_programs(patient: Running) -> None:
    await put(patient, CredentialKind.APP_PASSWORD, hashlib.sha256(b"for a program").digest())
    assert (await sign_in(patient, password="for a program")).status == 401


LOCALHOST = "localhost"


async def ask_localhost(server: Running, path: str, body: object, **headers: str) -> Answer:
    """As a browser that was led to http://localhost, where passkeys may be."""
    sent = tuple({**OWN, "Content-Type": "application/json", **headers}.items())
    host = f"{LOCALHOST}:{server.ports['http']}"
    return await ask(server, Ask(path, host, "POST", json.dumps(body).encode(), sent))


async def call(
    server: Running, cookie: Mapping[str, str], method: str, **arguments: object
) -> dict[str, object]:
    account = id_text(IdKind.ACCOUNT, await bob_of(server))
    request = {
        "using": ["urn:ietf:params:jmap:core", "urn:postroom:params:jmap:webmail"],
        "methodCalls": [[method, {"accountId": account, **arguments}, "0"]],
    }
    answer = await ask_localhost(server, "/jmap/api", request, **cookie)
    found: dict[str, object] = json.loads(answer.body)["methodResponses"][0][1]
    return found


async def with_passkey(server: Running) -> tuple[Authenticator, dict[str, str]]:
    """Bob has made one; and the cookie with which he did."""
    mine, origin = Authenticator(), f"http://{LOCALHOST}:{server.ports['http']}"
    entered = await ask_localhost(server, "/mail/sign-in", {"username": "bob@l.test", "password": PASSWORD})
    asked: dict[str, object] = await call(server, cookie_of(entered), "Passkey/options")
    response = mine.create(asked["options"], origin)  # type: ignore[arg-type]
    wanted = {"label": "Key", "challenge": asked["challenge"], "response": response}
    assert (await call(server, cookie_of(entered), "Passkey/set", create={"a": wanted}))["notCreated"] is None
    return mine, cookie_of(entered)


async def answered(server: Running, mine: Authenticator) -> dict[str, object]:
    origin = f"http://{LOCALHOST}:{server.ports['http']}"
    asked = json.loads((await ask_localhost(server, "/mail/passkey", {})).body)
    return {"challenge": asked["challenge"], "response": mine.get(asked["options"], origin)}


async def test_a_passkey_is_password_and_code_in_one(patient: Running) -> None:
    mine, _ = await with_passkey(patient)
    await with_codes(patient)
    shown = await answered(patient, mine)
    entered = await ask_localhost(patient, "/mail/sign-in", {"passkey": shown, "stay": True})
    assert (entered.status, json.loads(entered.body)) == (200, {"username": "bob@l.test"})
    assert (await ask_localhost(patient, "/mail/sign-in", {"passkey": shown})).status == 401
    mine.count = 0
    copied = await ask_localhost(patient, "/mail/sign-in", {"passkey": await answered(patient, mine)})
    assert (copied.status, "copied" in json.loads(copied.body)["message"]) == (401, True)
    for wrong in (
        {"challenge": "", "response": {}},
        {"challenge": shown["challenge"], "response": {"id": 1}},
    ):
        assert (await ask_localhost(patient, "/mail/sign-in", {"passkey": wrong})).status == 403
    sessions = (await call(patient, cookie_of(entered), "BrowserSession/get", ids=None))["list"]
    assert "passkey Key" in str(sessions)


async def test_an_address_of_numbers_has_no_passkeys(patient: Running) -> None:
    answer = await post(patient, "/mail/passkey", {**OWN, "Content-Type": "application/json"}, {})
    assert answer.status == 404
    assert (await post(patient, "/mail/passkey", {"Content-Type": "application/json"}, {})).status == 403


async def test_a_fresh_proof_opens_what_was_closed(patient: Running) -> None:
    mine, cookie = await with_passkey(patient)
    engine = patient.server.engine

    async def closed() -> bool:
        made = await call(patient, cookie, "AppPassword/set", create={"a": {"label": "x"}})
        return made.get("type") == "confirmationNeeded"

    async def forget() -> None:
        await engine.write(lambda tx: tx.execute("UPDATE browser_sessions SET confirmed = 1"))

    for wanted in ({"password": PASSWORD}, {"passkey": await answered(patient, mine)}):
        await forget()
        assert await closed()
        assert (await ask_localhost(patient, "/mail/confirm", {"password": "wrong"}, **cookie)).status == 401
        assert await closed()
        assert (await ask_localhost(patient, "/mail/confirm", wanted, **cookie)).status == 200
        assert not await closed()
    assert (await ask_localhost(patient, "/mail/confirm", {"password": PASSWORD})).status == 403
    other = {**cookie, "Origin": "https://evil.test"}
    assert (await ask_localhost(patient, "/mail/confirm", {"password": PASSWORD}, **other)).status == 403


async def test_another_ones_passkey_confirms_nothing(patient: Running) -> None:
    mine, _ = await with_passkey(patient)
    await patient.operate("account.add", address="alice@l.test", password=PASSWORD)
    body = {"username": "alice@l.test", "password": PASSWORD}
    alice = cookie_of(await ask_localhost(patient, "/mail/sign-in", body))
    shown = await answered(patient, mine)
    answer = await ask_localhost(patient, "/mail/confirm", {"passkey": shown}, **alice)
    assert (answer.status, "another account" in answer.body) == (403, True)


# ------------------------------------------------------------------------------------------------------------ a folder as a file


async def test_a_folder_leaves_as_mbox(server: Running, tmp_path: Path) -> None:
    for _ in range(2):
        await asyncio.to_thread(send, server.ports["smtp"])
    account_id, reading = await bob_of(server), server.server.engine.reading()
    box = await mailboxes.inbox_id(reading, account_id)
    path = f"/mail/export/{id_text(IdKind.ACCOUNT, account_id)}/{id_text(IdKind.MAILBOX, box)}"
    assert (await get(server, path, OWN)).status == 401
    cookie = cookie_of(await sign_in(server))
    assert (await get(server, path, cookie)).status == 403  # another site may have asked
    answer = await get(server, path, {**cookie, "Sec-Fetch-Site": "same-origin"})
    assert answer.headers["content-disposition"].endswith("INBOX.mbox")
    file = tmp_path / "inbox.mbox"
    file.write_text(answer.body)
    found = mailbox.mbox(file)
    assert [one["subject"] for one in found] == ["Ketchup", "Ketchup"]
    assert found[0].get_from().startswith("alice@r.test ")
    found.close()
    await server.operate("account.add", address="eve@l.test", password=PASSWORD)
    eve = cookie_of(await sign_in(server, username="eve@l.test"))
    for other in (path, "/mail/export/x/y", f"{path}x"):
        assert (await get(server, other, {**eve, **OWN})).status == 404
