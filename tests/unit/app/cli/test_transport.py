"""`postroom tls check` against a lab: words, JSON, exit codes."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from commands import Run
from postroom.lab import Lab
from postroom.lab.dns.server import Fault


@pytest.fixture(scope="module")
def lab() -> Iterator[Lab]:
    """One whose crepes.test is as it should be, and whose hamburger.test has no TLSA records and the wrong policy."""
    with Lab(faults=["sts-mismatch"]) as running:
        yield running


Ask = Callable[..., tuple[int, str]]


@pytest.fixture
def ask(lab: Lab, run: Run) -> Ask:
    def asked(domain: str, *more: str) -> tuple[int, str]:
        running = lab._running
        ports = running.ports.get(domain, {"smtp": 25})
        https = running.showing.https_port({"crepes.test": "127.0.0.2"}.get(domain, "127.0.0.3"))
        place = f"--resolver 127.0.0.1:{running.names.port} --port {ports['smtp']} --https-port {https}"
        code, out, err = run(*f"tls check {domain} {place} --authorities {running.ca.path}".split(), *more)
        assert err == ""
        return code, out

    return asked


def test_dane(ask: Ask) -> None:
    code, out = ask("crepes.test")
    assert code == 0
    assert "mail.crepes.test [127.0.0.2]: TLS with a certificate of the TLSA records required\n" in out
    assert "  because: TLSA records of mail.crepes.test\n" in out
    assert "  tlsa: 3 1 1 " in out


def test_connecting(ask: Ask) -> None:
    code, out = ask("crepes.test", "--connect")
    assert code == 0
    assert out.count("certificate of mail.crepes.test: proven (it agrees with a record DANE-EE 3 1 1)") == 1
    assert "\nconnected, proven\n" in out


def test_a_policy_that_names_another_host(ask: Ask) -> None:
    code, out = ask("hamburger.test")
    assert code == 11
    assert "mail.hamburger.test [127.0.0.3]: not to be used\n" in out
    assert "none of its mx (mx.elsewhere.test) is mail.hamburger.test" in out
    assert "  sts: mode: enforce\n" in out
    code, out = ask("hamburger.test", "--connect")
    assert (code, "refused: mail.hamburger.test" in out) == (11, True)


def test_a_policy_that_nobody_can_tell(ask: Ask, lab: Lab) -> None:
    names = lab._running.names.server
    names.set_fault("_mta-sts.hamburger.test", Fault.SERVFAIL)
    try:
        code, out = ask("hamburger.test")
    finally:
        names.set_fault("_mta-sts.hamburger.test", None)
    assert code == 10
    assert "the DNS does not tell whether hamburger.test has an MTA-STS policy (SERVFAIL)" in out


def test_no_mail_server(ask: Ask) -> None:
    code, out = ask("r.test")
    assert code == 12
    assert "r.test: The domain r.test does not exist" in out


def test_json(ask: Ask) -> None:
    code, out = ask("hamburger.test", "--json")
    found = json.loads(out)
    assert code == 11
    [host] = found["hosts"]
    assert (found["domain"], host["demand"], host["policy"]) == ("hamburger.test", "not to be used", "sts")
    assert host["mx"] == ["mx.elsewhere.test"]
    assert {"TLSA", "TXT", "MX"} <= {one["kind"] for one in found["asked"]}


def test_authorities_that_cannot_be_read(run: Run, tmp_path: Path) -> None:
    code, _, err = run(
        "tls", "check", "r.test", "--resolver", "127.0.0.1:1", "--authorities", str(tmp_path / "no.pem")
    )
    assert code == 2
    assert "no.pem: No such file" in err
