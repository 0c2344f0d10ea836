"""The door of a server, shut and opened; and what a lab says of itself."""

import asyncio

import pytest

from laboratory import LabThread
from postroom.app.control import NotRunning, OperationError, Request, calling
from postroom.lab.describing import FACTS
from postroom.lab.doors import DOOR, ShutDoor, turned
from postroom.lab.faults.rules import FaultRule, FaultRules


@pytest.fixture(scope="module")
def lab(tmp_path_factory):
    lab = LabThread(tmp_path_factory.mktemp("doors"))
    yield lab
    lab.close()


async def asked(path, operation, **arguments):
    return [one async for one in calling(path, Request(operation, arguments))]


async def test_it_is_shut_once_and_opened(lab):
    path = lab.lab.control.path
    for _ in range(2):
        assert await asked(path, DOOR, domain="hamburger.test", open=False) == [
            {"domain": "hamburger.test", "open": False}
        ]
    assert [rule.domain for rule in lab.lab.rules] == ["hamburger.test"]
    assert str(next(iter(lab.lab.rules)).refusal().public).startswith("The mail server of hamburger.test is")
    await asked(path, DOOR, domain="crepes.test", open=True)
    assert len(list(lab.lab.rules)) == 1
    await asked(path, DOOR, domain="hamburger.test", open=True)
    assert list(lab.lab.rules) == []


async def test_other_faults_stay():
    rules = FaultRules()
    other = rules.add(FaultRule("rcpt", reply="451 4.3.0 x", domain="hamburger.test"))
    async for _ in turned(rules, ("hamburger.test",), {"domain": "hamburger.test", "open": True}):
        pass
    assert list(rules) == [other]


@pytest.mark.parametrize(
    "arguments", [{}, {"domain": "x.test", "open": True}, {"domain": "crepes.test", "open": 1}]
)
async def test_what_is_no_door(lab, arguments):
    with pytest.raises(OperationError, match=r"one of crepes\.test, hamburger\.test"):
        await asked(lab.lab.control.path, DOOR, **arguments)
    assert not any(isinstance(rule, ShutDoor) for rule in lab.lab.rules)


async def test_what_a_lab_says_of_itself(lab):
    (told,) = await asked(lab.lab.control.path, FACTS)
    assert told.keys() == {"domains", "dns", "ca", "accounts", "data", "page", "enforce", "last"}
    assert (told["enforce"], told["dns"]) == (False, lab.lab.names.port)


async def test_nobody_there(tmp_path):
    with pytest.raises(NotRunning):
        await asked(tmp_path / "control", FACTS)


async def test_somebody_who_hangs_up(tmp_path):
    server = await asyncio.start_unix_server(lambda _, writer: writer.close(), tmp_path / "control")
    async with server:
        with pytest.raises(OperationError, match="closed the control connection"):
            await asked(tmp_path / "control", FACTS)
