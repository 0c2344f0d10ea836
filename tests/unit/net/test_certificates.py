"""Contexts from files, replaced while the server runs; the lab's authority; self-signed ones."""

import ssl
from pathlib import Path

import pytest

from postroom.lab.ca import LabCa
from postroom.net.certificates import CertificateError, Pair, ServerTls, opportunistic, verified
from postroom.net.selfsigned import self_signed
from postroom.net.session import TlsFacts
from postroom.net.tls import TlsError, TlsLayer
from unit.net.handshake import shake

NOW = 1_790_000_000_000_000  # 2026-09
DAY = 86_400_000_000


@pytest.fixture(scope="module")
def authority(tmp_path_factory: pytest.TempPathFactory) -> LabCa:
    return LabCa(tmp_path_factory.mktemp("ca"), NOW)


@pytest.fixture(scope="module")
def pairs(authority: LabCa) -> list[Pair]:
    return authority.issue(["mail.crepes.test", "crepes.test"], NOW)


def meet(server: ssl.SSLContext, client: ssl.SSLContext, name: str) -> TlsFacts:
    layer = TlsLayer(client, server_side=False, server_name=name)
    shake(layer, TlsLayer(server, server_side=True))
    assert layer.facts is not None
    return layer.facts


def test_a_verified_client(authority: LabCa, pairs: list[Pair]) -> None:
    tls = ServerTls(pairs)
    tls.service("smtp")
    facts = meet(tls.context("smtp"), verified(authority.path), "crepes.test")
    assert facts.verified
    assert facts.subject == "mail.crepes.test"
    assert abs(tls.expires - (NOW + 3650 * DAY)) < DAY


def test_a_wrong_name_is_refused(authority: LabCa, pairs: list[Pair]) -> None:
    tls = ServerTls(pairs)
    tls.service("smtp")
    with pytest.raises(TlsError, match="mismatch"):
        meet(tls.context("smtp"), verified(authority.path), "other.test")


@pytest.mark.parametrize(("sigalgs", "kind"), [("ECDSA", "id-ecPublicKey"), ("RSA", "rsaEncryption")])
def test_each_client_gets_the_key_that_it_can_use(pairs: list[Pair], sigalgs: str, kind: str) -> None:
    tls = ServerTls(pairs)
    tls.service("smtp")
    client = opportunistic()
    client.maximum_version = ssl.TLSVersion.TLSv1_2
    client.set_ciphers(f"ECDHE-{sigalgs}-AES128-GCM-SHA256")
    assert sigalgs in meet(tls.context("smtp"), client, "crepes.test").cipher
    assert kind


def test_opportunistic_takes_anything_and_says_so(tmp_path: Path) -> None:
    tls = ServerTls(self_signed(tmp_path, ["mx.test", "127.0.0.1"], NOW))
    tls.service("smtp")
    facts = meet(tls.context("smtp"), opportunistic(), "whatever.test")
    assert (facts.subject, facts.verified) == ("mx.test", False)
    assert (tmp_path / "selfsigned-rsa.key").stat().st_mode & 0o777 == 0o600
    assert [pair.key.read_bytes() for pair in self_signed(tmp_path, ["mx.test"], NOW)] == [
        (tmp_path / f"selfsigned-{kind}.key").read_bytes() for kind in ("ecdsa", "rsa")
    ]


def test_the_name_that_is_asked_for_chooses(authority: LabCa) -> None:
    both = [pair for name in ("a.test", "b.test") for pair in authority.issue([name], NOW, kinds=["ecdsa"])]
    tls = ServerTls(both)
    tls.service("smtp")
    client = verified(authority.path)
    assert [meet(tls.context("smtp"), client, name).subject for name in ("b.test", "a.test")] == [
        "b.test",
        "a.test",
    ]
    assert meet(tls.context("smtp"), opportunistic(), "c.test").subject == "a.test"


def test_a_renewed_certificate_is_taken_up(authority: LabCa, tmp_path: Path) -> None:
    pair = Pair(tmp_path / "x.pem", tmp_path / "x.key")
    authority.renew(pair, ["x.test"], NOW)
    tls = ServerTls([pair])
    tls.service("smtp")
    before = tls.context("smtp")
    assert not tls.refresh()
    authority.renew(pair, ["x.test"], NOW + 30 * DAY)
    assert tls.refresh()
    assert tls.context("smtp") is not before
    assert abs(tls.expires - (NOW + 3680 * DAY)) < DAY


@pytest.mark.parametrize("broken", ["key", "chain", "gone"])
def test_a_broken_pair_leaves_the_old_one(authority: LabCa, tmp_path: Path, broken: str) -> None:
    pair = Pair(tmp_path / "x.pem", tmp_path / "x.key")
    authority.renew(pair, ["x.test"], NOW)
    tls = ServerTls([pair])
    tls.service("smtp")
    before = tls.context("smtp")
    if broken == "key":
        pair.key.write_bytes(authority.issue(["y.test"], NOW)[0].key.read_bytes())
    elif broken == "chain":
        pair.chain.write_text("not a certificate")
    else:
        pair.key.unlink()
    with pytest.raises(CertificateError, match=str(tmp_path)):
        tls.refresh()
    assert tls.context("smtp") is before
    with pytest.raises(CertificateError):
        ServerTls([pair])


def test_a_ticket_of_one_service_is_worth_nothing_at_another(pairs: list[Pair]) -> None:
    tls = ServerTls(pairs)
    tls.service("submissions")
    tls.service("imaps")
    client = opportunistic()
    client.maximum_version = ssl.TLSVersion.TLSv1_2
    first = TlsLayer(client, server_side=False)
    shake(first, TlsLayer(tls.context("submissions"), server_side=True))
    for service, reused in (("submissions", True), ("imaps", False)):
        again = TlsLayer(client, server_side=False)
        again._object.session = first._object.session
        shake(again, TlsLayer(tls.context(service), server_side=True))
        assert again._object.session_reused is reused


def test_contexts_are_strict(pairs: list[Pair]) -> None:
    tls = ServerTls(pairs)
    tls.service("pop3s", ("pop3",))
    context = tls.context("pop3s")
    assert context.minimum_version is ssl.TLSVersion.TLSv1_2
    assert context.options & ssl.OP_NO_RENEGOTIATION
    assert context.protocols == ("pop3",)


def test_no_certificate_no_tls(tmp_path: Path) -> None:
    with pytest.raises(CertificateError, match="at least one"):
        ServerTls([])
    with pytest.raises(CertificateError, match="gone"):
        verified(tmp_path / "gone.pem")


def test_the_authority_is_kept(tmp_path: Path) -> None:
    first = LabCa(tmp_path, NOW)
    key = first.issue(["x.test"], NOW)[0].key.read_bytes()
    again = LabCa(tmp_path, NOW + DAY)
    assert again.issue(["x.test"], NOW + DAY)[0].key.read_bytes() == key
    assert (tmp_path / "ca.key").stat().st_mode & 0o777 == 0o600
