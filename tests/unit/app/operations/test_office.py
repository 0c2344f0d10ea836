"""Requests are performed for whoever may ask, and every failure has words."""

from __future__ import annotations

from collections.abc import AsyncIterator

import msgspec
import pytest

from offices import ALICE, ROOT, TestOffice
from postroom.app.control import Caller, OperationError, Request
from postroom.app.operations.office import InternalError, Office, Operation, perform
from postroom.app.operations.table import OPERATIONS
from postroom.message.errors import NotPermitted


class Nothing(msgspec.Struct):
    """No arguments."""


class Number(msgspec.Struct):
    """A result."""

    number: int
    octets: bytes = b"\xff"


async def count(_: Office, __: Caller, ___: Nothing) -> AsyncIterator[Number]:
    yield Number(1)
    raise ZeroDivisionError("canary")


TABLE = {"count": Operation("count", Nothing, Number, count, everybody=True)}


async def test_a_bug_is_logged_and_told_without_its_secrets(bare: TestOffice) -> None:
    records = perform(TABLE, bare, ALICE, Request("count", {}))
    assert await anext(records) == {"number": 1, "octets": b"\xff"}
    with pytest.raises(InternalError, match="internal error in count") as caught:
        await anext(records)
    assert "canary" not in str(caught.value)
    assert bare.log.lines == [("operation failed", {"operation": "count", "caller": "alice"})]


@pytest.mark.parametrize(
    ("operation", "caller", "arguments", "failure"),
    [
        ("fly", ROOT, {}, (OperationError, "knows no operation 'fly'")),
        ("domain.add", ALICE, {"name": "x.test"}, (NotPermitted, "alice may not")),
        ("domain.add", ROOT, {}, (OperationError, "missing required field `name`")),
        ("domain.add", ROOT, {"name": 3}, (OperationError, "Expected `str`")),
        ("domain.remove", ROOT, {"name": "x.test"}, (OperationError, "not a domain of this system")),
    ],
)
async def test_failures(
    bare: TestOffice,
    operation: str,
    caller: Caller,
    arguments: dict[str, object],
    failure: tuple[type[Exception], str],
) -> None:
    with pytest.raises(failure[0], match=failure[1]):
        await bare.ask(operation, caller, **arguments)


def test_users_of_the_machine_may_send_verify_and_watch_and_nothing_else() -> None:
    assert {name for name, one in OPERATIONS.items() if one.everybody} == {"submit", "verify", "watch"}


def test_names_are_families() -> None:
    assert all(one.name == name for name, one in OPERATIONS.items())
