"""What certificates are called (RFC 9773 §4.1), and answers of an authority that make no sense."""

from __future__ import annotations

import datetime as dt
from typing import Any

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec

from postroom.net.tls import acme
from postroom.net.tls.acme import AcmeError, Authority, Order, new_account, renewal_id, request_for
from postroom.net.tls.selfsigned import key_pem, new_key

NOW = 1_790_000_000_000_000


def certificate(serial: int, identifier: bytes | None) -> str:
    key, name = ec.generate_private_key(ec.SECP256R1()), x509.Name([])
    at = dt.datetime(2026, 1, 1, tzinfo=dt.UTC)
    builder = x509.CertificateBuilder(name, name, key.public_key(), serial, at, at + dt.timedelta(days=9))
    if identifier is not None:
        builder = builder.add_extension(x509.AuthorityKeyIdentifier(identifier, None, None), critical=False)
    made = builder.sign(key, hashes.SHA256())
    return made.public_bytes(serialization.Encoding.PEM).decode()


def test_the_name_of_a_certificate_for_its_renewal() -> None:
    identifier = bytes.fromhex("69885b6b87464041e1b37b847ba0ae2cde01c8d4")
    assert renewal_id(certificate(0x87654321, identifier)) == "aYhba4dGQEHhs3uEe6CuLN4ByNQ.AIdlQyE"
    assert renewal_id(certificate(0x07654321, identifier)).partition(".")[2] == "B2VDIQ"
    with pytest.raises(AcmeError, match="issuer"):
        renewal_id(certificate(1, None))


def test_a_request_names_what_is_wanted() -> None:
    for kind in ("ecdsa", "rsa"):
        request = x509.load_der_x509_csr(request_for(key_pem(new_key(kind)), ["a.test", "b.test"]))
        names = request.extensions.get_extension_for_class(x509.SubjectAlternativeName).value
        assert names.get_values_for_type(x509.DNSName) == ["a.test", "b.test"]
        assert request.is_signature_valid


class Answer:
    """What `requests` gives."""

    def __init__(self, found: Any, headers: dict[str, str] | None = None) -> None:
        self._found = found
        self.text = str(found)
        self.headers = headers or {}

    def json(self) -> Any:
        if isinstance(self._found, str):
            raise ValueError(self._found)  # noqa: TRY004 -- as for what is no JSON
        return self._found


DIRECTORY = {
    name: f"https://ca.test/{name}" for name in ("newNonce", "newAccount", "newOrder", "renewalInfo")
}


class Network:
    def __init__(self, said: Answer, directory: Any) -> None:
        self.said, self.directory = said, directory

    def get(self, url: str) -> Answer:
        return Answer(self.directory) if url.endswith("/dir") else self.said

    def post(self, _url: str, _obj: Any, **_: Any) -> Answer:
        return self.said


def authority(said: Any, headers: dict[str, str] | None = None, directory: Any = DIRECTORY) -> Authority:
    made = Authority(new_account("https://ca.test/dir"), "test")
    made._network = Network(Answer(said, headers), directory)  # type: ignore[assignment]
    return made


@pytest.mark.parametrize("directory", ["<html>", [], {}, {"newNonce": "x"}])
def test_what_is_no_directory(directory: Any) -> None:
    with pytest.raises(AcmeError):
        authority({}, directory=directory).order(["a.test"])


@pytest.mark.parametrize("said", ["<html>", {}, {"status": 1}, {"status": "pending", "authorizations": "x"}])
def test_an_order_that_makes_no_sense(said: Any) -> None:
    with pytest.raises(AcmeError, match="makes no sense"):
        authority(said).order(["a.test"])


@pytest.mark.parametrize("said", ["<html>", [], {}, {"status": "valid", "identifier": {"value": 1}}])
def test_an_authorization_that_makes_no_sense(said: Any) -> None:
    with pytest.raises(AcmeError, match="makes no sense"):
        authority(said).authorization("https://ca.test/a")


@pytest.mark.parametrize("said", [{"suggestedWindow": {"start": "soon", "end": "later"}}, {}, [], "<html>"])
def test_advice_that_makes_no_sense(said: Any) -> None:
    with pytest.raises(AcmeError, match="makes no sense"):
        authority(said).window(certificate(1, b"k"), NOW)


@pytest.mark.parametrize(
    ("word", "seconds"),
    [
        ("", 21_600),
        ("3600", 3600),
        ("0", 60),
        (str(acme.MOST_RETRY_SECONDS), acme.MOST_RETRY_SECONDS),
        (str(acme.MOST_RETRY_SECONDS + 1), acme.MOST_RETRY_SECONDS),
        ("9" * 5000, 21_600),
        ("1_0", 21_600),
        ("Mon, 21 Sep 2026 15:13:20 GMT", 3600),
        ("Mon, 21 Sep 2099 15:13:20 GMT", acme.MOST_RETRY_SECONDS),
    ],
)
def test_when_advice_is_asked_for_again(word: str, seconds: int) -> None:
    found = {"suggestedWindow": {"start": "2026-10-01T00:00:00Z", "end": "2026-09-30T00:00:00Z"}}
    window = authority(found, {"Retry-After": word}).window(certificate(1, b"k"), NOW)
    assert window is not None
    assert window.ask_again == NOW + seconds * 1_000_000
    assert window.start == window.end == 1_790_812_800_000_000


@pytest.mark.parametrize(
    ("word", "seconds"),
    [
        ("", 0),
        ("7", 7),
        (str(acme.MOST_RETRY_SECONDS + 1), acme.MOST_RETRY_SECONDS),
        ("-1", 0),
        ("Mon, 21 Sep 2026 15:13:20 GMT", 3600),
        ("Mon, 21 Sep 2026 12:13:20 GMT", 0),
        ("soon", 0),
    ],
)
def test_when_to_look_again(word: str, seconds: int) -> None:
    headers = {"Retry-After": word, "Date": "Mon, 21 Sep 2026 14:13:20 GMT"}
    pending = {"status": "pending", "identifier": {"value": "a.test"}, "finalize": "f"}
    assert authority(pending, headers).authorization("https://ca.test/a").wait == seconds
    assert authority(pending, headers).order_at("https://ca.test/o").wait == seconds


def test_no_certificate_at_the_end() -> None:
    with pytest.raises(AcmeError, match="no certificate"):
        authority({}).fetch(Order("u", "valid", (), "f", "c"))
