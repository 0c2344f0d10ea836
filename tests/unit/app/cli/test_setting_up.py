"""quickstart, serve, config, dns and check from the command line."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from commands import Run, Served
from postroom.app.cli.quantities import microseconds, octets
from postroom.app.operations.office import Finding


def test_quickstart_prints_what_is_where_and_what_is_next(run: Run, tmp_path: Path) -> None:
    ran = run("quickstart", "you@example.com", "--directory", str(tmp_path / "new"), "--json")
    (made,) = ran.records
    assert made["password"]
    assert [record["type"] for record in made["records"]][:2] == ["MX", "A"]
    again = run("quickstart", "you@example.com", "--directory", str(tmp_path / "new"))
    assert (again.code, "nothing is overwritten" in again.err) == (1, True)
    listed = run("account", "list", "--config", made["config"])
    assert listed.out.startswith("you@example.com\t")
    words = run("quickstart", "you@example.com", "--directory", str(tmp_path / "other")).out
    assert "shown only now" in words
    assert words.splitlines()[-1] == f"Next: postroom serve --config {tmp_path}/other/postroom.toml"


def test_config(run: Run, tmp_path: Path) -> None:
    assert '# hostname = "localhost"' in run("config describe").out
    assert run("config", "check", str(tmp_path / "postroom.toml")).out.startswith(
        f"{tmp_path}/postroom.toml is right"
    )
    (tmp_path / "bad.toml").write_text("[server]\nhostnam = 1\n")
    ran = run("config", "check", str(tmp_path / "bad.toml"))
    assert (ran.code, "did you mean hostname?" in ran.err) == (1, True)


def test_more_processes_need_more_than_there_is(run: Run) -> None:
    ran = run("serve --workers 2")
    assert (ran.code, "PostgreSQL" in ran.err) == (2, True)


def test_dns(run: Run) -> None:
    run("domain add hamburger.test")
    assert "hamburger.test. 300 IN MX 10 mail.hamburger.test." in run("dns records hamburger.test").out
    assert run("dns records hamburger.test --address 192.0.2.1 --json").records[1]["value"] == "192.0.2.1"


def test_a_zone_file_has_lines_of_its_zone_alone(run: Run) -> None:
    """The host's own records, and the name of its address, belong to other zones: a name server takes no file that has them."""
    run("domain add crepes.test")
    lines = run("dns records crepes.test --zone --address 192.0.2.1").out.splitlines()
    owners = {line.split(" ", 1)[0] for line in lines if not line.startswith(";")}
    assert {"crepes.test.", "_dmarc.crepes.test."} <= owners
    assert [name for name in owners if not f".{name}".endswith(".crepes.test.")] == []
    assert "; in another zone: mail.hamburger.test. 300 IN A 192.0.2.1" in lines
    assert "; in another zone: 1.2.0.192.in-addr.arpa. 300 IN PTR mail.hamburger.test." in lines


def test_check_tells_by_its_exit_code(run: Run, served: Served) -> None:
    assert run("check").out == "the store is whole\n"
    served.office.findings = [Finding("orphan", "blob B1", "nobody refers to it")]
    found = run("check --json")
    assert (found.code, found.records[0]["kind"]) == (3, "orphan")
    assert "--repair" in json.loads(found.err)["error"]
    assert run("check --repair").code == 0


@pytest.mark.parametrize(
    ("text", "number"), [("0", 0), ("500MB", 500_000_000), ("2 GiB", 2 << 30), ("1.5k", 1500), ("10b", 10)]
)
def test_sizes(text: str, number: int) -> None:
    assert octets(text) == number


@pytest.mark.parametrize(("text", "seconds"), [("30min", 1800), ("4h", 14_400), ("2d", 172_800), ("90s", 90)])
def test_times(text: str, seconds: int) -> None:
    assert microseconds(text) == seconds * 1_000_000
