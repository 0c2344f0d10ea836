"""`postroom lab faults`: what people and programs are told, and what they are told of mistakes."""

from __future__ import annotations

import base64
import http.client
import imaplib
import json
import smtplib
from collections.abc import Iterator
from typing import Any

import pytest

from laboratory import LabThread
from postroom.app.cli.program import run
from postroom.lab.faults.addressed import FAULTS
from postroom.lab.faults.mishaps import MISHAPS
from postroom.lab.faults.stages import STAGES
from postroom.lab.faults.switches import emptied


@pytest.fixture(scope="module")
def thread(tmp_path_factory: pytest.TempPathFactory) -> Iterator[LabThread]:
    lab = LabThread(tmp_path_factory.mktemp("lab"))
    yield lab
    lab.close()


@pytest.fixture(autouse=True)
def _here(thread: LabThread, monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    monkeypatch.setenv("XDG_RUNTIME_DIR", str(thread.runtime))
    yield
    assert run(["lab", "faults", "clear"]) == 0


def password(thread: LabThread, address: str) -> str:
    return next(one.password for one in thread.lab.inhabitants if one.address == address)


def lines(out: str) -> list[dict[str, object]]:
    return [json.loads(line) for line in out.splitlines()]


def test_on_and_off(thread: LabThread, capsys: pytest.CaptureFixture[str]) -> None:
    assert run(["lab", "faults", "add", "rcpt", "--reply", "451 4.2.1 Busy", "--times", "2"]) == 0
    told = capsys.readouterr().out
    assert told.startswith(
        "From now on: at rcpt: reply 451 4.2.1 Busy, the next 2. Off again: postroom lab faults clear "
    )
    with smtplib.SMTP("127.0.0.1", thread.lab.ports["hamburger.test"]["smtp"]) as smtp:
        smtp.ehlo()
        smtp.mail("a@example.com")
        assert [smtp.rcpt("bob@hamburger.test")[0] for _ in range(3)] == [451, 451, 250]
    assert run(["lab", "faults", "clear"]) == 0
    assert (
        capsys.readouterr().out == "Over: at rcpt: reply 451 4.2.1 Busy, the next 0; it happened 2 times.\n"
    )
    assert run(["lab", "faults", "clear"]) == 0
    assert capsys.readouterr().out == "Nothing was wrong.\n"


def test_for_programs(capsys: pytest.CaptureFixture[str]) -> None:
    assert run(["lab", "faults", "add", "imap FETCH", "--drop", "--domain", "hamburger.test", "--json"]) == 0
    assert run(["lab", "faults", "add", "no-mx", "--json"]) == 0
    rule, named = lines(capsys.readouterr().out)
    assert rule == {
        "number": rule["number"], "at": "imap FETCH", "drop": True, "domain": "hamburger.test", "happened": 0,
    }  # fmt: skip
    assert named == {"fault": "no-mx@hamburger.test", "words": MISHAPS["no-mx"].words}
    assert run(["lab", "faults", "list", "--json"]) == 0
    listed = lines(capsys.readouterr().out)
    assert listed[:2] == [named, rule]
    assert [one["address"] for one in listed if "address" in one] == [f"{name}@" for name in FAULTS]
    assert [one["name"] for one in listed[2:] if "name" in one] == [
        f"{n}@{row.at}" for n, row in MISHAPS.items()
    ]
    assert run(["lab", "faults", "clear", str(rule["number"]), "--json"]) == 0
    assert lines(capsys.readouterr().out) == [rule]
    assert run(["lab", "faults", "clear", "no-mx", "--json"]) == 0
    assert lines(capsys.readouterr().out) == [named]


def test_a_list_for_people(capsys: pytest.CaptureFixture[str]) -> None:
    assert run(["lab", "faults", "list"]) == 0
    out = capsys.readouterr().out
    assert out.startswith("Nothing goes wrong now.\n")
    assert all(f"{name}@\t{fault.words}" in out for name, fault in FAULTS.items())
    assert run(["lab", "faults", "add", "server-down@crepes.test"]) == 0
    assert run(["lab", "faults", "list"]) == 0
    assert "server-down@crepes.test\tnobody listens" in capsys.readouterr().out


@pytest.mark.parametrize(
    ("words", "told"),
    [
        (["add", "rpct", "--drop"], "did you mean rcpt?"),
        (["add", "no-startls"], "did you mean no-starttls?"),
        (["add", "no-mx@x.test"], "the lab's domains are hamburger.test and crepes.test"),
        (["add", "no-mx", "--times", "2"], "no-mx is a fault with a name and has no times"),
        (["add", "rcpt"], "a fault needs something that happens: reply, delay, drip, drop"),
        (
            ["add", "rcpt", "--reply", "250 Fine"],
            "'250 Fine' is no refusal: write it as 451 4.3.0 Come back later",
        ),
        (["add", "imap", "--drop"], "imap needs what is called: imap FETCH"),
        (["add", "connect", "--drop", "--service", "impa"], "did you mean imap?"),
        (["add", "xyzzy", "--drop"], f"stages: {', '.join(STAGES)}; names: "),
        (["clear", "77"], "no fault 77 is on; none is on at all"),
    ],
)
def test_mistakes(words: list[str], told: str, capsys: pytest.CaptureFixture[str]) -> None:
    assert run(["lab", "faults", *words]) == 1
    assert told in capsys.readouterr().err


def test_a_full_mailbox_and_a_full_disk_by_imap(thread: LabThread) -> None:
    address = "bob@hamburger.test"
    with imaplib.IMAP4("127.0.0.1", thread.lab.ports["hamburger.test"]["imap"]) as imap:
        imap.login(address, password(thread, address))
        for name, code in (("full-mailbox", b"[OVERQUOTA]"), ("full-disk", b"[UNAVAILABLE]")):
            assert run(["lab", "faults", "add", name]) == 0
            kind, [words] = imap.append("INBOX", None, None, b"Subject: x\r\n\r\nHello\r\n")
            assert (kind, words.split()[0]) == ("NO", code)
            assert (name != "full-disk") or words.endswith(b"Insufficient system storage, try again later")
            assert run(["lab", "faults", "clear", name]) == 0
            assert imap.append("INBOX", None, None, b"Subject: x\r\n\r\nHello\r\n")[0] == "OK"


def test_a_mailbox_that_was_full_has_the_quota_that_it_had(thread: LabThread) -> None:
    async def quotas() -> list[tuple[int, ...]]:
        reading = thread.lab.servers["hamburger.test"].engine.reading()
        rows = await reading.fetch("SELECT account_id, used_bytes, quota_bytes FROM accounts ORDER BY 1")
        return [tuple(row) for row in rows]

    before = thread.do(quotas())
    assert run(["lab", "faults", "add", "full-mailbox"]) == 0
    assert all(quota for _, _, quota in thread.do(quotas()))
    assert run(["lab", "faults", "add", "full-mailbox"]) == 0
    assert run(["lab", "faults", "clear"]) == 0
    assert thread.do(quotas()) == before


class JmapUser:
    """Bob, who asks the web server of hamburger.test."""

    def __init__(self, thread: LabThread) -> None:
        who = b"bob@hamburger.test:" + password(thread, "bob@hamburger.test").encode()
        self.headers = {
            "Authorization": f"Basic {base64.b64encode(who).decode()}",
            "Content-Type": "application/json",
        }
        self.web = http.client.HTTPConnection("127.0.0.1", thread.lab.ports["hamburger.test"]["http"])
        self.web.request("GET", "/jmap/session", headers=self.headers)
        [self.account] = json.load(self.web.getresponse())["accounts"]
        told = self.call("Mailbox/query", filter={"role": "inbox"})
        self.inbox = told["ids"][0]

    def call(self, method: str, **arguments: object) -> Any:
        """The arguments of the one response; `type` is that of an error."""
        using = ["urn:ietf:params:jmap:core", "urn:ietf:params:jmap:mail", "urn:ietf:params:jmap:blob"]
        calls = [[method, {"accountId": self.account, **arguments}, "a"]]
        self.web.request(
            "POST", "/jmap/api", json.dumps({"using": using, "methodCalls": calls}), self.headers
        )
        [[_, told, _]] = json.load(self.web.getresponse())["methodResponses"]
        return told

    def draft(self) -> Any:
        """What comes of a new email."""
        return self.call("Email/set", create={"k": {"mailboxIds": {self.inbox: True}, "subject": "x"}})

    def upload(self, octets: bytes) -> tuple[int, Any]:
        """Status and body of an upload."""
        self.web.request("POST", f"/jmap/upload/{self.account}/", octets, self.headers)
        answer = self.web.getresponse()
        return answer.status, json.load(answer)


@pytest.fixture
def bob(thread: LabThread) -> Iterator[JmapUser]:
    user = JmapUser(thread)
    yield user
    user.web.close()


def test_a_full_mailbox_by_jmap(bob: JmapUser) -> None:
    assert run(["lab", "faults", "add", "full-mailbox"]) == 0
    assert bob.draft()["notCreated"]["k"]["type"] == "overQuota"
    assert run(["lab", "faults", "clear"]) == 0
    assert "k" in bob.draft()["created"]


def test_a_full_disk_by_jmap(bob: JmapUser) -> None:
    """What brings octets is refused as when the disk is really full (RFC 8620 §3.6.2); what needs none is done."""
    words = "Insufficient system storage, try again later"
    full = {"type": "serverUnavailable", "description": words}
    message = b"Subject: x\r\n\r\nHello\r\n"
    there = bob.draft()["created"]["k"]["id"]
    blob = bob.upload(message)[1]["blobId"]
    imported = {"k": {"blobId": blob, "mailboxIds": {bob.inbox: True}}}
    assert run(["lab", "faults", "add", "full-disk"]) == 0
    assert bob.draft() == full
    assert bob.call("Email/import", emails=imported) == full
    assert bob.call("Blob/upload", create={"k": {"data": [{"data:asText": "x"}]}}) == full
    status, problem = bob.upload(message)
    assert (status, problem["status"], problem["detail"]) == (503, 503, words)
    assert "list" in bob.call("Email/get", ids=[there])
    assert there in bob.call("Email/set", update={there: {"keywords/$seen": True}})["updated"]
    assert bob.call("Email/set", destroy=[there])["destroyed"] == [there]
    assert run(["lab", "faults", "clear"]) == 0
    assert "k" in bob.draft()["created"]
    assert "k" in bob.call("Email/import", emails=imported)["created"]
    assert bob.upload(message)[0] == 201


def test_a_lab_that_was_killed_while_mailboxes_were_full(thread: LabThread) -> None:
    engine = thread.lab.servers["hamburger.test"].engine

    async def quotas() -> list[tuple[int, ...]]:
        rows = await engine.reading().fetch(
            "SELECT used_bytes, quota_bytes FROM accounts ORDER BY account_id"
        )
        return [tuple(row) for row in rows]

    before = thread.do(quotas())
    assert run(["lab", "faults", "add", "full-mailbox"]) == 0
    thread.do(engine.write(emptied))
    assert thread.do(quotas()) == before
    thread.lab.switches._filled.clear()
