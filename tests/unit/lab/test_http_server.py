"""The lab's own HTTP server: who is heard, its page, and the stream of what happens."""

from __future__ import annotations

import http.client
import json
import socket
from collections.abc import Iterator
from http import HTTPStatus
from pathlib import Path

import pytest

from laboratory import LabThread
from postroom.lab.faults.rules import FaultRule
from postroom.lab.page.signing_in import offered
from postroom.lab.settling import Inhabitant

PATIENCE = 60.0


@pytest.fixture(scope="module")
def lab(tmp_path_factory: pytest.TempPathFactory) -> Iterator[LabThread]:
    """A running lab."""
    thread = LabThread(tmp_path_factory.mktemp("lab"))
    yield thread
    thread.close()


def ask(
    lab: LabThread, method: str, path: str, given: object = None, **headers: str
) -> tuple[int, dict[str, str], str]:
    assert lab.lab.front.server is not None
    connection = http.client.HTTPConnection("127.0.0.1", lab.lab.front.server.port, timeout=PATIENCE)
    fields = {name.replace("_", "-"): value for name, value in headers.items()}
    octets = given if given is None or isinstance(given, bytes) else json.dumps(given)
    connection.request(method, path, octets, fields)
    response = connection.getresponse()
    found = (response.status, {name.lower(): value for name, value in response.getheaders()})
    body = response.read().decode()
    connection.close()
    return (*found, body)


def test_the_page_is_there_under_a_strict_policy(lab: LabThread) -> None:
    status, headers, body = ask(lab, "GET", "/")
    assert status == HTTPStatus.OK
    assert "script-src 'self';" in headers["content-security-policy"]
    assert "<script>" not in body
    again, _, nothing = ask(lab, "GET", "/", If_None_Match=headers["etag"])
    assert (again, nothing) == (HTTPStatus.NOT_MODIFIED, "")


def test_it_says_where_it_is(lab: LabThread) -> None:
    assert lab.lab.front.server is not None
    described = lab.lab.describe()
    assert described["page"] == lab.lab.front.server.url
    _, _, body = ask(lab, "GET", "/page/lab")
    assert json.loads(body)["domains"] == described["domains"]


@pytest.mark.parametrize("path", ["/nothing", "/page/nothing", "/page/..%2fapplication.py", "/page/x/y"])
def test_nothing_else_is_there(lab: LabThread, path: str) -> None:
    assert ask(lab, "GET", path)[0] == HTTPStatus.NOT_FOUND


@pytest.mark.parametrize("host", ["lab.example", "127.0.0.1.example", "10.0.0.1"])
def test_a_foreign_name_that_leads_here_is_refused(lab: LabThread, host: str) -> None:
    assert ask(lab, "GET", "/page/lab", Host=host)[0] == HTTPStatus.FORBIDDEN


def test_another_sites_page_may_change_nothing(lab: LabThread) -> None:
    for told in (
        {"Origin": "http://127.0.0.1:1"},
        {"Sec_Fetch_Site": "cross-site"},
        {"Sec_Fetch_Site": "same-site"},
    ):
        status, _, body = ask(lab, "POST", "/page/lab", **told)
        assert (status, "Another site" in body) == (HTTPStatus.FORBIDDEN, True)
    assert ask(lab, "POST", "/page/lab")[0] == HTTPStatus.METHOD_NOT_ALLOWED  # a program is heard


OWN = {"X_Postroom": "1"}
LETTER = {
    "sender": "alice@crepes.test",
    "to": "bob@hamburger.test",
    "subject": "Hi",
    "text": "Möchtest du Ketchup?",
}


def test_a_letter_is_sent_and_every_step_of_it_is_told(lab: LabThread) -> None:
    stream = Stream(lab, f"/page/events?since={lab.lab.feed.last}")
    status, _, body = ask(lab, "POST", "/page/send", {**LETTER, "to": "permfail@hamburger.test"}, **OWN)
    assert (status, json.loads(body)["refused"]) == (HTTPStatus.OK, [])
    told: list[str] = []
    while "<alice@crepes.test> filed in INBOX" not in told:  # the report of the failure
        told += [str(one["text"]) for one in stream.event()[1] if one["kind"] == "journey"]
    assert any("<permfail@hamburger.test> failed" in text for text in told)
    stream.close()


@pytest.mark.parametrize(
    ("given", "status", "words"),
    [
        (
            {**LETTER, "sender": "eve@crepes.test"},
            422,
            "nobody in this lab has the address 'eve@crepes.test'",
        ),
        ({**LETTER, "to": "bob"}, 422, "'bob' is not an address"),
        ({**LETTER, "to": ""}, 422, "nobody is named"),
        ({**LETTER, "to": "nobody@crepes.test"}, 422, "550"),
        ({**LETTER, "cc": "x"}, 400, "that is no letter"),
        ([], 400, "that is no letter"),
        (b'{"sender": "\xff"}', 400, "that is no letter"),
    ],
)
def test_a_letter_that_cannot_be_sent(lab: LabThread, given: object, status: int, words: str) -> None:
    found, _, body = ask(lab, "POST", "/page/send", given, **OWN)
    assert (found, words in body) == (status, True), body


def test_only_the_page_itself_sends_and_asks(lab: LabThread) -> None:
    assert ask(lab, "POST", "/page/send", LETTER)[0] == HTTPStatus.FORBIDDEN
    assert ask(lab, "POST", "/page/ask/clock", {})[0] == HTTPStatus.FORBIDDEN


def enter(lab: LabThread, address: str, **headers: str) -> tuple[int, str, str]:
    """Signs in with one click: the status, the cookie without its attributes, and the body."""
    status, found, body = ask(lab, "POST", "/page/sign-in", {"address": address}, **{**OWN, **headers})
    return status, found.get("set-cookie", "").partition(";")[0], body


def who(lab: LabThread, domain: str, cookie: str) -> str:
    """Whom the web mail of a domain takes a browser with this cookie for; "" for nobody."""
    connection = http.client.HTTPConnection("127.0.0.1", lab.lab.ports[domain]["http"], timeout=PATIENCE)
    fields = {"Cookie": cookie, "X-Postroom": "1", "Sec-Fetch-Site": "same-origin"}
    connection.request("GET", "/jmap/session", headers=fields)
    response = connection.getresponse()
    body = json.loads(response.read())
    connection.close()
    return body["username"] if response.status == HTTPStatus.OK else ""


def test_one_click_signs_in_at_the_ordinary_door(lab: LabThread) -> None:
    """Side by side: a cookie for each of the two ports. A second click ends the first session."""
    status, alice, body = enter(lab, "alice@crepes.test", User_Agent="Lynx/2.9")
    port = lab.lab.ports["crepes.test"]["http"]
    assert (status, json.loads(body)) == (HTTPStatus.OK, {"url": f"http://127.0.0.1:{port}/mail/"})
    assert alice.startswith(f"postroom-{port}=")
    _, bob, _ = enter(lab, "bob@hamburger.test")
    both = f"{alice}; {bob}"
    assert (who(lab, "crepes.test", both), who(lab, "hamburger.test", both)) == (
        "alice@crepes.test",
        "bob@hamburger.test",
    )
    rows = lab.do(lab.lab.servers["crepes.test"].engine.reading().fetch("SELECT agent FROM browser_sessions"))
    assert [tuple(row) for row in rows] == [("Lynx/2.9",)]
    _, again, _ = enter(lab, "alice@crepes.test", Cookie=both)
    assert who(lab, "crepes.test", again) == "alice@crepes.test"
    assert (who(lab, "crepes.test", alice), who(lab, "hamburger.test", bob)) == ("", "bob@hamburger.test")


def test_one_click_under_another_name_of_this_machine(lab: LabThread) -> None:
    assert lab.lab.front.server is not None
    _, cookie, body = enter(lab, "bob@hamburger.test", Host=f"localhost:{lab.lab.front.server.port}")
    port = lab.lab.ports["hamburger.test"]["http"]
    assert json.loads(body)["url"] == f"http://localhost:{port}/mail/"
    assert cookie.startswith(f"postroom-{port}=")


@pytest.mark.parametrize(
    "told",
    [
        {"X_Postroom": ""},
        {"Origin": "http://127.0.0.1:1"},
        {"Origin": "null"},
        {"Sec_Fetch_Site": "cross-site"},
        {"Sec_Fetch_Site": "same-site"},
        {"Sec_Fetch_Site": "none"},
        {"Host": "lab.example"},
    ],
)
def test_another_site_signs_nobody_in(lab: LabThread, told: dict[str, str]) -> None:
    """Login CSRF: somebody else's page, at another port of this machine too, would have its reader write in a mailbox of its choice."""
    status, cookie, _ = enter(lab, "bob@hamburger.test", **told)
    assert (status, cookie) == (HTTPStatus.FORBIDDEN, "")


@pytest.mark.parametrize(
    ("client", "host", "may"),
    [
        ("127.0.0.1", "127.0.0.1:2588", True),
        ("127.0.0.1", "localhost:2588", True),
        ("192.0.2.7", "192.0.2.1:2588", False),
        ("127.0.0.1", "192.0.2.1:2588", False),
        ("192.0.2.7", "127.0.0.1:2588", False),
        ("127.0.0.1", "lab", False),
    ],
)
def test_one_click_is_for_this_machine_alone(client: str, host: str, may: bool) -> None:
    """A page that others can open (--bind-page), also the one in a container, offers it to nobody from elsewhere."""
    scope = {
        "type": "http",
        "scheme": "http",
        "client": (client, 4711),
        "headers": [(b"host", host.encode())],
    }
    assert offered(scope) is may


@pytest.mark.parametrize(
    ("given", "status", "words"),
    [
        ({"address": "eve@crepes.test"}, 422, "nobody in this lab has the address 'eve@crepes.test'"),
        ({"address": "bob@hamburger.test", "url": "x"}, 400, "that names nobody"),
        ([], 400, "that names nobody"),
    ],
)
def test_nobody_to_sign_in(lab: LabThread, given: object, status: int, words: str) -> None:
    found, _, body = ask(lab, "POST", "/page/sign-in", given, **OWN)
    assert (found, words in body) == (status, True), body


def test_a_door_that_lets_nobody_in_is_quoted(lab: LabThread) -> None:
    before = list(lab.lab.inhabitants)
    lab.lab.inhabitants[:] = [Inhabitant(one.address, "another") for one in before]
    status, cookie, body = enter(lab, "bob@hamburger.test")
    lab.lab.inhabitants[:] = before
    assert (status, cookie) == (HTTPStatus.UNPROCESSABLE_ENTITY, "")
    assert "The server of bob@hamburger.test said: " in body
    rule = lab.lab.rules.add(FaultRule("http /mail/*", drop=True))
    status, _, body = enter(lab, "bob@hamburger.test")
    lab.lab.rules.remove(rule)
    assert (status, "The web mail does not answer" in body) == (HTTPStatus.UNPROCESSABLE_ENTITY, True)


def test_a_mail_server_has_no_such_door(lab: LabThread) -> None:
    port = lab.lab.ports["hamburger.test"]["http"]
    connection = http.client.HTTPConnection("127.0.0.1", port, timeout=PATIENCE)
    connection.request(
        "POST", "/page/sign-in", json.dumps({"address": "bob@hamburger.test"}), {"X-Postroom": "1"}
    )
    response = connection.getresponse()
    response.read()
    assert response.status == HTTPStatus.NOT_FOUND
    connection.close()


def test_the_clock_is_asked_for_and_nothing_endless(lab: LabThread) -> None:
    status, _, body = ask(lab, "POST", "/page/ask/clock", {"seconds": 0}, **OWN)
    assert (status, json.loads(body)[0]["ahead"]) == (HTTPStatus.OK, 0)
    assert ask(lab, "POST", "/page/ask/clock", {"seconds": -1}, **OWN)[0] == HTTPStatus.UNPROCESSABLE_ENTITY
    assert ask(lab, "POST", "/page/ask/clock", [], **OWN)[0] == HTTPStatus.BAD_REQUEST
    assert ask(lab, "POST", "/page/ask/watch", {}, **OWN)[0] == HTTPStatus.NOT_FOUND
    assert "clock" in json.loads(ask(lab, "GET", "/page/lab")[2])["asked"]


def test_arguments_that_are_too_deep(lab: LabThread) -> None:
    deep = b'{"seconds":' + b"[" * 30_000 + b"]" * 30_000 + b"}"
    status, _, body = ask(lab, "POST", "/page/ask/clock", deep, **OWN)
    assert (status, "these are no arguments" in body) == (HTTPStatus.BAD_REQUEST, True)


def test_it_listens_on_loopback_alone(lab: LabThread) -> None:
    assert lab.lab.front.server is not None
    with socket.socket() as probe, pytest.raises(ConnectionRefusedError):
        probe.connect(("127.0.0.2", lab.lab.front.server.port))


class Stream:
    """The lines of an event stream."""

    def __init__(self, lab: LabThread, path: str, **headers: str) -> None:
        assert lab.lab.front.server is not None
        self._connection = http.client.HTTPConnection(
            "127.0.0.1", lab.lab.front.server.port, timeout=PATIENCE
        )
        self._connection.request("GET", path, headers={k.replace("_", "-"): v for k, v in headers.items()})
        self._response = self._connection.getresponse()
        self.kind = self._response.getheader("content-type") or ""

    def event(self) -> tuple[int, list[dict[str, object]]]:
        """The next that has data."""
        number = 0
        while line := self._response.readline().decode():
            if line.startswith("id: "):
                number = int(line[4:])
            elif line.startswith("data: "):
                return number, json.loads(line[6:])
        raise AssertionError("the stream has ended")

    def close(self) -> None:
        self._connection.close()


def happen(lab: LabThread, *texts: str) -> int:
    async def work() -> int:
        for text in texts:
            lab.lab.feed.add("noted", text=text)
        return lab.lab.feed.last

    last: int = lab.do(work())
    return last


def test_what_happens_is_streamed_and_what_was_missed_comes_again(lab: LabThread) -> None:
    last = happen(lab, "one", "two")
    stream = Stream(lab, f"/page/events?since={last - 2}")
    assert stream.kind.startswith("text/event-stream")
    number, found = stream.event()
    assert (number, [one["text"] for one in found]) == (last, ["one", "two"])
    happen(lab, "three")
    assert [one["text"] for one in stream.event()[1]] == ["three"]
    stream.close()
    resumed = Stream(lab, "/page/events?since=0", Last_Event_ID=str(last))
    assert [one["text"] for one in resumed.event()[1]] == ["three"]
    resumed.close()


def test_many_come_in_several_events(lab: LabThread) -> None:
    last = happen(lab, *(str(number) for number in range(201)))
    stream = Stream(lab, f"/page/events?since={last - 201}")
    assert [len(stream.event()[1]), len(stream.event()[1])] == [200, 1]
    stream.close()


def test_a_number_of_an_earlier_lab_gives_everything(lab: LabThread) -> None:
    happen(lab, "here")
    stream = Stream(lab, "/page/events?since=999999999")
    assert stream.event()[1][0]["seq"] == 1
    stream.close()


@pytest.mark.parametrize("since", ["x", "-1", "1" * 16, "²"])
def test_no_number_is_told(lab: LabThread, since: str) -> None:
    status, _, body = ask(lab, "GET", "/page/events", Last_Event_ID=since.encode().decode("latin-1"))
    assert (status, body) == (HTTPStatus.BAD_REQUEST, "since is the number of a happening\n")


def test_a_stream_does_not_keep_a_lab_from_stopping(tmp_path: Path) -> None:
    thread = LabThread(tmp_path)
    stream = Stream(thread, "/page/events?since=0")
    thread.close()
    stream.close()
