"""Contexts from files, replaced while the server runs; the lab's authority; self-signed ones."""

import ssl
import time
from pathlib import Path

import pytest
from cryptography.hazmat.primitives import serialization

from postroom.lab.ca import LabCa
from postroom.net.session import TlsFacts
from postroom.net.tls.certificates import CertificateError, Pair, ServerTls, opportunistic, verified
from postroom.net.tls.layer import TlsError, TlsLayer
from postroom.net.tls.pem import Material
from postroom.net.tls.selfsigned import self_signed
from unit.net.handshake import shake

NOW = time.time_ns() // 1000  # OpenSSL knows no other
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
    assert abs(tls.shown[0].not_after - (NOW + 90 * DAY)) < DAY


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
    assert abs(tls.shown[0].not_after - (NOW + 120 * DAY)) < DAY


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


def offering(*protocols: str) -> ssl.SSLContext:
    client = opportunistic()
    client.set_alpn_protocols(list(protocols))
    return client


@pytest.mark.parametrize("name", ["mail.crepes.test", "crepes.test", "localhost", ""])
def test_a_strict_service_answers_to_its_names(pairs: list[Pair], name: str) -> None:
    tls = ServerTls(pairs, ["localhost"])
    tls.service("imaps", ("imap",), strict=True)
    assert meet(tls.context("imaps"), offering("imap"), name).subject == "mail.crepes.test"


@pytest.mark.parametrize(
    ("service", "name", "protocols", "words"),
    [
        ("imaps", "other.test", ("imap",), "other.test"),
        ("imaps", "x.crepes.test", (), "x.crepes.test"),
        ("imaps", "crepes.test", ("http/1.1",), "no application protocol"),
        ("imaps", "crepes.test", ("h2", "http/1.1"), "no application protocol"),
        ("imaps", "crepes.test", ("acme-tls/1",), "no application protocol"),
        ("smtp", "other.test", ("http/1.1",), "no application protocol"),
        ("https", "crepes.test", ("imap",), "no application protocol"),
        ("https", "crepes.test", ("acme-tls/1",), "nothing is to be proved"),
    ],
)
def test_who_means_another_service_is_refused(
    pairs: list[Pair], service: str, name: str, protocols: tuple[str, ...], words: str
) -> None:
    tls = ServerTls(pairs)
    tls.service("imaps", ("imap",), strict=True)
    tls.service("smtp", ("smtp",))
    tls.service("https", ("http/1.1",), strict=True, proves=True)
    client = TlsLayer(offering(*protocols), server_side=False, server_name=name)
    server = TlsLayer(tls.context(service), server_side=True)
    client.begin()
    with pytest.raises(TlsError, match=words):
        server.receive(client.data_to_send())
    alert = server.data_to_send()
    assert (alert[0], alert[-1]) == (21, 120 if "protocol" in words else 112)
    with pytest.raises(TlsError):
        client.receive(alert)


def test_an_open_service_answers_to_any_name(pairs: list[Pair]) -> None:
    tls = ServerTls(pairs)
    tls.service("smtp", ("smtp",))
    assert meet(tls.context("smtp"), opportunistic(), "other.test").subject == "mail.crepes.test"


def test_what_is_held_takes_the_place_of_a_stand_in(
    authority: LabCa, pairs: list[Pair], tmp_path: Path
) -> None:
    alone = self_signed(tmp_path, ["mail.crepes.test"], NOW)
    tls = ServerTls(alone, stand_in=True)
    tls.service("smtp")
    assert tls.stands_in
    before = tls.context("smtp")
    assert tls.hold([pair.read() for pair in pairs])
    assert not tls.hold([pair.read() for pair in pairs])
    assert not tls.stands_in
    assert tls.context("smtp") is not before
    assert meet(tls.context("smtp"), verified(authority.path), "crepes.test").verified
    assert [(one.kind, one.issuer) for one in tls.shown] == [
        ("ecdsa", "Authority of this lab only"),
        ("rsa", "Authority of this lab only"),
    ]
    broken = Material(pairs[0].read().chain, pairs[1].read().key, "the store")
    with pytest.raises(CertificateError, match="the store"):
        tls.hold([broken])
    assert meet(tls.context("smtp"), verified(authority.path), "crepes.test").verified
    assert tls.hold([])
    assert tls.stands_in
    assert [one.issuer for one in tls.shown] == ["itself", "itself"]


def test_what_is_held_stands_beside_files_of_the_settings(authority: LabCa, pairs: list[Pair]) -> None:
    tls = ServerTls(pairs)
    tls.service("https", ("http/1.1",), strict=True)
    with pytest.raises(TlsError):
        meet(tls.context("https"), verified(authority.path), "b.test")
    tls.hold([authority.issue(["b.test"], NOW, kinds=["ecdsa"])[0].read()])
    for name, subject in (("b.test", "b.test"), ("crepes.test", "mail.crepes.test")):
        assert meet(tls.context("https"), verified(authority.path), name).subject == subject


def test_a_proof_is_shown_to_who_asks_for_it(authority: LabCa, pairs: list[Pair]) -> None:
    tls = ServerTls(pairs)
    tls.service("https", ("http/1.1",), strict=True, proves=True)
    proof = authority.issue(["new.test"], NOW, kinds=["ecdsa"])[0].read()
    tls.prove({"new.test": proof})
    facts = meet(tls.context("https"), offering("acme-tls/1"), "new.test")
    assert (facts.subject, facts.alpn) == ("new.test", "acme-tls/1")
    for offer in (("acme-tls/1", "http/1.1"), ("http/1.1",)):
        with pytest.raises(TlsError):
            meet(tls.context("https"), offering(*offer), "new.test")
    tls.prove({})
    with pytest.raises(TlsError):
        meet(tls.context("https"), offering("acme-tls/1"), "new.test")


def test_a_key_with_a_passphrase_is_named(pairs: list[Pair], tmp_path: Path) -> None:
    key = serialization.load_pem_private_key(pairs[0].key.read_bytes(), None)
    closed = tmp_path / "closed.key"
    closed.write_bytes(
        key.private_bytes(
            serialization.Encoding.PEM,
            serialization.PrivateFormat.PKCS8,
            serialization.BestAvailableEncryption(b"secret"),
        )
    )
    with pytest.raises(CertificateError, match=r"closed\.key.*passphrase"):
        ServerTls([Pair(pairs[0].chain, closed)])
