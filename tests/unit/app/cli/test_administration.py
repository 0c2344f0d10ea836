"""Domains, accounts, aliases and lists from the command line, without a server and with one: the same records."""

from __future__ import annotations

import io
import json
import sys
from pathlib import Path

import pytest

from commands import Run


@pytest.fixture(params=["direct", "served"], autouse=True)
def somewhere(request: pytest.FixtureRequest, config: Path) -> None:
    """Each test runs twice."""
    if request.param == "served":
        request.getfixturevalue("served")


@pytest.fixture
def stdin(monkeypatch: pytest.MonkeyPatch) -> io.StringIO:
    text = io.StringIO()
    monkeypatch.setattr("sys.stdin", text)
    return text


def test_a_domain(run: Run) -> None:
    assert "Next: postroom account add you@hamburger.test" in run("domain add hamburger.test").out
    assert run("domain list").out == "hamburger.test\t\t\tyes\n"
    assert run("domain set hamburger.test --no-subaddresses --json").records[0]["subaddresses"] is False
    assert run("domain remove hamburger.test --yes --json").records == [
        {"domain": "hamburger.test", "catch_all": "", "postmaster": "", "subaddresses": False}
    ]
    empty = run("domain list")
    assert (empty.code, empty.out) == (0, "")
    assert "no domain yet" in empty.err


def test_an_account_and_its_password(run: Run, stdin: io.StringIO) -> None:
    run("domain add hamburger.test")
    (made,) = run("account add bob@hamburger.test --quota 2GB --json").records
    assert len(made["password"].replace("-", "")) == 20
    assert made["quota"] == 2_000_000_000
    stdin.write("given\n")
    stdin.seek(0)
    (given,) = run("account add carol@hamburger.test --password-stdin --json").records
    assert "password" not in given
    shown = run("account password bob@hamburger.test").out
    assert "shown only now: " in shown
    assert run("account show bob@hamburger.test").out == "bob@hamburger.test\t0 B\t2.0 GB\tactive\t\n"
    changed = run("account set bob@hamburger.test --forward x@crepes.test --disable --quota 0")
    assert changed.out == "bob@hamburger.test\t0 B\t-\tdisabled\tx@crepes.test (and keeps a copy)\n"
    assert len(run("account list --domain hamburger.test --json").records) == 2


def test_what_cannot_be_undone_is_asked_for(run: Run, stdin: io.StringIO) -> None:
    run("domain add hamburger.test")
    run("account add bob@hamburger.test --no-password")
    refused = run("account remove bob@hamburger.test")
    assert (refused.code, refused.out) == (1, "")
    assert "--yes" in refused.err
    assert run("account remove bob@hamburger.test --yes").out == "bob@hamburger.test removed\n"


def test_apop(run: Run) -> None:
    run("domain add hamburger.test")
    run("account add bob@hamburger.test --no-password")
    assert (
        "APOP secret of bob@hamburger.test changed" in run("account password bob@hamburger.test --apop").out
    )
    assert "removed" in run("account password bob@hamburger.test --apop --off").out
    assert run("account password bob@hamburger.test --off").code == 2


@pytest.mark.parametrize(
    "line",
    [
        "account password bob@hamburger.test --apop --off --password-stdin",
        "account password bob@hamburger.test --prompt --password-stdin",
        "account add carol@hamburger.test --no-password --password-stdin",
    ],
)
def test_a_password_is_given_in_one_way_or_not_at_all(
    run: Run, monkeypatch: pytest.MonkeyPatch, line: str
) -> None:
    run("domain add hamburger.test")
    run("account add bob@hamburger.test --no-password")
    monkeypatch.setattr(sys, "stdin", io.StringIO("a secret of theirs\n"))
    done = run(line)
    assert (done.code, done.out) == (2, "")
    assert "exclude each other" in done.err
    assert run("account show carol@hamburger.test").code == 1


def test_an_alias(run: Run) -> None:
    run("domain add hamburger.test")
    assert run("alias add a@hamburger.test x@y.test z@y.test").out == "a@hamburger.test\tx@y.test, z@y.test\n"
    told = run("alias set a@hamburger.test --add gone@hamburger.test")
    assert "nobody here has the address gone@hamburger.test" in told.err
    assert run("alias set a@hamburger.test --remove gone@hamburger.test").err == ""
    assert run("alias set a@hamburger.test --remove z@y.test --add w@y.test").code == 0
    assert run("alias list --json").records[0]["targets"] == ["w@y.test", "x@y.test"]
    assert run("alias remove a@hamburger.test --yes").code == 0


def test_a_list(run: Run) -> None:
    run("domain add hamburger.test")
    assert (
        run("list add l@hamburger.test --owner o@y.test --member a@y.test").out
        == "l@hamburger.test\to@y.test\t1\n"
    )
    run("list members add l@hamburger.test b@y.test c@y.test")
    run("list members remove l@hamburger.test a@y.test")
    assert run("list members list l@hamburger.test").out == "b@y.test\nc@y.test\n"
    assert run("list owner l@hamburger.test p@y.test").out == "l@hamburger.test\tp@y.test\t2\n"
    assert run("alias remove l@hamburger.test --yes").code == 1
    assert run("list remove l@hamburger.test --yes").code == 0
    assert run("list list").out == ""


def test_an_alias_file(run: Run, tmp_path: Path) -> None:
    run("domain add hamburger.test")
    (tmp_path / "staff").write_text("bob@y.test\n")
    (tmp_path / "aliases").write_text("root: bob@y.test\nall: :include:staff, :include:/none\nx: |/bin/sh\n")
    ran = run("alias", "import", str(tmp_path / "aliases"))
    assert ran.code == 0
    assert "2 aliases, 0 lists, 0 forwards for hamburger.test" in ran.out
    assert "|/bin/sh is refused" in ran.err
    assert "/none cannot be read: No such file or directory\n" in ran.err
    (tmp_path / "staff").write_bytes(b"b\xf6b@y.test\n")
    again = run("alias", "import", str(tmp_path / "aliases"))
    assert "staff cannot be read: it is not UTF-8 (invalid start byte at octet 1)\n" in again.err
    assert run("alias", "import", str(tmp_path / "none")).code == 1


@pytest.mark.parametrize(
    ("line", "code", "words"),
    [
        ("domain add no_dot..x", 1, "example.com"),
        ("domain remove x.test --yes", 1, "not a domain"),
        ("account add bob@x.test --no-password", 1, "postroom domain add x.test"),
        ("account add bob@x.test --quota much", 2, "500MB or 2GB"),
        ("account add bob@x.test --quota 99999999999TB", 2, "too much"),
        ("account token create bob@x.test phone --expires 99999999999999d", 2, "too much"),
        ("reports dmarc --days 99999999999999999999", 2, "1000000"),
        ("account certificate add bob@x.test --file /none", 1, "/none: No such file"),
        ("account set bob@x.test --forward a@b --no-forward", 2, "exclude"),
        ("alias add bob x@y.test", 1, "not an address"),
        ("alias add a@hamburger.test A@hamburger.test", 1, "would stand for itself only: name somebody else"),
    ],
)
def test_errors_are_on_standard_error_in_both_forms(run: Run, line: str, code: int, words: str) -> None:
    ran = run(line)
    assert (ran.code, ran.out) == (code, "")
    assert words in ran.err
    as_json = run(f"{line} --json")
    assert (as_json.code, as_json.out) == (code, "")
    assert words in json.loads(as_json.err)["error"]


def test_who_still_names_what_was_removed_is_said(run: Run) -> None:
    run("domain add hamburger.test")
    for name in ("bob", "rob", "bobby"):
        run(f"account add {name}@hamburger.test --no-password")
    run("alias add info@hamburger.test Bob+info@hamburger.test bobby@hamburger.test")
    run(
        "list add all@hamburger.test --owner bob@hamburger.test --member bob@hamburger.test --member x@y.test"
    )
    run("account set rob@hamburger.test --forward x@y.test --forward bob@hamburger.test")
    run("account set bob@hamburger.test --forward bob+x@hamburger.test")
    gone = run("account remove bob@hamburger.test --yes")
    assert gone.out == "bob@hamburger.test removed\n"
    assert gone.err.splitlines() == [
        "the list all@hamburger.test still names it: postroom list members remove all@hamburger.test bob@hamburger.test",
        "the alias info@hamburger.test still names it: postroom alias set info@hamburger.test --remove Bob+info@hamburger.test",
        "the owner of the list all@hamburger.test still names it: postroom list owner all@hamburger.test ADDRESS",
        "the forward of rob@hamburger.test still names it: postroom account set rob@hamburger.test --forward ADDRESS, or --no-forward",
    ]
    assert run("account remove bobby@hamburger.test --yes --json").records[0]["named_by"] == [
        {
            "who": "the alias info@hamburger.test",
            "remedy": "postroom alias set info@hamburger.test --remove bobby@hamburger.test",
        }
    ]


@pytest.mark.parametrize("kind", ["alias", "list"])
def test_who_still_names_a_removed_alias_or_list_is_said(run: Run, kind: str) -> None:
    run("domain add hamburger.test")
    run(
        "alias add sales@hamburger.test x@y.test"
        if kind == "alias"
        else "list add sales@hamburger.test --owner x@y.test"
    )
    run("alias add info@hamburger.test sales@hamburger.test")
    assert (
        "the alias info@hamburger.test still names it" in run(f"{kind} remove sales@hamburger.test --yes").err
    )
