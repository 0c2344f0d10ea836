"""Both ends of a TLS connection have the same data to bind to, and nobody else has."""

import hashlib
import ssl

import pytest
import trustme
from cryptography import x509
from cryptography.hazmat.primitives.serialization import Encoding

from postroom.net.tls import channel_binding
from postroom.net.tls.certificates import CertificateError, Pair, ServerTls
from postroom.net.tls.client_certificate import fingerprint, identities, read_fingerprint
from postroom.net.tls.layer import TlsContext, TlsLayer
from trust import both_ends
from unit.net.handshake import shake

KINDS = ("tls-exporter", "tls-server-end-point", "tls-unique", "")


def connected(client_context: TlsContext, server_context: TlsContext) -> tuple[TlsLayer, TlsLayer]:
    client = TlsLayer(client_context, server_side=False, server_name="mx.test")
    server = TlsLayer(server_context, server_side=True)
    shake(client, server)
    return client, server


@pytest.mark.parametrize(
    ("version", "there"),
    [
        (ssl.TLSVersion.TLSv1_3, {"tls-exporter", "tls-server-end-point"}),
        (ssl.TLSVersion.TLSv1_2, {"tls-server-end-point"}),
    ],
)
def test_both_ends_have_the_same(authority: trustme.CA, version: ssl.TLSVersion, there: set[str]) -> None:
    client_context, server_context = both_ends(authority, TlsContext)
    client_context.maximum_version = version
    client, server = connected(client_context, server_context)
    assert server.facts is not None
    assert server.facts.bindable
    assert {kind for kind in KINDS if server.binding(kind)} == there
    for kind in KINDS:
        assert client.binding(kind) == server.binding(kind)


def test_another_connection_exports_something_else(authority: trustme.CA) -> None:
    both = both_ends(authority, TlsContext)
    first, second = connected(*both)[1], connected(*both)[1]
    assert len(first.binding("tls-exporter")) == 32
    assert first.binding("tls-exporter") != second.binding("tls-exporter")
    assert first.binding("tls-server-end-point") == second.binding("tls-server-end-point")


def test_with_two_certificates_it_is_the_one_that_was_shown(authority: trustme.CA) -> None:
    client_context, server_context = both_ends(authority, TlsContext)
    authority.issue_cert("mx.test", key_type=trustme.KeyType.RSA).configure_cert(server_context)
    client_context.maximum_version = ssl.TLSVersion.TLSv1_2
    seen = set()
    for ciphers in ("ECDHE-ECDSA-AES128-GCM-SHA256", "ECDHE-RSA-AES128-GCM-SHA256"):
        client_context.set_ciphers(ciphers)
        client, server = connected(client_context, server_context)
        assert client.binding("tls-server-end-point") == server.binding("tls-server-end-point") != b""
        seen.add(server.binding("tls-server-end-point"))
    assert len(seen) == 2


def test_the_end_point_is_the_certificates_hash(authority: trustme.CA) -> None:
    leaf = authority.issue_cert("mx.test").cert_chain_pems[0].bytes()
    der = x509.load_pem_x509_certificate(leaf).public_bytes(Encoding.DER)
    assert channel_binding.end_point(der) == hashlib.sha256(der).digest()
    assert channel_binding.end_point(b"") == b""
    assert channel_binding.end_point(b"\x30\x00") == b""


def test_before_the_handshake_and_without_the_library_there_is_none(
    authority: trustme.CA, monkeypatch: pytest.MonkeyPatch
) -> None:
    client_context, server_context = both_ends(authority, TlsContext)
    assert TlsLayer(server_context, server_side=True).binding("tls-exporter") == b""
    monkeypatch.setattr(channel_binding, "_openssl", lambda: None)
    client, server = connected(client_context, server_context)
    assert server.facts is not None
    assert not server.facts.bindable
    assert server.binding("tls-exporter") == b""
    assert client.binding("tls-server-end-point") != b""


def test_an_object_that_is_laid_out_otherwise_is_left_alone() -> None:
    class Other:
        _sslobj = object()
        server_side = True

    assert channel_binding.binding(Other(), "tls-exporter", "TLSv1.3") == b""  # type: ignore[arg-type]
    assert not channel_binding.bindable(Other())  # type: ignore[arg-type]


# Client certificates


@pytest.fixture
def pairs(authority: trustme.CA, tmp_path):
    issued = authority.issue_cert("mx.test")
    chain, key = tmp_path / "chain.pem", tmp_path / "key.pem"
    chain.write_bytes(b"".join(blob.bytes() for blob in issued.cert_chain_pems))
    key.write_bytes(issued.private_key_pem.bytes())
    return [Pair(chain, key)]


def test_a_client_certificate_is_asked_for_and_says_who_it_is(authority: trustme.CA, pairs, tmp_path) -> None:
    users = trustme.CA()
    users.cert_pem.write_to_path(str(tmp_path / "users.pem"))
    tls = ServerTls(pairs)
    tls.service("imap", (), tmp_path / "users.pem")
    tls.service("smtp")
    client_context, _ = both_ends(authority, TlsContext)
    carla = users.issue_cert("Carla@X.test")
    carla.configure_cert(client_context)
    for _ in range(2):  # after a reload too
        _, server = connected(client_context, tls.context("imap"))
        assert server.facts is not None
        assert server.facts.verified
        assert identities(server.facts.certificate) == [
            fingerprint(server.facts.certificate),
            "email:carla@x.test",
        ]
        tls.reload()
    file = tmp_path / "carla.pem"
    carla.cert_chain_pems[0].write_to_path(str(file))
    assert read_fingerprint(file) == fingerprint(server.facts.certificate)
    _, server = connected(client_context, tls.context("smtp"))
    assert server.facts is not None
    assert server.facts.certificate == b""


def test_whoever_has_none_comes_in_without_and_a_strangers_is_refused(
    authority: trustme.CA, pairs, tmp_path
) -> None:
    trustme.CA().cert_pem.write_to_path(str(tmp_path / "users.pem"))
    tls = ServerTls(pairs)
    tls.service("imap", (), tmp_path / "users.pem")
    client_context, _ = both_ends(authority, TlsContext)
    _, server = connected(client_context, tls.context("imap"))
    assert server.facts is not None
    assert (server.facts.certificate, server.facts.verified) == (b"", False)
    trustme.CA().issue_cert("eve@x.test").configure_cert(client_context)
    client = TlsLayer(client_context, server_side=False, server_name="mx.test")
    stranger = TlsLayer(tls.context("imap"), server_side=True)
    with pytest.raises(Exception, match=r"certificate|issuer"):
        shake(client, stranger)
    assert stranger.facts is None


def test_authorities_that_cannot_be_read_are_named(pairs, tmp_path) -> None:
    with pytest.raises(CertificateError, match=r"nowhere\.pem"):
        ServerTls(pairs).service("imap", (), tmp_path / "nowhere.pem")
    (tmp_path / "x.pem").write_text("nothing")
    with pytest.raises(ValueError, match="holds no certificate"):
        read_fingerprint(tmp_path / "x.pem")
    assert identities(b"") == []
