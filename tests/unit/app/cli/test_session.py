"""Which server a command talks to: one, several of a lab, or none at all."""

from __future__ import annotations

import asyncio
import json
from pathlib import Path
from typing import Any

import pytest

from commands import Run, Served
from offices import NOW
from postroom.agent.terminal import Terminal
from postroom.app.cli import session
from postroom.app.locate import Server
from postroom.app.operations import queue
from postroom.app.operations.office import Operation
from postroom.store.store import Store
from queued import job, letter, put


def test_reads_ask_all_servers(run: Run, lab: dict[str, Served]) -> None:
    assert [one["domain"] for one in run("domain list --json").records] == list(lab)
    assert [one["domain"] for one in run("domain list --json --at crepes.test").records] == ["crepes.test"]


def test_changes_go_where_the_address_is(run: Run, lab: dict[str, Served]) -> None:
    assert run("account add carol@hamburger.test --no-password").code == 0
    asked = lab["hamburger.test"].office.ask("account.list")
    assert [one["address"] for one in lab["hamburger.test"].do(asked)] == ["carol@hamburger.test"]


@pytest.mark.parametrize("line", ["domain add pizza.test", "domain list --at pizza.test"])
def test_when_it_is_not_clear_the_names_are_told(run: Run, lab: dict[str, Served], line: str) -> None:
    ran = run(line)
    assert ran.code == 2
    assert all(f"--at {name}" in ran.err for name in lab)


def test_a_named_server_of_a_lab_is_meant_whatever_is_configured(
    run: Run, lab: dict[str, Served], config: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("POSTROOM_CONFIG", str(config))
    assert run("domain list --json").records == []
    assert [one["domain"] for one in run("domain list --json --at crepes.test").records] == ["crepes.test"]


def test_the_only_server_is_not_taken_for_another(run: Run) -> None:
    ran = run("domain add pizza.test --at hamburger.test")
    assert (ran.code, "--at hamburger.test: no such lab runs" in ran.err) == (2, True)
    assert run("domain add pizza.test --at mail.hamburger.test").code == 0
    assert len(run("domain list --json").records) == 1


@pytest.mark.parametrize("line", ["domain list", "queue list", "export bob@hamburger.test out", "check"])
def test_who_only_reads_begins_no_store(run: Run, config: Path, line: str) -> None:
    """A data directory that is mistyped is not made, and not said to be empty."""
    ran = run(line)
    assert ran.code == 1
    assert "there is no mail in" in ran.err
    assert "is that the directory that was meant?" in ran.err
    assert not (config.parent / "data" / "store").exists()


def test_a_failure_of_all_is_a_failure(run: Run, lab: dict[str, Served]) -> None:
    assert run("journey --last").code == 1


@pytest.mark.parametrize(("operation", "interrupted"), [(queue.LIST, False), (queue.RETRY, True)])
def test_a_reader_who_leaves_interrupts_changes_alone(
    operation: Operation[Any, Any], interrupted: bool, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(session, "_perform_at", lambda *_: iter(("one", "two")))
    asking = session.Administration(Terminal(), [Server("crepes.test", Path("/nowhere"))])
    records = asking.perform(operation, queue.Select())
    assert next(records) == "one"
    assert (asking.failure(BrokenPipeError()) is not None) == interrupted
    assert list(records) == ["two"]
    assert asking.failure(BrokenPipeError()) is None


def test_a_lab_that_is_gone(run: Run, lab: dict[str, Served], tmp_path: Path) -> None:
    for name in lab:
        (tmp_path / name / "control").unlink()
    ran = run("domain list")
    assert (ran.code, "start the lab again" in ran.err) == (1, True)


def test_a_store_that_a_server_has_is_not_opened_twice(run: Run, served: Served, config: Path) -> None:
    (config.parent / "data" / "control").unlink()
    ran = run("domain list")
    assert (ran.code, "is in use by process" in ran.err) == (1, True)


@pytest.mark.parametrize("what", ["drop", "fail"])
def test_a_delivery_that_only_a_server_can_end_is_not_begun_with(run: Run, config: Path, what: str) -> None:
    async def queued() -> None:
        store = await Store.open(f"sqlite://{config.parent / 'data' / 'store'}")
        await put(store.engine, letter(1), job("pizza.test", NOW))
        await store.close()

    run("domain add hamburger.test")
    asyncio.run(queued())
    (before,) = run("queue list --json").records
    refused = run(f"queue {what} --all --yes --json")
    assert (refused.code, refused.out) == (1, "")
    assert "start it with postroom serve" in refused.err
    (after,) = run("queue list --json").records
    assert (after["state"], after["due"]) == (before["state"], before["due"]) == ("waiting", NOW)


def test_what_needs_a_server_says_so(run: Run) -> None:
    ran = run("certificates reload --json")
    assert (ran.code, "postroom serve" in json.loads(ran.err)["error"]) == (1, True)


def test_without_a_configuration(run: Run, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("POSTROOM_CONFIG", "/no/such/file")
    ran = run("domain list")
    assert (ran.code, "postroom quickstart" in ran.err) == (1, True)
