"""`postroom contacts`: files in, files out, without a server and with one."""

from __future__ import annotations

from pathlib import Path

import pytest

from commands import Run

BOB = "bob@hamburger.test"
FILE = """BEGIN:VCARD
VERSION:3.0
UID:urn:carol
N:Crepe;Carol;;;
FN:Carol Crepe
EMAIL;TYPE=INTERNET,pref:carol@crepes.test
X-ODD;A=b:c\\,d
END:VCARD
BEGIN:VCARD
VERSION:4.0
FN:Dave
TEL:+49 30 1
END:VCARD
"""


@pytest.fixture(params=["direct", "served"], autouse=True)
def somewhere(request: pytest.FixtureRequest, config: Path) -> None:
    """Each test runs twice."""
    if request.param == "served":
        request.getfixturevalue("served")


@pytest.fixture
def bob(run: Run, tmp_path: Path) -> Path:
    """Bob's account, and a file of contacts."""
    run("domain add hamburger.test")
    run(f"account add {BOB}")
    path = tmp_path / "contacts.vcf"
    path.write_text(FILE)
    return path


def test_a_file_comes_in_once(run: Run, bob: Path) -> None:
    assert "no contacts; import some" in run(f"contacts list {BOB}").err
    (done,) = run(f"contacts import {BOB} {bob} --json").records
    assert (done["book"], done["added"], done["replaced"], done["complaints"]) == ("Contacts", 2, 0, [])
    assert run(f"contacts import {BOB} {bob}").out.endswith("0 added to Contacts, 2 replaced\n")
    assert run(f"contacts list {BOB}").out == (
        "Carol Crepe\tcarol@crepes.test\t\tContacts\nDave\t\t+49 30 1\tContacts\n"
    )


@pytest.mark.parametrize("form", ["vcard", "vcard3", "xcard"])
def test_what_goes_out_comes_in_again(run: Run, bob: Path, tmp_path: Path, form: str) -> None:
    run(f"contacts import {BOB} {bob}")
    before = run(f"contacts list {BOB} --json").records
    out = tmp_path / "out"
    assert run(f"contacts export {BOB} {out} --format {form}").out == f"contacts written to {out}: 2\n"
    run("account add carol@hamburger.test")
    run(f"contacts import carol@hamburger.test {out}")
    after = run("contacts list carol@hamburger.test --json").records
    assert [one["card"] for one in after] == [one["card"] for one in before]


def test_what_cannot_be(run: Run, bob: Path, tmp_path: Path) -> None:
    other = tmp_path / "other"
    other.write_text("hello")
    wrong = run(f"contacts import {BOB} {other}")
    assert (wrong.code, "there is no vCard in it" in wrong.err) == (1, True)
    assert "there is no address book 'Work'" in run(f"contacts import {BOB} {bob} --book Work").err
    assert "there is no account" in run("contacts list nobody@hamburger.test").err
    assert "No such file" in run(f"contacts import {BOB} {tmp_path}/nothing").err
    bomb = tmp_path / "bomb"
    bomb.write_text('<!DOCTYPE x [<!ENTITY a "aaaa">]><x/>')
    assert "DTD" in run(f"contacts import {BOB} {bomb}").err
