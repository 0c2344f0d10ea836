"""`postroom dkim list|create|rotate|retire|delete|test` from the command line."""

from __future__ import annotations

from pathlib import Path

import pytest

from commands import Run
from dkim_post import ed25519
from postroom.store.vault import Vault


@pytest.fixture(autouse=True)
def domain(run: Run) -> None:
    """A domain without keys."""
    for one in run("domain add a.test --json").records[0]["keys"]:
        run("dkim", "delete", "a.test", one["host"].removesuffix("._domainkey"), "--yes")


def phases(run: Run) -> dict[str, str]:
    return {one["selector"]: one["phase"] for one in run("dkim list a.test --json").records}


def test_a_key_from_its_beginning_to_its_end(run: Run) -> None:
    assert "postroom dkim create" in run("dkim list a.test").err
    made = run("dkim create a.test --selector one --algorithm ed25519 --now")
    assert made.code == 0
    assert "host one._domainkey   (in full: one._domainkey.a.test)" in made.out
    assert 'one._domainkey.a.test. 300 IN TXT "v=DKIM1; k=ed25519; h=sha256; p=' in made.out
    assert phases(run) == {"one": "signing"}
    assert run("dkim delete a.test one --yes").code == 1
    assert run("dkim retire a.test one").code == 1  # nobody said yes
    assert phases(run) == {"one": "signing"}
    assert run("dkim retire a.test one --yes").code == 0
    assert run("dkim retire a.test one --yes --json").records[0]["phase"] == "revoked"
    assert "Its record may go: one._domainkey.a.test." in run("dkim delete a.test one --yes").out
    assert phases(run) == {}


def test_a_new_domain_has_keys_whose_records_are_told(run: Run) -> None:
    added = run("domain add b.test")
    listed = run("dkim list b.test --json").records
    assert [(one["algorithm"], one["phase"]) for one in listed] == [
        ("ed25519-sha256", "published"),
        ("rsa-sha256", "published"),
    ]
    assert all(one["dns"]["zone_file"] in added.out for one in listed)
    assert "postroom dns records b.test" in added.out
    assert run("domain add b.test").code == 1
    assert run("dkim list b.test --json").records == listed
    assert run("domain remove b.test --yes").code == 0


def test_a_rotation(run: Run) -> None:
    run("dkim create a.test --selector one --algorithm ed25519 --now")
    assert run("dkim rotate a.test").code == 0
    assert sorted(phases(run).values()) == ["published", "signing"]
    assert run("dkim rotate a.test --now").code == 0
    assert phases(run)["one"] == "retiring"


def test_a_key_of_ones_own(run: Run, tmp_path: Path) -> None:
    file = tmp_path / "key.pem"
    file.write_bytes(ed25519().to_pem())
    made = run("dkim", "create", "a.test", "--selector", "own", "--key", str(file), "--json").records
    assert made[0]["dns"]["value"] == ed25519().record()
    assert run("dkim", "create", "a.test", "--key", str(tmp_path / "none.pem")).code == 1


def test_what_is_wrong_is_said(run: Run) -> None:
    for line, words in (
        ("dkim list x.test", "not a domain of this system"),
        ("dkim create a.test --algorithm dsa", "use rsa, ed25519 or both"),
        ("dkim rotate a.test", "no key yet"),
        ("dkim test a.test", "no key yet"),
        ("dkim retire a.test none --yes", "no selector 'none'"),
    ):
        ran = run(line)
        assert (ran.code, words in ran.err) == (1, True), ran


def test_the_private_part_is_sealed_on_disk(run: Run, config: Path) -> None:
    run("dkim create a.test --selector one --algorithm ed25519")
    files = [path for path in (config.parent / "data" / "store").rglob("*") if path.is_file()]
    assert files
    assert not any(b"PRIVATE KEY" in path.read_bytes() for path in files)
    assert Vault.open(config.parent / "data" / "keys" / "vault.key")


def test_nobody_answers(run: Run) -> None:
    run("dkim create a.test --selector one --algorithm ed25519")
    ran = run("dkim test a.test --resolver 127.0.0.1:9 --json")
    assert (ran.code, ran.records[0]["verdict"]) == (14, "temperror")
    ran = run("dns check a.test --resolver 127.0.0.1:9 --json")
    assert ran.code == 14
    assert {one["verdict"] for one in ran.records} == {"not run"}
