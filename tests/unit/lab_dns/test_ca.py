"""The lab's authority: its dates follow the clock that it is given, and certificates are renewed in time."""

import datetime as dt
import resource
import ssl
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec

from postroom.lab.ca import LabCa
from postroom.lab.plan import Person
from postroom.lab.settling import Passwords
from postroom.message.address import Address

NOW = 1_790_000_000_000_000
DAY = 86_400_000_000
YEAR = 365 * DAY


def read(path: Path) -> x509.Certificate:
    return x509.load_pem_x509_certificate(path.read_bytes())


def micro(moment: dt.datetime) -> int:
    return round(moment.timestamp() * 1_000_000)


@pytest.mark.parametrize("kind", ["ecdsa", "rsa"])
def test_a_strict_client_believes_it(tmp_path: Path, kind: str) -> None:
    """As Python's clients do from 3.13 on (RFC 5280 §4.2.1.1 to §4.2.1.3)."""
    now = time.time_ns() // 1000
    authority = LabCa(tmp_path, now)
    (pair,) = authority.issue(["mail.crepes.test"], now, kinds=[kind])
    server, client = (
        ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER),
        ssl.create_default_context(cafile=authority.path),
    )
    server.load_cert_chain(pair.chain, pair.key)
    client.verify_flags |= ssl.VERIFY_X509_STRICT
    there, back = ssl.MemoryBIO(), ssl.MemoryBIO()
    ours = client.wrap_bio(back, there, server_hostname="mail.crepes.test")
    theirs = server.wrap_bio(there, back, server_side=True)
    for one in (ours, theirs, ours, theirs):
        with suppress(ssl.SSLWantReadError):
            one.do_handshake()
    assert ours.getpeercert()


def test_what_an_earlier_version_wrote_is_written_anew(tmp_path: Path) -> None:
    authority = LabCa(tmp_path, NOW)
    (pair,) = authority.issue(["x.test"], NOW, kinds=["ecdsa"])
    for path in (authority.path, pair.chain):
        path.write_bytes(without_key_identifiers(read(path)))
    again = LabCa(tmp_path, NOW)
    (pair,) = again.issue(["x.test"], NOW, kinds=["ecdsa"])
    for path in (again.path, pair.chain):
        assert read(path).extensions.get_extension_for_class(x509.SubjectKeyIdentifier)


def without_key_identifiers(certificate: x509.Certificate) -> bytes:
    builder = x509.CertificateBuilder(certificate.issuer, certificate.subject, certificate.public_key())
    builder = builder.serial_number(1).not_valid_before(certificate.not_valid_before_utc)
    builder = builder.not_valid_after(certificate.not_valid_after_utc)
    for one in certificate.extensions:
        if not isinstance(one.value, x509.SubjectKeyIdentifier | x509.AuthorityKeyIdentifier):
            builder = builder.add_extension(one.value, critical=one.critical)
    key = ec.generate_private_key(ec.SECP256R1())
    return builder.sign(key, hashes.SHA256()).public_bytes(serialization.Encoding.PEM)


@pytest.mark.parametrize("now", [NOW, NOW + 20 * YEAR])
def test_dates(tmp_path: Path, now: int) -> None:
    authority = LabCa(tmp_path, now)
    at = dt.datetime.fromtimestamp(now / 1_000_000, dt.UTC)
    for path in (authority.path, authority.issue(["mail.crepes.test"], now, kinds=["ecdsa"])[0].chain):
        certificate = x509.load_pem_x509_certificate(path.read_bytes())
        assert certificate.not_valid_before_utc < at < certificate.not_valid_after_utc


def test_names_and_addresses(tmp_path: Path) -> None:
    pair = LabCa(tmp_path, NOW).issue(["mail.crepes.test", "crepes.test", "127.0.0.2"], NOW, kinds=["ecdsa"])[
        0
    ]
    certificate = x509.load_pem_x509_certificate(pair.chain.read_bytes())
    names = certificate.extensions.get_extension_for_class(x509.SubjectAlternativeName).value
    assert names.get_values_for_type(x509.DNSName) == ["mail.crepes.test", "crepes.test"]
    assert [str(ip) for ip in names.get_values_for_type(x509.IPAddress)] == ["127.0.0.2"]


def test_a_renewed_certificate_has_another_key(tmp_path: Path) -> None:
    authority = LabCa(tmp_path, NOW)
    pair = authority.issue(["x.test"], NOW, kinds=["ecdsa"])[0]
    before = pair.key.read_bytes()
    authority.renew(pair, ["x.test"], NOW + YEAR)
    assert pair.key.read_bytes() != before
    assert pair.key.stat().st_mode & 0o777 == 0o600


def test_it_is_taken_up_again_until_a_third_of_its_life_is_left(tmp_path: Path) -> None:
    authority = LabCa(tmp_path, NOW)
    pair = authority.issue(["x.test"], NOW, kinds=["ecdsa"])[0]
    first, key = pair.chain.read_bytes(), pair.key.read_bytes()
    due = authority.due(pair)
    assert due == NOW + 60 * DAY
    authority.issue(["x.test"], due - 1, kinds=["ecdsa"])
    assert pair.chain.read_bytes() == first
    authority.issue(["x.test"], due, kinds=["ecdsa"])
    assert pair.chain.read_bytes() != first
    assert pair.key.read_bytes() == key
    assert micro(read(pair.chain).not_valid_after_utc) == due + 90 * DAY


def test_the_authority_itself_is_renewed(tmp_path: Path) -> None:
    authority = LabCa(tmp_path, NOW)
    before = read(authority.path)
    due = authority.keep(NOW)
    assert authority.keep(due - 1) == due
    assert read(authority.path) == before
    assert authority.keep(due) > due
    after = read(authority.path)
    assert (after.subject, after.public_key()) == (before.subject, before.public_key())
    assert after.not_valid_after_utc > before.not_valid_after_utc
    pair = LabCa(tmp_path, due).issue(["x.test"], due, kinds=["ecdsa"])[0]
    read(pair.chain).verify_directly_issued_by(after)


def test_programs_outside_whose_clock_was_not_moved_believe_it(tmp_path: Path) -> None:
    now = time.time_ns() // 1000
    authority = LabCa(tmp_path, now + 400 * DAY)
    pair = authority.issue(["x.test"], now + 400 * DAY, kinds=["ecdsa"])[0]
    for path in (authority.path, pair.chain):
        assert micro(read(path).not_valid_before_utc) < now
        assert micro(read(path).not_valid_after_utc) > now + 400 * DAY
    authority.expire([pair], ["x.test"], now + 400 * DAY)
    assert micro(read(pair.chain).not_valid_after_utc) < now


def test_a_full_disk_leaves_certificates_that_can_be_used(tmp_path: Path) -> None:
    ca = LabCa(tmp_path, NOW)
    [pair] = ca.issue(["mail.crepes.test"], NOW, kinds=("ecdsa",))
    authority = ca.path.read_bytes()
    with no_room():
        with pytest.raises(OSError, match="large"):
            ca.renew(pair, ["mail.crepes.test"], NOW)
        with pytest.raises(OSError, match="large"):
            ca.keep(NOW + 10 * 365 * 86_400_000_000)
    again = LabCa(tmp_path, NOW)
    assert again.path.read_bytes() == authority
    [pair] = again.issue(["mail.crepes.test"], NOW, kinds=("ecdsa",))
    ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER).load_cert_chain(pair.chain, pair.key)


def test_a_full_disk_leaves_the_passwords_that_were_known(tmp_path: Path) -> None:
    bob, carol = (Person(Address(name, "crepes.test")) for name in ("bob", "carol"))
    known = Passwords(tmp_path).all_of([bob])
    with no_room(), pytest.raises(OSError, match="large"):
        Passwords(tmp_path).all_of([bob, carol])
    assert Passwords(tmp_path).all_of([bob]) == known


@contextmanager
def no_room() -> Iterator[None]:
    """No file can have an octet."""
    before = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (0, before[1]))
    try:
        yield
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, before)
