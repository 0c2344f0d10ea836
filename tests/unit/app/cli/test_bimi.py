"""`postroom bimi check` against a name server on loopback, and so the lookup behind it."""

from __future__ import annotations

import json
from collections.abc import Iterator

import pytest

from commands import Run
from name_server import serving
from postroom.lab.dns.zones import ZoneText
from postroom.mailauth.bimi import MAX_RECORD

LOGO = "l=https://e.test/logo.svg"


def zone(name: str, policy: str, *lines: str) -> ZoneText:
    return ZoneText(name, (f'_dmarc TXT "v=DMARC1; {policy}"', *lines))


def long(octets: int) -> str:
    """A record of this length, in strings of at most 255 octets."""
    text = f"v=BIMI1; {LOGO}; x="
    text += "x" * (octets - len(text))
    return "long._bimi TXT " + " ".join(f'"{text[at : at + 250]}"' for at in range(0, len(text), 250))


ZONES = (
    zone(
        "e.test",
        "p=reject",
        f'default._bimi TXT "v=BIMI1; {LOGO}; a=https://e.test/vmc.pem"',
        'no._bimi TXT "v=BIMI1; l=; a="',
        'plain._bimi TXT "v=BIMI1; l=http://e.test/logo.svg"',
        'missing._bimi TXT "v=BIMI1; a=https://e.test/vmc.pem"',
        'two._bimi TXT "v=BIMI1; l="',
        'two._bimi TXT "v=BIMI1; l=x"',
        'other._bimi TXT "v=BIMI2; l="',
        f'a.b._bimi TXT "v=BIMI1; {LOGO}"',
        'caps._bimi TXT "v=BIMI1; L=https://e.test/logo.svg"',
        'twice._bimi TXT "v=BIMI1; l=https://e.test/logo.svg; l="',
        'odd._bimi TXT "v=BIMI1; l=https://e.test/logo.svg; x"',
        'future._bimi TXT "v = BIMI1 ; l = https://e.test/LOGO.SVGZ?x=1 ; lps=true;"',
        'png._bimi TXT "v=BIMI1; l=https://e.test/logo.PNG"',
        'comma._bimi TXT "v=BIMI1; l=https://e.test/a.svg,https://e.test/b.svg"',
        'host._bimi TXT "v=BIMI1; l=https://localhost/logo.svg"',
        'proof._bimi TXT "v=BIMI1; l=; a=https://e.test/vmc.pem"',
    ),
    zone("weak.test", "p=none", f'default._bimi TXT "v=BIMI1; {LOGO}"'),
    zone("below.test", "p=reject; sp=none", f'default._bimi TXT "v=BIMI1; {LOGO}"'),
    zone("trying.test", "p=quarantine; t=y", f'default._bimi TXT "v=BIMI1; {LOGO}"'),
    zone(
        "apart.test",
        "p=none; sp=reject",
        '_dmarc.mail TXT "v=DMARC1; p=reject"',
        f'default._bimi.mail TXT "v=BIMI1; {LOGO}"',
        f'default._bimi TXT "v=BIMI1; {LOGO}"',
    ),
    zone("long.test", "p=reject", long(MAX_RECORD + 1)),
    zone("edge.test", "p=reject", long(MAX_RECORD)),
    ZoneText("bare.test", (f'default._bimi TXT "v=BIMI1; {LOGO}"',)),
)


@pytest.fixture(scope="module")
def name_server() -> Iterator[str]:
    """HOST:PORT of one that knows what is asked for here."""
    with serving(ZONES) as address:
        yield address


@pytest.mark.parametrize(
    ("arguments", "code", "words"),
    [
        ("e.test", 0, "pass: default._bimi.e.test names a picture"),
        ("alice@mail.e.test", 0, "pass: default._bimi.e.test names a picture"),
        ("e.test --selector no", 13, "declined: no._bimi.e.test declines"),
        ("e.test --selector plain", 15, "permerror: l=http://e.test/logo.svg is no https:// address"),
        ("e.test --selector missing", 15, "permerror: l= is missing"),
        ("e.test --selector two", 15, "permerror: two._bimi.e.test has 2 records"),
        ("e.test --selector other", 13, "none: there is no record"),
        ("e.test --selector a.b", 0, "pass: a.b._bimi.e.test"),
        ("e.test --selector a..b", 15, "permerror: 'a..b' is no selector"),
        ("e.test --selector a.b-", 15, "permerror: 'a.b-' is no selector"),
        ("e.test --selector caps", 15, "permerror: l= is missing"),
        ("e.test --selector twice", 15, "permerror: the tag l= is there twice"),
        ("e.test --selector odd", 15, "permerror: not tag=value: 'x'"),
        ("e.test --selector future", 0, "pass: future._bimi.e.test"),
        ("e.test --selector png", 15, "permerror: l=https://e.test/logo.PNG is no SVG"),
        ("e.test --selector comma", 15, "is no https:// address"),
        ("e.test --selector host", 15, "is no https:// address"),
        ("e.test --selector proof", 15, "permerror: l= is empty, and a= is not"),
        ("mail.apart.test", 10, "skipped: _dmarc.apart.test asks for nothing"),
        ("apart.test", 10, "skipped: _dmarc.apart.test asks for nothing"),
        ("edge.test --selector long", 0, "pass: long._bimi.edge.test"),
        ("long.test --selector long", 15, "permerror: the record is longer"),
        ("weak.test", 10, "skipped: _dmarc.weak.test asks for nothing"),
        ("below.test", 10, "skipped: _dmarc.below.test has sp=none"),
        ("trying.test", 10, "skipped: _dmarc.trying.test"),
        ("bare.test", 10, "skipped: bare.test has no DMARC policy"),
        ("nothing.test", 13, "none: there is no record"),
        ("e..test", 2, "is no domain"),
    ],
)
def test_what_a_domain_shows(run: Run, name_server: str, arguments: str, code: int, words: str) -> None:
    ran = run(f"bimi check {arguments} --resolver {name_server}")
    assert (ran.code, words in ran.out + ran.err) == (code, True), ran


def test_for_programs(run: Run, name_server: str) -> None:
    told = json.loads(run(f"bimi check e.test --json --resolver {name_server}").out)
    assert told["indicator"]["location"] == "https://e.test/logo.svg"
    assert told["indicator"]["evidence"] == "https://e.test/vmc.pem"
    assert ("TXT", "default._bimi.e.test") in [(one["kind"], one["name"]) for one in told["asked"]]


def test_a_server_that_is_not_there(run: Run) -> None:
    assert run("bimi check e.test --resolver 127.0.0.1:9").code == 14
