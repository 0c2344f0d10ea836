"""`[mailboxes] list_domain`: whether users of a whole server see who else has an account at their domain (RFC 9670 §2)."""

import base64
import json
from pathlib import Path

import msgspec
import pytest

from web_asking import Ask, ask
from whole_server import PASSWORD, Running, settings_of


@pytest.mark.parametrize(
    ("listed", "seen"), [(True, ["bob@l.test", "carol@l.test"]), (False, ["bob@l.test"])]
)
async def test_who_sees_whom(tmp_path: Path, listed: bool, seen: list[str]) -> None:
    settings = settings_of(tmp_path / "whole")
    mailboxes = msgspec.structs.replace(settings.mailboxes, list_domain=listed)
    async with Running(msgspec.structs.replace(settings, mailboxes=mailboxes)) as server:
        await server.settle()
        await server.operate("account.add", address="carol@l.test", password=PASSWORD)
        token = base64.b64encode(f"bob@l.test:{PASSWORD}".encode()).decode()
        headers = (("Authorization", f"Basic {token}"), ("Content-Type", "application/json"))
        host = "mail.l.test"
        session = json.loads((await ask(server, Ask("/jmap/session", host, headers=headers), "https")).body)
        account = session["primaryAccounts"]["urn:ietf:params:jmap:principals"]
        get = ["Principal/get", {"accountId": account, "ids": None}, "0"]
        using = ["urn:ietf:params:jmap:core", "urn:ietf:params:jmap:principals"]
        body = json.dumps({"using": using, "methodCalls": [get]}).encode()
        told = await ask(server, Ask("/jmap/api", host, "POST", body, headers), "https")
        (response,) = json.loads(told.body)["methodResponses"]
        assert [one["email"] for one in response[1]["list"]] == seen
