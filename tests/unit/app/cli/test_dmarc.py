"""`postroom dmarc check` against a name server on loopback."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path

import pytest

from commands import Run
from name_server import serving
from postroom.lab.dns.zones import ZoneText

ZONE = ZoneText(
    "e.test",
    (
        '_dmarc TXT "v=DMARC1; p=reject; sp=quarantine; rua=mailto:a@e.test,mailto:b@r.other.test"',
        "mail A 192.0.2.1",
        '_dmarc.odd TXT "v=DMARC1; p=never; pct=5; rua=mailto:a@e.test"',
        '_dmarc.broken TXT "v=DMARC1; p=never"',
    ),
)
OTHER = ZoneText("other.test", ('e.test._report._dmarc.r TXT "v=DMARC1"',))


@pytest.fixture
def name_server() -> Iterator[str]:
    """HOST:PORT of one that knows what is asked for here."""
    with serving((ZONE, OTHER)) as address:
        yield address


@pytest.mark.parametrize(
    ("arguments", "code", "words"),
    [
        ("e.test", 0, "reject is asked for mail from e.test that fails"),
        ("alice@mail.e.test", 0, "quarantine is asked for mail from mail.e.test that fails"),
        ("e.test --mail-from bounces.e.test", 0, "pass: spf=pass of bounces.e.test is aligned with e.test (_dmarc.e.test)"),
        ("e.test --signed-by x.test --signed-by e.test", 0, "pass: dkim=pass of e.test is aligned with e.test (_dmarc.e.test)"),
        (
            "e.test --mail-from x.test",
            10,
            "fail: neither SPF nor DKIM speaks for e.test (spf=pass of x.test, which is not aligned); _dmarc.e.test asks for reject",
        ),
        ("nothing.test", 13, "none: nothing.test publishes no DMARC record"),
        ("broken.e.test", 13, "none: _dmarc.broken.e.test has no policy that can be read, and counts as if it were not there"),
        ("odd.e.test", 0, "remark: pct= is not known to RFC 9989 any more: write t=y to try a policy out"),
        ("e.test", 0, "reports to b@r.other.test: agreed (e.test._report._dmarc.r.other.test)"),
        ("e.test", 0, "reports to a@e.test: its own"),
        ("mail.e.test", 0, "organizational domain (treewalk): e.test"),
    ],
)  # fmt: skip
def test_check(run: Run, name_server: str, arguments: str, code: int, words: str) -> None:
    ran = run(f"dmarc check {arguments} --resolver {name_server}")
    assert (ran.code, ran.err) == (code, "")
    assert words in [line.strip() for line in ran.out.splitlines()]


def test_json(run: Run, name_server: str) -> None:
    record = json.loads(run(f"dmarc check mail.e.test --json --resolver {name_server}").out)
    assert (record["policy"], record["policy_domain"], record["result"]) == ("quarantine", "e.test", "fail")
    assert [one["agreed"] for one in record["destinations"]] == [True, True]
    assert record["asked"][0]["name"] == "_dmarc.mail.e.test"


def test_by_a_list_of_suffixes(run: Run, name_server: str, tmp_path: Path) -> None:
    (tmp_path / "list").write_text("test\ne.test\n")
    ran = run(f"dmarc check a.mail.e.test --suffixes {tmp_path / 'list'} --resolver {name_server}")
    assert ran.code == 13  # mail.e.test is the organizational domain then
    (tmp_path / "list").write_text("a.*.b\n")
    ran = run(f"dmarc check e.test --suffixes {tmp_path / 'list'}")
    assert "line 1 of the suffix list" in ran.err
    assert "No such file" in run(f"dmarc check e.test --suffixes {tmp_path / 'gone'}").err


@pytest.mark.parametrize(
    "arguments",
    [
        "e..test",
        "a@",
        "e.test --mail-from -x-",
        "e.test --signed-by a_b..c",
        "e.test --signed-by a@e.test",
        "e.test --mail-from a@e.test",
    ],
)
def test_what_is_no_domain(run: Run, arguments: str) -> None:
    ran = run(f"dmarc check {arguments}")
    assert ran.code == 2
    assert "is no domain" in ran.err


def test_a_name_server_that_is_not_there(run: Run) -> None:
    ran = run("dmarc check e.test --resolver [::1]:1")
    assert ran.code == 14
    assert ran.out.startswith("temperror: the DNS answers UNREACHABLE")
