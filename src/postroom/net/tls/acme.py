"""The conversation with a certificate authority, one request a call.

RFC 8555 (§7.3 accounts, §7.3.4 external ones, §7.4 orders, §7.5 authorizations, §7.6 revocation, §8.1 what is proved), RFC 9773 (§4 when to renew, §5 what an order replaces), RFC 7638 §3 (thumbprints). The library `acme` signs requests, keeps nonces and reads problems. Every
method blocks: call it in a thread. Not here: the order of the calls, waiting, keeping anything.
"""

from __future__ import annotations

import base64
import datetime as dt
import json
from collections.abc import Callable, Sequence
from email.utils import parsedate_to_datetime
from typing import Any, TypeVar, cast

import msgspec
import requests
from acme import errors, messages
from acme.client import ClientNetwork
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from josepy.errors import Error as JoseError
from josepy.jwa import ES256
from josepy.jwk import JWKEC

from postroom.net.tls.selfsigned import PrivateKey, alternative_names, key_pem, new_key
from postroom.wire.numbers import decimal

REQUEST_SECONDS = 30  # until the authority answers a request
MOST_NONCES = 4  # tries of a request whose nonce the authority does not like (RFC 8555 §6.5)
MOST_RETRY_SECONDS = 24 * 3600  # that an authority may have us wait
_PROBLEM = "urn:ietf:params:acme:error:"
T = TypeVar("T")


class AcmeError(Exception):
    """The authority said no, or something that it may not, or nothing; `code` is its own word where it had one (`rateLimited`), `wait` the
    seconds that it wants to have peace."""

    def __init__(self, words: str, code: str = "", wait: int = 0) -> None:
        super().__init__(words)
        self.code = code
        self.wait = wait


class Account(msgspec.Struct, frozen=True):
    """An account with an authority: `url` names it, "" before it is made; `key` is PEM (PKCS #8)."""

    directory: str
    key: bytes
    url: str = ""


class External(msgspec.Struct, frozen=True):
    """An account that one has with the authority already; `key` is base64url, as the authority hands it out."""

    kid: str
    key: str


class Offered(msgspec.Struct, frozen=True):
    """A challenge of an authorization: what may be proved how. `error` is what the authority saw when it looked."""

    kind: str
    url: str
    token: str = ""
    error: str = ""


class Authorization(msgspec.Struct, frozen=True):
    """Whether we may have certificates for a name. `wait`: seconds after which the authority would be asked again."""

    url: str
    name: str
    status: str
    challenges: tuple[Offered, ...]
    wait: int = 0

    @property
    def error(self) -> str:
        """Why not, in the authority's words."""
        return "; ".join(one.error for one in self.challenges if one.error)


class Order(msgspec.Struct, frozen=True):
    """A certificate on its way. `wait` as of an authorization."""

    url: str
    status: str
    authorizations: tuple[str, ...]
    finalize: str
    certificate: str = ""
    error: str = ""
    wait: int = 0


class Window(msgspec.Struct, frozen=True):
    """When the authority would have a certificate renewed, and when to ask again. Times are unix microseconds."""

    start: int
    end: int
    ask_again: int


class _Payload:
    """An object of JSON as the library signs it."""

    def __init__(self, value: dict[str, Any]) -> None:
        self._value = value

    def json_dumps(self, **_: Any) -> str:
        return json.dumps(self._value)


class Authority:
    """One account at one authority. `trust` is a file of further authorities for its HTTPS, "" for the system's."""

    def __init__(self, account: Account, agent: str, trust: str = "") -> None:
        self.account = account
        self._key = _jwk(account.key)
        # The library's type says bool; requests takes a path as well.
        self._network = ClientNetwork(
            self._key, _resource(account.url), ES256, cast("bool", trust or True), agent, REQUEST_SECONDS
        )
        self._found: dict[str, Any] | None = None
        self._wait = 0  # of the last answer: the library's errors do not say
        self._network.session.hooks["response"].append(self._heard)

    def register(self, contact: str, external: External | None = None) -> Account:
        """Makes the account, or finds the one that this key has; raises `AcmeError`."""
        payload: dict[str, Any] = {"termsOfServiceAgreed": True}
        if contact:
            payload["contact"] = [f"mailto:{contact}"]
        if external is not None:
            binding = messages.ExternalAccountBinding.from_data(
                self._key.public_key(),
                external.kid,
                external.key,
                cast("messages.Directory", self._directory),
            )
            payload["externalAccountBinding"] = binding
        response = self._post(self._at("newAccount"), payload)
        url = response.headers.get("Location", "")
        self._network.account = _resource(url)
        self.account = msgspec.structs.replace(self.account, url=url)
        return self.account

    def order(self, names: Sequence[str], replaces: str = "") -> Order:
        """Orders a certificate; `replaces` is the certificate (PEM) that it comes instead of."""
        payload: dict[str, Any] = {"identifiers": [{"type": "dns", "value": name} for name in names]}
        if replaces and "renewalInfo" in self._directory:
            payload["replaces"] = renewal_id(replaces)
        response = self._post(self._at("newOrder"), payload)
        return self._order(response.headers.get("Location", ""), response)

    def authorization(self, url: str) -> Authorization:
        """How it stands."""
        response = self._post(url)
        found = _authorization(url, self._object(response))
        return msgspec.structs.replace(found, wait=_asked_to_wait(response))

    def answer(self, offered: Offered) -> None:
        """Says that the proof is there to be looked at."""
        self._post(offered.url, {})

    def order_at(self, url: str) -> Order:
        """How an order stands."""
        return self._order(url, self._post(url))

    def finalize(self, order: Order, request: bytes) -> Order:
        """Hands in the request (DER) for the certificate."""
        return self._order(order.url, self._post(order.finalize, {"csr": _base64(request)}))

    def fetch(self, order: Order) -> str:
        """The certificate with its chain (PEM)."""
        text = self._post(order.certificate).text
        if not text.startswith("-----BEGIN CERTIFICATE-----"):
            raise AcmeError("the authority sent something that is no certificate")
        return text

    def revoke(self, chain: str, reason: int) -> None:
        """Has a certificate called off (RFC 5280 §5.3.1 has the reasons)."""
        certificate = x509.load_pem_x509_certificate(chain.encode())
        der = certificate.public_bytes(serialization.Encoding.DER)
        self._post(self._at("revokeCert"), {"certificate": _base64(der), "reason": reason})

    def window(self, chain: str, now: int) -> Window | None:
        """When to renew; None where the authority does not say."""
        if "renewalInfo" not in self._directory:
            return None
        url = f"{self._at('renewalInfo')}/{renewal_id(chain)}"
        response = self._asking(lambda: self._network.get(url))
        found = self._asking(lambda: response.json()["suggestedWindow"])
        start = self._asking(lambda: _moment(found["start"]))
        end = self._asking(lambda: _moment(found["end"]))
        return Window(start, max(start, end), now + _retry_after(response, now) * 1_000_000)

    def authorizes(self, token: str) -> str:
        """The key authorization of a token (RFC 8555 §8.1)."""
        return f"{token}.{_base64(self._key.thumbprint(hash_function=hashes.SHA256))}"

    @property
    def _directory(self) -> dict[str, Any]:
        if self._found is None:
            found = self._asking(lambda: self._network.get(self.account.directory).json())
            if not isinstance(found, dict) or not {"newNonce", "newAccount", "newOrder"} <= found.keys():
                raise AcmeError(f"{self.account.directory} is not the directory of a certificate authority")
            self._found = found
        return self._found

    def _at(self, name: str) -> str:
        url = self._directory.get(name)
        if not isinstance(url, str):
            raise AcmeError(f"the authority has no {name}")
        return url

    def _post(self, url: str, payload: dict[str, Any] | None = None) -> requests.Response:
        said = cast("Any", None if payload is None else _Payload(payload))
        nonce = self._at("newNonce")
        for _ in range(MOST_NONCES - 1):
            try:
                return self._asking(lambda: self._network.post(url, said, new_nonce_url=nonce))
            except AcmeError as error:
                if error.code != "badNonce":
                    raise
        return self._asking(lambda: self._network.post(url, said, new_nonce_url=nonce))

    def _object(self, response: requests.Response) -> dict[str, Any]:
        found = self._asking(response.json)
        if not isinstance(found, dict):
            raise AcmeError("the authority's answer makes no sense: it is no object")
        return found

    def _order(self, url: str, response: requests.Response) -> Order:
        return msgspec.structs.replace(_order(url, self._object(response)), wait=_asked_to_wait(response))

    def _asking(self, work: Callable[[], T]) -> T:
        self._wait = 0
        try:
            return work()
        except messages.Error as error:
            code = str(error.typ).removeprefix(_PROBLEM)
            raise AcmeError(_problem(error.to_partial_json()), code, self._wait) from error
        except requests.RequestException as error:
            raise AcmeError(f"{self.account.directory} cannot be reached: {_first_words(error)}") from error
        except (errors.Error, JoseError, ValueError, KeyError, TypeError) as error:
            raise AcmeError(f"the authority's answer makes no sense: {_first_words(error)}") from error

    def _heard(self, response: requests.Response, **_: Any) -> None:
        self._wait = _asked_to_wait(response)


def new_account(directory: str) -> Account:
    """An account with a key of its own, not known to the authority yet."""
    return Account(directory, key_pem(new_key("ecdsa")))


def request_for(key: bytes, names: Sequence[str]) -> bytes:
    """The request (DER) for a certificate that belongs to a key (PEM)."""
    signing = cast("PrivateKey", serialization.load_pem_private_key(key, None))
    return (
        x509.CertificateSigningRequestBuilder()
        .subject_name(x509.Name([]))
        .add_extension(alternative_names(names), critical=True)
        .sign(signing, hashes.SHA256())
        .public_bytes(serialization.Encoding.DER)
    )


def renewal_id(chain: str) -> str:
    """What a certificate is called when its renewal is asked for (RFC 9773 §4.1); raises `AcmeError`."""
    certificate = x509.load_pem_x509_certificate(chain.encode())
    try:
        issuer = certificate.extensions.get_extension_for_class(x509.AuthorityKeyIdentifier).value
    except x509.ExtensionNotFound:
        raise AcmeError("the certificate does not name its issuer's key") from None
    serial = certificate.serial_number
    octets = serial.to_bytes(
        serial.bit_length() // 8 + 1, "big"
    )  # as in DER: a first bit of 1 would be a sign
    return f"{_base64(issuer.key_identifier or b'')}.{_base64(octets)}"


def _jwk(key: bytes) -> JWKEC:
    loaded = serialization.load_pem_private_key(key, None)
    assert isinstance(loaded, ec.EllipticCurvePrivateKey), "accounts have such keys"
    return JWKEC(key=loaded)


def _resource(url: str) -> messages.RegistrationResource | None:
    return messages.RegistrationResource(uri=url, body=messages.Registration()) if url else None


def _order(url: str, found: dict[str, Any]) -> Order:
    return _read(
        {
            "url": url,
            "status": found.get("status"),
            "authorizations": found.get("authorizations", []),
            "finalize": found.get("finalize"),
            "certificate": found.get("certificate", ""),
            "error": _problem(found.get("error")),
        },
        Order,
    )


def _authorization(url: str, found: dict[str, Any]) -> Authorization:
    challenges = [
        {
            "kind": one.get("type"),
            "url": one.get("url"),
            "token": one.get("token", ""),
            "error": _problem(one.get("error")),
        }
        for one in _listed(found.get("challenges"))
        if isinstance(one, dict)
    ]
    identifier = found.get("identifier")
    name = identifier.get("value") if isinstance(identifier, dict) else None
    return _read(
        {"url": url, "name": name, "status": found.get("status"), "challenges": challenges}, Authorization
    )


def _listed(found: Any) -> list[Any]:
    return found if isinstance(found, list) else []


def _read(found: dict[str, Any], kind: type[T]) -> T:
    try:
        return msgspec.convert(found, kind)
    except msgspec.ValidationError as error:
        raise AcmeError(f"the authority's answer makes no sense: {error}") from error


def _problem(found: Any) -> str:
    """A problem document (RFC 9457 §3) in words, with the problems in it."""
    if not isinstance(found, dict):
        return ""
    kind = str(found.get("type", "")).removeprefix(_PROBLEM)
    words = [f"{kind}: {found.get('detail') or found.get('title') or 'no more is said'}"]
    inner = found.get("subproblems") or ()
    words += [_problem({**one, "subproblems": None}) for one in inner if isinstance(one, dict)]
    return "; ".join(words)


def _retry_after(response: requests.Response, now: int) -> int:
    """Seconds until advice is asked for again, 6 hours where nothing is said (RFC 9773 §4.3.3)."""
    left = _seconds(response.headers.get("Retry-After", ""), now / 1_000_000)
    return 6 * 3600 if left is None else max(60, min(left, MOST_RETRY_SECONDS))


def _asked_to_wait(response: requests.Response) -> int:
    """Seconds (RFC 8555 §6.6, §7.4, §7.5.1); a date is measured by the answer's own."""
    said = _timestamp(response.headers.get("Date", ""))
    left = _seconds(response.headers.get("Retry-After", ""), said)
    return max(0, min(left or 0, MOST_RETRY_SECONDS))


def _seconds(said: str, now: float | None) -> int | None:
    """Of a Retry-After (RFC 9110 §10.2.3): a number, or a date; None for neither."""
    number, at = decimal(said, 9), _timestamp(said)
    if number is None and at is not None and now is not None:
        return round(at - now)
    return number


def _timestamp(said: str) -> float | None:
    try:
        return parsedate_to_datetime(said).timestamp()
    except (ValueError, TypeError):
        return None


def _moment(text: str) -> int:
    return round(dt.datetime.fromisoformat(text).timestamp() * 1_000_000)


def _base64(octets: bytes) -> str:
    return base64.urlsafe_b64encode(octets).rstrip(b"=").decode()


def _first_words(error: BaseException) -> str:
    return str(error)[:200] or type(error).__name__
