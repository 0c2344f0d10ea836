"""References to earlier results, and JSON Pointer (RFC 8620 §3.7, RFC 6901)."""

import pytest

from postroom.proto.jmap.errors import MethodError
from postroom.proto.jmap.references import MAX_FOUND, MAX_PATH, evaluate, resolve
from postroom.proto.jmap.request import Invocation

THREADS = {
    "list": [
        {"id": "trd194", "emailIds": ["msg1020", "msg1021", "msg1023"]},
        {"id": "trd114", "emailIds": ["msg201", "msg223"]},
    ]
}


@pytest.mark.parametrize(
    ("path", "found"),
    [
        ("/list/*/emailIds", ["msg1020", "msg1021", "msg1023", "msg201", "msg223"]),
        ("/list/*/id", ["trd194", "trd114"]),
        ("/list/1/id", "trd114"),
        ("/list/0/emailIds/2", "msg1023"),
        ("", THREADS),
    ],
)
def test_paths(path: str, found: object) -> None:
    assert evaluate(THREADS, path) == found


def test_names_with_slash_and_tilde() -> None:
    assert evaluate({"a/b": {"m~n": 8}}, "/a~1b/m~0n") == 8


@pytest.mark.parametrize(
    "path",
    [
        "list",
        "/nothing",
        "/list/2",
        "/list/01",
        "/list/-1",
        "/list/x",
        "/list/*/nothing",
        "/list/0/id/0",
        "/a~2",
    ],
)
def test_paths_that_lead_nowhere(path: str) -> None:
    with pytest.raises(MethodError) as caught:
        evaluate(THREADS, path)
    assert caught.value.kind == "invalidResultReference"


def test_limits() -> None:
    value: object = 1
    for _ in range(MAX_PATH):
        value = {"a": value}
    assert evaluate(value, "/a" * MAX_PATH) == 1
    with pytest.raises(MethodError):
        evaluate({"a": value}, "/a" * (MAX_PATH + 1))
    assert len(evaluate([[1] * MAX_FOUND], "/*")) == MAX_FOUND
    with pytest.raises(MethodError):
        evaluate([[1] * (MAX_FOUND + 1)], "/*")


def test_the_name_must_be_that_of_the_response() -> None:
    earlier = [Invocation("error", {"type": "x"}, "0")]
    with pytest.raises(MethodError) as caught:
        resolve({"#ids": {"resultOf": "0", "name": "Foo/get", "path": "/ids"}}, earlier, 10_000)
    assert caught.value.kind == "invalidResultReference"
