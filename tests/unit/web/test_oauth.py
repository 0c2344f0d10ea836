"""OAuth of a whole server: a mail program registers, its user allows it on a page, and it logs in to IMAP, SMTP and JMAP by what it got."""

from __future__ import annotations

import base64
import hashlib
import imaplib
import json
import re
import smtplib
import ssl
from collections.abc import AsyncIterator
from html.parser import HTMLParser
from pathlib import Path
from typing import Any
from urllib.parse import parse_qs, urlencode, urlsplit

import pytest
from starlette.requests import Request

from postroom.store.login import device_requests
from postroom.store.login.throttle import Limits
from postroom.web.oauth import asking, clients, doors
from postroom.web.oauth.errors import OAuthError
from web_asking import Answer, Ask, ask
from whole_server import PASSWORD, Running, settings_of, thread

BOB = "bob@l.test"
LOOPBACK = "http://127.0.0.1:1/done"
VERIFIER = "v" * 50
CHALLENGE = base64.urlsafe_b64encode(hashlib.sha256(VERIFIER.encode()).digest()).decode().rstrip("=")
DEVICE_CODE = "urn:ietf:params:oauth:grant-type:device_code"
FORM = "application/x-www-form-urlencoded"


class Page(HTMLParser):
    """A page's form and words."""

    def __init__(self, text: str) -> None:
        super().__init__()
        self.fields: dict[str, str] = {}
        self.words = ""
        self.feed(text)

    def handle_starttag(self, tag: str, attributes: list[tuple[str, str | None]]) -> None:
        found = dict(attributes)
        if tag == "input" and found.get("name"):
            self.fields[str(found["name"])] = found.get("value") or ""

    def handle_data(self, data: str) -> None:
        self.words += data


class Reply:
    """An answer, as a program or its user's browser reads it."""

    def __init__(self, answer: Answer) -> None:
        self.status, self.headers, self.body = answer.status, answer.headers, answer.body

    @property
    def json(self) -> Any:
        return json.loads(self.body)

    @property
    def page(self) -> Page:
        return Page(self.body)

    @property
    def led(self) -> dict[str, str]:
        """What the program is told where the user was led."""
        query = parse_qs(urlsplit(self.headers["location"]).query)
        return {name: value[0] for name, value in query.items()}


class Program:
    """A mail program and its user's browser."""

    def __init__(self, server: Running) -> None:
        self.server = server
        self.port = server.ports["https"]
        self.issuer = f"https://mail.l.test:{self.port}"
        self.client_id = ""

    async def ask(
        self, method: str, path: str, body: str | None = None, kind: str = FORM, **headers: str
    ) -> Reply:
        fields = dict(headers) if body is None else {"Content-Type": kind, **headers}
        host, octets = f"mail.l.test:{self.port}", None if body is None else body.encode()
        question = Ask(path, host, method, octets, tuple(fields.items()))
        return Reply(await ask(self.server, question, "https"))

    async def post(self, path: str, **fields: str) -> Reply:
        return await self.ask("POST", path, urlencode(fields))

    async def register(self, **metadata: Any) -> Reply:
        whole = {"client_name": "Pigeon", "redirect_uris": [LOOPBACK], **metadata}
        answer = await self.ask("POST", "/oauth/register", json.dumps(whole), "application/json")
        self.client_id = answer.json.get("client_id", "")
        return answer

    def query(self, **changes: str) -> str:
        fields = {
            "response_type": "code",
            "client_id": self.client_id,
            "redirect_uri": LOOPBACK,
            "state": "s t&te",
            "code_challenge": CHALLENGE,
            "code_challenge_method": "S256",
            **changes,
        }
        return urlencode({name: value for name, value in fields.items() if value})

    async def page(self, **changes: str) -> Reply:
        return await self.ask("GET", f"/oauth/authorize?{self.query(**changes)}")

    async def decide(self, page: Reply, path: str = "/oauth/authorize", **changes: str) -> Reply:
        fields = {**page.page.fields, "username": BOB, "password": PASSWORD, "decision": "allow", **changes}
        return await self.post(path, **fields)

    async def code(self, **changes: str) -> str:
        return (await self.decide(await self.page(**changes))).led["code"]

    async def token(self, **fields: str) -> Reply:
        return await self.post("/oauth/token", client_id=self.client_id, **fields)

    async def redeem(self, brought: str, **changes: str) -> Reply:
        fields = {
            "grant_type": "authorization_code",
            "code": brought,
            "code_verifier": VERIFIER,
            "redirect_uri": LOOPBACK,
            **changes,
        }
        return await self.token(**fields)


@pytest.fixture
async def program(tmp_path: Path) -> AsyncIterator[Program]:
    async with Running(settings_of(tmp_path / "data"), Limits(per_minute=0, delays=())) as server:
        await server.settle()
        one = Program(server)
        await one.register()
        yield one


async def test_what_the_server_offers(program: Program) -> None:
    said = (await program.ask("GET", "/.well-known/oauth-authorization-server")).json
    assert said["issuer"] == program.issuer
    for name in ("authorization", "token", "registration", "device_authorization", "revocation"):
        assert said[f"{name}_endpoint"].startswith(f"{program.issuer}/oauth/")
    assert said["code_challenge_methods_supported"] == ["S256"]
    setup = await program.ask("GET", "/.well-known/user-agent-configuration.json?emailaddress=" + BOB)
    assert setup.json["authentication"] == {"oauth-public": {"issuer": program.issuer}, "password": True}
    resource = (await program.ask("GET", "/.well-known/oauth-protected-resource")).json
    assert resource["authorization_servers"] == [program.issuer]


async def test_a_program_is_allowed_in_and_logs_in_everywhere(program: Program) -> None:
    page = await program.page(login_hint=BOB)
    assert "Pigeon" in page.page.words
    assert page.page.fields["username"] == BOB
    answer = await program.decide(page)
    assert answer.status == 303
    assert answer.headers["location"].startswith(LOOPBACK)
    assert (answer.led["state"], answer.led["iss"]) == ("s t&te", program.issuer)
    issued = (await program.redeem(answer.led["code"])).json
    assert (issued["token_type"], issued["scope"]) == ("Bearer", "urn:ietf:params:oauth:scope:mail")
    await thread(lambda: _log_in_everywhere(program.server.ports, issued["access_token"]))
    session = await program.ask("GET", "/jmap/session", Authorization=f"Bearer {issued['access_token']}")
    assert session.json["username"] == BOB


def _log_in_everywhere(ports: dict[str, int], token: str) -> None:
    context = ssl._create_unverified_context()
    said = f"n,a={BOB},\1auth=Bearer {token}\1\1".encode()
    with imaplib.IMAP4_SSL("127.0.0.1", ports["imaps"], ssl_context=context, timeout=60) as imap:
        assert imap.authenticate("OAUTHBEARER", lambda _: said)[0] == "OK"
    with smtplib.SMTP_SSL("127.0.0.1", ports["submissions"], context=context, timeout=60) as smtp:
        smtp.ehlo("r.test")
        assert smtp.auth("OAUTHBEARER", lambda _=None: said.decode())[0] == 235


class Browser:
    """A browser in which somebody is signed in to the web mail."""

    def __init__(self, program: Program, cookie: str) -> None:
        self.program = program
        self.cookie = cookie

    @classmethod
    async def signed_in(cls, program: Program, username: str = BOB) -> Browser:
        body = json.dumps({"username": username, "password": PASSWORD})
        answer = await program.ask("POST", "/mail/sign-in", body, "application/json", **{"X-Postroom": "1"})
        return cls(program, answer.headers["set-cookie"].partition(";")[0])

    async def page(self, **changes: str) -> Answer:
        path = f"/oauth/authorize?{self.program.query(**changes)}"
        return await self.program.ask("GET", path, Cookie=self.cookie)

    async def decide(self, page: Answer, decision: str = "allow", **headers: str) -> Answer:
        fields = urlencode({**page.page.fields, "decision": decision})
        # as browsers do: the Fetch Standard, section 3.2, "append a request `Origin` header"
        origin = "null" if page.headers["referrer-policy"] == "no-referrer" else self.program.issuer
        return await self.program.ask(
            "POST", "/oauth/authorize", fields, **{"Cookie": self.cookie, "Origin": origin, **headers}
        )


async def test_who_is_signed_in_allows_by_a_click(program: Program) -> None:
    browser = await Browser.signed_in(program)
    page = await browser.page()
    assert "You are signed in as bob@l.test" in page.page.words
    assert "password" not in page.page.fields
    answer = await browser.decide(page)
    assert answer.status == 303
    assert (await program.redeem(answer.led["code"])).status == 200
    other = await browser.decide(page, "other")
    assert "password" in other.page.fields
    assert (await program.decide(other)).status == 303
    assert (await browser.decide(page, "deny")).led["error"] == "access_denied"
    elsewhere = await browser.page(login_hint="alice@l.test")
    assert elsewhere.page.fields["username"] == "alice@l.test"


async def test_that_click_counts_in_this_browser_alone_and_not_for_long(program: Program) -> None:
    browser = await Browser.signed_in(program)
    page = await browser.page()
    foreign = await browser.decide(page, Origin="https://evil.test")
    assert foreign.status == 403
    assert "location" not in foreign.headers
    await program.server.operate("account.add", address="eve@l.test", password=PASSWORD)
    eve = await Browser.signed_in(program, "eve@l.test")
    for cookie in (eve.cookie, "", browser.cookie[:-3]):
        answer = await browser.decide(page, Cookie=cookie)
        assert (answer.status, "password" in answer.page.fields) == (403, True)
    engine = program.server.server.engine
    await engine.write(lambda tx: tx.execute("UPDATE browser_sessions SET confirmed = 1"))
    assert (await browser.decide(page)).status == 403
    assert (await browser.page()).page.fields["username"] == BOB
    assert "password" in (await browser.page()).page.fields


async def test_a_grant_is_seen_and_ended(program: Program) -> None:
    issued = (await program.redeem(await program.code())).json
    assert await program.server.operate("token.list", address=BOB) == []
    [grant] = await program.server.operate("grant.list", address=BOB)
    assert (grant["label"], grant["scopes"]) == ("Pigeon", ["smtp", "imap", "pop3", "jmap"])
    await program.server.operate("grant.revoke", address=BOB, key="Pigeon")
    assert await program.server.operate("grant.list", address=BOB) == []
    answer = await program.ask("GET", "/jmap/session", Authorization=f"Bearer {issued['access_token']}")
    assert answer.status == 401
    again = await program.token(grant_type="refresh_token", refresh_token=issued["refresh_token"])
    assert (again.status, again.json["error"]) == (400, "invalid_grant")


async def test_a_scope_is_kept(program: Program) -> None:
    issued = (await program.redeem(await program.code(scope="pop3 offline_access"))).json
    assert issued["scope"] == "pop3"
    answer = await program.ask("GET", "/jmap/session", Authorization=f"Bearer {issued['access_token']}")
    assert answer.status == 401


async def test_tokens_are_renewed_and_revoked(program: Program) -> None:
    issued = (await program.redeem(await program.code())).json
    renewed = (await program.token(grant_type="refresh_token", refresh_token=issued["refresh_token"])).json
    assert renewed["refresh_token"] != issued["refresh_token"]
    assert (await program.post("/oauth/revoke", token=renewed["refresh_token"])).status == 200
    for token in (issued["access_token"], renewed["access_token"]):
        answer = await program.ask("GET", "/jmap/session", Authorization=f"Bearer {token}")
        assert answer.status == 401


async def test_another_port_of_this_machine(program: Program) -> None:
    elsewhere = "http://127.0.0.1:45678/done"
    answer = await program.decide(await program.page(redirect_uri=elsewhere))
    assert answer.headers["location"].startswith(elsewhere)


@pytest.mark.parametrize(
    "changes",
    [
        {"client_id": "x"},
        {"client_id": "AQ"},
        {"redirect_uri": "http://127.0.0.1:1/other"},
        {"redirect_uri": "http://localhost:1/done"},
        {"redirect_uri": "https://evil.test/done"},
        {"redirect_uri": "javascript:alert(1)"},
    ],
)
async def test_what_is_told_to_nobody_but_the_user(program: Program, changes: dict[str, str]) -> None:
    answer = await program.page(**changes)
    assert answer.status == 400
    assert "location" not in answer.headers
    assert "cannot go on" in answer.page.words


@pytest.mark.parametrize(
    ("changes", "error"),
    [
        ({"response_type": "token"}, "unsupported_response_type"),
        ({"code_challenge": ""}, "invalid_request"),
        ({"code_challenge_method": ""}, "invalid_request"),
        ({"code_challenge_method": "plain"}, "invalid_request"),
        ({"scope": "world"}, "invalid_scope"),
        ({"state": "s" * (asking.MOST_STATE + 1)}, "invalid_request"),
    ],
)
async def test_what_is_told_to_the_program(program: Program, changes: dict[str, str], error: str) -> None:
    answer = await program.page(**changes)
    assert (answer.status, answer.led["error"]) == (303, error)


async def test_the_largest_state(program: Program) -> None:
    state = "s" * asking.MOST_STATE
    assert (await program.decide(await program.page(state=state))).led["state"] == state


async def test_the_user_refuses(program: Program) -> None:
    answer = await program.decide(await program.page(), decision="deny", password="")
    assert answer.led["error"] == "access_denied"


async def test_a_wrong_password(program: Program) -> None:
    answer = await program.decide(await program.page(), password="wrong")
    assert (answer.status, "The address or the password is wrong." in answer.body) == (403, True)
    assert "location" not in answer.headers
    assert answer.page.fields["username"] == BOB
    assert "password" in answer.page.fields
    assert PASSWORD not in answer.body
    assert (await program.decide(answer)).status == 303


async def test_one_time_codes(program: Program) -> None:
    from postroom.store.login import totp

    [made] = await program.server.operate("totp.enrol", address=BOB)
    secret = base64.b32decode(made["secret"] + "=" * (-len(made["secret"]) % 8))
    now = program.server.server.clock.now() // 1_000_000 // totp.STEP_SECONDS
    await program.server.operate("totp.confirm", address=BOB, code=totp.code(secret, now - 1))
    answer = await program.decide(await program.page())
    assert "authenticator" in answer.page.words
    assert "code" in answer.page.fields
    assert (await program.decide(answer, code=totp.code(secret, now))).status == 303


@pytest.mark.parametrize("field", ["", "x", "AQAA", "é"])
async def test_a_form_that_is_none(program: Program, field: str) -> None:
    answer = await program.decide(await program.page(), request=field)
    assert (answer.status, "location" in answer.headers) == (400, False)


async def test_pages_are_safe(program: Program) -> None:
    page = await program.page(login_hint='"><script>alert(1)</script>')
    policy = page.headers["content-security-policy"]
    assert "frame-ancestors 'none'" in policy
    assert "script" not in policy
    assert policy.endswith("form-action 'self' http://127.0.0.1:1")
    assert "<script" not in page.body


async def test_the_name_of_a_program_is_text(program: Program) -> None:
    await program.register(client_name="<b>Bank</b>")
    assert "<b>Bank" not in (await program.page()).body


@pytest.mark.parametrize(
    ("changes", "error"),
    [
        ({"code": "prc_A1_x"}, "invalid_grant"),
        ({"code_verifier": "w" * 50}, "invalid_grant"),
        ({"code_verifier": "v" * 42}, "invalid_grant"),
        ({"grant_type": "password"}, "unsupported_grant_type"),
    ],
)
async def test_a_code_that_comes_wrongly(program: Program, changes: dict[str, str], error: str) -> None:
    answer = await program.redeem(await program.code(), **changes)
    assert (answer.status, answer.json["error"]) == (400, error)
    assert answer.headers["cache-control"] == "no-store"


async def test_a_code_of_another_program(program: Program) -> None:
    code = await program.code()
    await program.register(client_name="Raven")
    assert (await program.redeem(code)).json["error"] == "invalid_grant"


async def test_an_unknown_program(program: Program) -> None:
    program.client_id = "x"
    answer = await program.redeem("prc_A1_x")
    assert (answer.status, answer.json["error"]) == (401, "invalid_client")


async def test_forms_only(program: Program) -> None:
    answer = await program.ask("POST", "/oauth/token", "{}", "application/json")
    assert (answer.status, answer.json["error"]) == (415, "invalid_request")
    many = "&".join(f"a{number}=1" for number in range(60))
    answer = await program.ask("POST", "/oauth/token", many)
    assert (answer.status, answer.json["error"]) == (400, "invalid_request")


async def test_a_device(program: Program) -> None:
    await program.register(redirect_uris=[], grant_types=[DEVICE_CODE])
    waits = (await program.post("/oauth/device_authorization", client_id=program.client_id)).json
    assert re.fullmatch("[B-DF-HJ-NP-TV-XZ]{4}-[B-DF-HJ-NP-TV-XZ]{4}", waits["user_code"])
    assert waits["verification_uri"] == f"{program.issuer}/oauth/device"
    asks = {"grant_type": DEVICE_CODE, "device_code": waits["device_code"]}
    assert (await program.token(**asks)).json["error"] == "authorization_pending"
    assert (await program.token(**asks)).json["error"] == "slow_down"
    assert "user_code" in (await program.ask("GET", "/oauth/device")).page.fields
    page = await program.ask("GET", f"/oauth/device?user_code={waits['user_code'].lower()}")
    assert waits["user_code"] in page.page.words
    done = await program.decide(page, "/oauth/device")
    assert (done.status, "is connected" in done.page.words) == (200, True)
    issued = (await program.token(**asks)).json
    session = await program.ask("GET", "/jmap/session", Authorization=f"Bearer {issued['access_token']}")
    assert session.status == 200
    assert "does not wait" in (await program.decide(page, "/oauth/device")).page.words


async def test_a_device_that_is_refused(program: Program) -> None:
    waits = (await program.post("/oauth/device_authorization", client_id=program.client_id)).json
    page = await program.ask("GET", f"/oauth/device?user_code={waits['user_code']}")
    assert "gets nothing" in (await program.decide(page, "/oauth/device", decision="deny")).page.words
    answer = await program.token(grant_type=DEVICE_CODE, device_code=waits["device_code"])
    assert answer.json["error"] == "access_denied"


async def test_a_code_that_no_device_shows(program: Program) -> None:
    answer = await program.ask("GET", "/oauth/device?user_code=BBBB-BBBB")
    assert answer.status == 404
    assert "No device" in answer.page.words


async def test_what_is_too_much_is_no_fault_of_ours(program: Program) -> None:
    query = "&".join(["a=1"] * 60)
    answer = await program.ask("GET", f"/oauth/authorize?{query}")
    assert answer.status == 400
    assert "At most" in answer.page.words
    deep = '{"client_name":"Pigeon","x":' + "[" * 20_000 + "]" * 20_000 + "}"
    answer = await program.ask("POST", "/oauth/register", deep, "application/json")
    assert (answer.status, answer.json["error"]) == (400, "invalid_client_metadata")


async def test_nothing_is_taken_in_the_clear() -> None:
    """Where HTTPS is not served: RFC 6749 §3.1 and §3.2."""
    for client, status in (("192.0.2.1", 403), ("127.0.0.1", 415)):
        request = Request({"type": "http", "scheme": "http", "client": (client, 1), "headers": []})
        with pytest.raises(OAuthError) as told:
            await doors._form(request)
        assert told.value.status == status


async def test_too_many_devices(program: Program) -> None:
    for _ in range(device_requests.MOST_OF_CLIENT):
        await program.post("/oauth/device_authorization", client_id=program.client_id)
    answer = await program.post("/oauth/device_authorization", client_id=program.client_id)
    assert (answer.status, answer.json["error"]) == (429, "slow_down")


@pytest.mark.parametrize(
    ("metadata", "error"),
    [
        ({"client_name": ""}, "invalid_client_metadata"),
        ({"client_name": "x" * (clients.MOST_NAME + 1)}, "invalid_client_metadata"),
        ({"client_name": "a\u202eb"}, "invalid_client_metadata"),
        ({"client_name": 5}, "invalid_client_metadata"),
        ({"token_endpoint_auth_method": "client_secret_basic"}, "invalid_client_metadata"),
        ({"redirect_uris": ["http://example.com/"]}, "invalid_redirect_uri"),
        ({"redirect_uris": ["http://localhost/"]}, "invalid_redirect_uri"),
        ({"redirect_uris": ["javascript:alert(1)"]}, "invalid_redirect_uri"),
        ({"redirect_uris": ["data:text/html,x"]}, "invalid_redirect_uri"),
        ({"redirect_uris": ["https://x.test/#f"]}, "invalid_redirect_uri"),
        ({"redirect_uris": ["https://bob@x.test/"]}, "invalid_redirect_uri"),
        ({"redirect_uris": ["https://x.test:99999/"]}, "invalid_redirect_uri"),
        ({"redirect_uris": ["https://x.test/ ;script-src"]}, "invalid_redirect_uri"),
        ({"redirect_uris": ["https://x.test/" + "a" * clients.MOST_URI]}, "invalid_redirect_uri"),
        ({"redirect_uris": ["https://x.test/"] * (clients.MOST_URIS + 1)}, "invalid_redirect_uri"),
    ],
)
async def test_registrations_that_are_refused(program: Program, metadata: dict[str, Any], error: str) -> None:
    answer = await program.register(**metadata)
    assert (answer.status, answer.json["error"]) == (400, error)


@pytest.mark.parametrize(
    "uri",
    [
        "https://x.test/" + "a" * (clients.MOST_URI - 15),
        "com.example.app:/done",
        "http://[::1]/done",
        "https://x.test:8443/done?a=b",
    ],
)
async def test_registrations_that_are_taken(program: Program, uri: str) -> None:
    answer = await program.register(
        redirect_uris=[uri] * clients.MOST_URIS, client_name="x" * clients.MOST_NAME
    )
    assert answer.status == 201
    answer = await program.decide(await program.page(redirect_uri=uri))
    assert answer.headers["location"].startswith(uri + ("&" if "?" in uri else "?"))
