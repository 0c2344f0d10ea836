"""The lab's authority: its dates follow the clock that it is given."""

import datetime as dt
from pathlib import Path

import pytest
from cryptography import x509

from postroom.lab.ca import LabCa

NOW = 1_790_000_000_000_000
YEAR = 365 * 86_400_000_000


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
