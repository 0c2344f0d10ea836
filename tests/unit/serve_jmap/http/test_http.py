"""Sessions, requests and what is wrong with them, over HTTP (RFC 8620 §2, §3)."""

import asyncio
import gzip
import json
from typing import Any

import pytest

from jmap_stage import ALICE, BOB, USING, JmapStage
from postroom.message.ids import IdKind, id_text
from postroom.proto.jmap.capabilities import CORE, MAIL
from postroom.proto.jmap.request import Limits
from postroom.serve.jmap.http import http

ECHO = {"using": [CORE], "methodCalls": [["Core/echo", {"hello": True, "high": 5}, "b3ff"]]}


async def test_a_session_says_where_to_go_and_who_has_what(stage: JmapStage) -> None:
    bob = stage.jmap(BOB)
    reply = await bob.http("GET", "/.well-known/jmap")
    session = reply.json
    assert reply.status == 200
    assert session["username"] == BOB
    assert session["apiUrl"] == "https://mail.hamburger.test/jmap/api"
    assert session["accounts"][bob.account]["isPersonal"] is True
    assert session["capabilities"][CORE]["maxCallsInRequest"] == 16
    assert set(session["primaryAccounts"].values()) == {bob.account}
    for variable in ("{accountId}", "{blobId}", "{name}", "{type}"):
        assert variable in session["downloadUrl"]
    assert (await bob.http("GET", "/jmap/session")).json == session
    assert "no-store" in reply.headers["cache-control"]


@pytest.mark.parametrize(
    "headers",
    [{}, {"authorization": "Basic ???"}, {"authorization": "Basic Ym9i"}, {"authorization": "Bearer x"}],
)
async def test_nobody_is_let_in_without_a_password(stage: JmapStage, headers: dict[str, str]) -> None:
    reply = await stage.jmap().http("GET", "/jmap/session", headers=headers)
    assert reply.status == 401
    assert reply.headers["www-authenticate"].startswith("Basic ")
    assert reply.headers["content-type"] == "application/problem+json"


async def test_a_bearer_token(stage: JmapStage) -> None:
    headers = {"authorization": f"bearer  token-{BOB} "}
    reply = await stage.jmap().http("GET", "/jmap/session", headers=headers)
    assert (reply.status, reply.json["username"]) == (200, BOB)


async def test_a_wrong_password(stage: JmapStage) -> None:
    bob = stage.jmap()
    assert (await bob.http("GET", "/jmap/session", headers=bob.credentials("wrong"))).status == 401


async def test_what_is_not_there(stage: JmapStage) -> None:
    bob = stage.jmap()
    assert (await bob.http("GET", "/jmap/elsewhere")).status == 404
    assert (await bob.http("DELETE", "/jmap/api")).status == 405
    assert (await bob.http("GET", "/jmap/api")).status == 405


async def test_a_fault_of_ours_is_a_problem_too(stage: JmapStage, monkeypatch: pytest.MonkeyPatch) -> None:
    """RFC 8620 §3.6.1: every response that is an error has a body of RFC 7807."""

    async def failing(*_: Any) -> None:
        raise RuntimeError

    monkeypatch.setattr(http, "session_object", failing)
    for reply in (await stage.jmap().http("GET", "/jmap/session"), await stage.jmap().post(ECHO)):
        assert (reply.status, reply.headers["content-type"]) == (500, "application/problem+json")
        assert reply.json["title"] == "Internal Server Error"
    assert [type(one) for one in stage.faults] == [RuntimeError, RuntimeError]
    stage.faults.clear()


async def test_echo(stage: JmapStage) -> None:
    reply = await stage.jmap().post(ECHO)
    assert reply.json["methodResponses"] == ECHO["methodCalls"]
    assert reply.json["sessionState"] == (await stage.jmap().http("GET", "/jmap/session")).json["state"]
    assert "createdIds" not in reply.json


async def test_created_ids_come_back_when_they_came(stage: JmapStage) -> None:
    reply = await stage.jmap().post({**ECHO, "createdIds": {"k1": "M1"}})
    assert reply.json["createdIds"] == {"k1": "M1"}


@pytest.mark.parametrize(
    "raw",
    [
        b"{", b"[" * 100_000, b'{"a": NaN}', b'{"using": ["\\ud800"]}', b'{"a": 1' + b"1" * 5000 + b"}",
        b'{"using": [], "using": [], "methodCalls": []}', b'{"a": "\xff"}', b"",
        '{"a": "\ufdd0"}'.encode(), '{"\U0010ffff": 1}'.encode(), b'{"a": ["\\uFFFE"]}', b'{"a": {"\\ud83f\\udfff": 1}}', b'{"a": 1.5e400}',
    ],
)  # fmt: skip
async def test_what_is_no_json(stage: JmapStage, raw: bytes) -> None:
    reply = await stage.jmap().post(None, raw)
    assert (reply.status, reply.json["type"]) == (400, "urn:ietf:params:jmap:error:notJSON")


async def test_every_text_that_is_json(stage: JmapStage) -> None:
    """RFC 7493 §2.1: neither surrogates nor noncharacters; what only looks like one may be there."""
    raw = b'{"using": ["%s"], "methodCalls": [["Core/echo", {"a": "\\\\uffff \\ufffd \xf0\x9f\xa7\x80 \\ud83e\\uddc0"}, "c"]]}'
    reply = await stage.jmap().post(None, raw % CORE.encode())
    assert reply.json["methodResponses"][0][1] == {"a": "\\uffff \ufffd 🧀 🧀"}


async def test_no_text_that_is_no_json_goes_out(stage: JmapStage) -> None:
    """RFC 8620 §1.5: whatever is in a message."""
    letter = await stage.deliver("Subject: a\ufffe\U0003ffff\ufdefb\r\n\r\nx\r\n".encode())
    bob = stage.jmap()
    (got,) = (await bob.call("Email/get", ids=[id_text(IdKind.EMAIL, letter.email_id)]))["list"]
    assert got["subject"] == "a\ufffd\ufffd\ufffdb"
    blob = (await bob.http("POST", f"/jmap/upload/{bob.account}/", "\uffff".encode())).json["blobId"]
    (got,) = (await bob.call("Blob/get", ids=[blob]))["list"]
    assert got == {"id": blob, "isEncodingProblem": True, "data:asBase64": "77+/", "size": 3}


async def test_a_number_is_an_integer_however_it_is_written(stage: JmapStage) -> None:
    """RFC 8620 §1.3: a JSON Number."""
    bob = stage.jmap()
    raw = b'{"using": ["urn:ietf:params:jmap:core", "%s"], "methodCalls": [["Email/query", {"accountId": "%s", "limit": %s}, "c"]]}'
    for number, right in (
        (b"5.0", True),
        (b"1e2", True),
        (b"5.5", False),
        (b"-1.0", False),
        (b"1e17", False),
    ):
        reply = await bob.post(None, raw % (MAIL.encode(), bob.account.encode(), number))
        assert (reply.json["methodResponses"][0][0] == "Email/query") is right, number


async def test_ids_and_names_of_calls_are_any_strings(stage: JmapStage) -> None:
    """RFC 8620 §3.2, §3.6: what has the form of a request is one; its methods are unknown then."""
    calls = [["Core/echo", {}, ""], ["", {}, "x" * 1000], ["y" * 1000, {}, "#"]]
    answers = await stage.jmap().request(*calls)
    assert [(one[0], one[2]) for one in answers] == [("Core/echo", ""), ("error", "x" * 1000), ("error", "#")]


async def test_as_many_created_ids_come_in_as_can_go_out(stage: JmapStage) -> None:
    """RFC 8620 §5.8: a proxy passes on those of the response before."""
    bob = stage.jmap(limits=Limits(max_calls_in_request=3, max_objects_in_set=2))
    for number, status in ((6, 200), (7, 400)):
        reply = await bob.post({**ECHO, "createdIds": {f"c{n}": f"M{n}" for n in range(number)}})
        assert reply.status == status


async def test_the_content_type_is_json(stage: JmapStage) -> None:
    reply = await stage.jmap().post(ECHO, **{"content-type": "text/plain"})
    assert (reply.status, reply.json["type"]) == (400, "urn:ietf:params:jmap:error:notJSON")
    assert (
        await stage.jmap().post(ECHO, **{"content-type": "Application/JSON; charset=utf-8"})
    ).status == 200


@pytest.mark.parametrize(
    "request_", [[], {}, {"using": [CORE]}, {"using": CORE, "methodCalls": []}, {"using": [CORE], "methodCalls": [["a", {}]]},
                 {"using": [CORE], "methodCalls": [["a", [], "b"]]}, {"using": [CORE], "methodCalls": [["a", {}, "b", 1]]}]
)  # fmt: skip
async def test_what_is_no_request(stage: JmapStage, request_: object) -> None:
    reply = await stage.jmap().post(request_)
    assert (reply.status, reply.json["type"]) == (400, "urn:ietf:params:jmap:error:notRequest")


async def test_unknown_capabilities(stage: JmapStage) -> None:
    reply = await stage.jmap().post({**ECHO, "using": ["https://example.com/apis/foobar"]})
    assert (reply.status, reply.json["type"]) == (400, "urn:ietf:params:jmap:error:unknownCapability")


async def test_limits_of_a_request(stage: JmapStage) -> None:
    bob = stage.jmap(limits=Limits(max_calls_in_request=2, max_size_request=1000))
    call = ["Core/echo", {}, "c"]
    assert len((await bob.post({"using": [CORE], "methodCalls": [call] * 2})).json["methodResponses"]) == 2
    reply = await bob.post({"using": [CORE], "methodCalls": [call] * 3})
    assert (reply.json["type"], reply.json["limit"]) == (
        "urn:ietf:params:jmap:error:limit",
        "maxCallsInRequest",
    )
    body = json.dumps(ECHO).encode()
    assert (await bob.post(None, body + b" " * (1000 - len(body)))).status == 200
    reply = await bob.post(None, body + b" " * (1001 - len(body)))
    assert (reply.status, reply.json["limit"]) == (400, "maxSizeRequest")


async def test_requests_at_a_time(stage: JmapStage) -> None:
    bob = stage.jmap(limits=Limits(max_concurrent_requests=2))
    many = {"using": [CORE], "methodCalls": [["Core/echo", {}, "c"]] * 8}
    replies = await asyncio.gather(*(bob.post(many) for _ in range(3)))
    assert sorted(reply.status for reply in replies) == [200, 200, 400]
    assert next(one for one in replies if one.status == 400).json["limit"] == "maxConcurrentRequests"
    assert bob.app.busy == {}


async def test_methods_nobody_knows_and_those_whose_capability_is_not_used(stage: JmapStage) -> None:
    bob = stage.jmap()
    answers = await bob.request(["Foo/get", {}, "a"], ["Core/echo", {"x": 1}, "b"], using=USING)
    assert answers == [["error", {"type": "unknownMethod"}, "a"], ["Core/echo", {"x": 1}, "b"]]
    assert (await bob.request(["Core/echo", {}, "a"], using=[]))[0][1] == {"type": "unknownMethod"}


async def test_references_to_results(stage: JmapStage) -> None:
    answers = await stage.jmap(ALICE).request(
        ["Core/echo", {"list": [{"ids": ["a", "b"]}, {"ids": ["c"]}]}, "0"],
        ["Core/echo", {"#all": {"resultOf": "0", "name": "Core/echo", "path": "/list/*/ids"}}, "1"],
        ["Core/echo", {"#all": {"resultOf": "9", "name": "Core/echo", "path": "/list"}}, "2"],
        ["Core/echo", {"all": 1, "#all": {"resultOf": "0", "name": "Core/echo", "path": "/list"}}, "3"],
    )
    assert answers[1][1] == {"all": ["a", "b", "c"]}
    assert answers[2][1]["type"] == "invalidResultReference"
    assert answers[3][1]["type"] == "invalidArguments"


async def test_references_make_no_more_of_a_request_than_it_could_say(stage: JmapStage) -> None:
    """RFC 8620 §3.7: what is taken twice from what was taken twice grows with every call."""
    bob = stage.jmap(limits=Limits(max_size_request=100_000))
    calls: list[list[Any]] = [["Core/echo", {"x": "y" * 1000}, "0"]]
    for number in range(15):
        reference = {"resultOf": str(number), "name": "Core/echo", "path": ""}
        calls.append(["Core/echo", {"#a": reference, "#b": reference}, str(number + 1)])
    answers = await bob.request(*calls)
    kinds = [told.get("type", "") for _, told, _ in answers]
    assert kinds == [""] * 7 + ["invalidResultReference"] * 9
    assert len(json.dumps(answers)) < 300_000


@pytest.mark.parametrize(
    ("octets", "packed"), [(http.WORTH_PACKING - 1, False), (http.WORTH_PACKING, True), (200_000, True)]
)
async def test_a_long_response_is_packed_for_who_takes_that(
    stage: JmapStage, octets: int, packed: bool
) -> None:
    bob = stage.jmap(BOB)
    empty = len((await bob.post(_echo(""))).body)
    wanted = _echo("x" * (octets - empty))
    plain = await bob.post(wanted)
    assert len(plain.body) == octets
    assert "content-encoding" not in plain.headers
    reply = await bob.post(wanted, **{"accept-encoding": "gzip, br"})
    assert int(reply.headers["content-length"]) == len(reply.body)
    assert ("content-encoding" in reply.headers) is packed
    assert (gzip.decompress(reply.body) if packed else reply.body) == plain.body
    refused = await bob.post(wanted, **{"accept-encoding": "gzip;q=0"})
    assert refused.body == plain.body


def _echo(text: str) -> dict[str, Any]:
    return {"using": [CORE], "methodCalls": [["Core/echo", {"text": text}, "c"]]}
