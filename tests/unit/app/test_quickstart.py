"""A server from nothing, or nothing at all."""

from __future__ import annotations

import resource
from pathlib import Path
from typing import Any

import pytest

from postroom.app import quickstart
from postroom.app.control import OperationError
from postroom.app.locate import load_at, places_of
from postroom.app.operations.direct import DirectOffice
from postroom.app.quickstart import Plan, make, plan
from postroom.app.reviewing import problems
from postroom.message.address import Address
from postroom.store.administration import accounts


def wanted(directory: Path, **more: Any) -> Plan:
    given = {"text": "you@example.com", "hostname": "", "data": None, "password": "secret", **more}
    return plan(directory=directory, **given)


@pytest.mark.parametrize("hostname", ["", "mail.münchen.test"])
async def test_a_host_of_an_internationalized_domain_has_its_name_in_ascii(
    tmp_path: Path, hostname: str
) -> None:
    await make(wanted(tmp_path / "server", text="you@münchen.test", hostname=hostname))
    settings = load_at(tmp_path / "server" / "postroom.toml")
    assert settings.server.hostname == "mail.xn--mnchen-3ya.test"
    assert problems(settings) == []


def test_a_host_that_cannot_be_in_the_dns_is_none(tmp_path: Path) -> None:
    with pytest.raises(OperationError, match="is not a host's name"):
        wanted(tmp_path, hostname="a\u2603.test")


async def test_everything_is_made(tmp_path: Path) -> None:
    made = await make(wanted(tmp_path / "server"))
    settings = load_at(tmp_path / "server" / "postroom.toml")
    assert (settings.server.hostname, settings.server.administrator) == (
        "mail.example.com",
        "you@example.com",
    )
    places = places_of(settings)
    modes = {path.name: path.stat().st_mode & 0o7777 for path in places.data.iterdir() if path.is_dir()}
    assert modes == {"store": 0o700, "keys": 0o700, "drop": 0o1733}
    assert places.data.stat().st_mode & 0o777 == 0o711
    assert {path.name for path in places.keys.iterdir()} >= {"vault.key", "selfsigned-ecdsa.pem"}
    assert [record.type for record in made.records[:2]] == ["MX", "A"]
    assert [record.value[:20] for record in made.records if record.topic == "DKIM"] == [
        "v=DKIM1; k=ed25519; ",
        "v=DKIM1; k=rsa; h=sh",
    ]
    assert sum(record.type == "TLSA" for record in made.records) == 2
    office = await DirectOffice.open(settings)
    found = await accounts.get(office.engine.reading(), Address("you", "example.com"))
    assert found.enabled
    await office.close()


@pytest.mark.parametrize("taken", ["postroom.toml", "data"])
async def test_nothing_is_overwritten(tmp_path: Path, taken: str) -> None:
    (tmp_path / taken).write_text("mine")
    with pytest.raises(OperationError, match="exists already"):
        wanted(tmp_path)
    assert [path.name for path in tmp_path.iterdir()] == [taken]


async def test_a_file_that_comes_meanwhile_is_left(tmp_path: Path) -> None:
    prepared = wanted(tmp_path)
    prepared.config.write_text("mine")
    with pytest.raises(OperationError, match="meanwhile"):
        await make(prepared)
    assert prepared.config.read_text() == "mine"


@pytest.mark.parametrize("step", ["make_places", "make_keys", "load_at"])
async def test_an_error_leaves_nothing(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, step: str) -> None:
    def fail(*_: Any) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(quickstart, step, fail)
    with pytest.raises(OSError, match="No space"):
        await make(wanted(tmp_path / "server"))
    assert not (tmp_path / "server").exists()
    assert tmp_path.exists()


async def test_half_a_configuration_is_not_left(tmp_path: Path) -> None:
    """It would be in the way of the next try, which overwrites nothing."""
    prepared = wanted(tmp_path)
    before = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (20, before[1]))
    try:
        with pytest.raises(OSError, match="too large"):
            await make(prepared)
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, before)
    assert not prepared.config.exists()


async def test_a_directory_that_was_there_stays(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def fail(*_: Any) -> None:
        (tmp_path / "data").mkdir()
        raise ZeroDivisionError

    monkeypatch.setattr(quickstart, "make_places", fail)
    (tmp_path / "other").write_text("mine")
    with pytest.raises(ZeroDivisionError):
        await make(wanted(tmp_path))
    assert [path.name for path in tmp_path.iterdir()] == ["other"]


@pytest.mark.parametrize(
    ("more", "words"),
    [
        ({"text": "you"}, "you@example.com"),
        ({"text": "you@[127.0.0.1]"}, "not an address"),
        ({"hostname": "no host"}, "mail.example.com"),
    ],
)
def test_names_are_checked_first(tmp_path: Path, more: dict[str, Any], words: str) -> None:
    with pytest.raises(OperationError, match=words):
        wanted(tmp_path, **more)


def test_data_may_lie_elsewhere(tmp_path: Path) -> None:
    assert wanted(tmp_path, data=tmp_path / "var" / "mail").data == tmp_path / "var" / "mail"
