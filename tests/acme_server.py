"""A certificate authority that speaks RFC 8555 over plain HTTP on loopback, and is as strict as one: signatures, nonces and URLs of requests are checked,
and it looks at the proofs itself, over HTTP (§8.3) and in a handshake (RFC 8737)."""

from __future__ import annotations

import base64
import datetime as dt
import hashlib
import http.client
import json
import secrets
import socket
import ssl
import threading
import time
from collections.abc import Callable
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

from cryptography import x509
from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.asymmetric.utils import encode_dss_signature
from cryptography.x509.oid import NameOID

from postroom.lab.ca import authority_usage

_PROOF = x509.ObjectIdentifier("1.3.6.1.5.5.7.1.31")


class Problem(Exception):
    """What is answered instead."""

    def __init__(self, code: str, detail: str, status: int = 400) -> None:
        super().__init__(detail)
        self.code, self.status = code, status


def octets(text: str) -> bytes:
    return base64.urlsafe_b64decode(text + "=" * (-len(text) % 4))


def text(data: bytes) -> str:
    return base64.urlsafe_b64encode(data).rstrip(b"=").decode()


class AcmeServer:
    """`ports` is where it looks. `problems` are said to the next orders; `window` is what it advises (start, end); `asked` are names of requests,
    `when` the last of each came; `later` is the Retry-After of their answers."""

    def __init__(self, ports: dict[str, int]) -> None:
        self.ports = ports
        self.problems: list[Problem] = []
        self.window: tuple[dt.datetime, dt.datetime] | None = None
        self.life = dt.timedelta(days=90)
        self.orders: dict[str, dict[str, Any]] = {}
        self.asked: list[str] = []
        self.when: dict[str, float] = {}
        self.later: dict[str, str] = {}
        self.revoked: list[int] = []
        self._called_off: set[bytes] = set()
        self.external: bytes | None = None
        self.meddle: Callable[[str], str] = lambda chain: chain
        self._nonces: set[str] = set()
        self._accounts: dict[str, dict[str, str]] = {}
        self._waiting: dict[str, dict[str, Any]] = {}
        self._key = ec.generate_private_key(ec.SECP256R1())
        self._name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "An authority")])
        self.root = self._certificate(self._key.public_key(), None)
        server = self

        class Handler(BaseHTTPRequestHandler):
            protocol_version = "HTTP/1.1"
            wbufsize = 1 << 16  # a head and its body leave together

            def do_GET(self) -> None:
                server.answer(self, b"")

            do_HEAD = do_GET  # noqa: N815 -- the base class calls it so

            def do_POST(self) -> None:
                server.answer(self, self.rfile.read(int(self.headers["Content-Length"])))

            def log_message(self, *_: object) -> None:
                pass

        self._http = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self._http.daemon_threads = True
        self.url = f"http://127.0.0.1:{self._http.server_address[1]}"
        self.directory = f"{self.url}/dir"
        self._thread = threading.Thread(target=self._http.serve_forever, args=(0.05,), daemon=True)
        self._thread.start()

    def stop(self) -> None:
        self._http.shutdown()
        self._http.server_close()
        self._thread.join()

    # Requests

    def answer(self, request: BaseHTTPRequestHandler, body: bytes) -> None:
        try:
            status, said, headers = self._do(request, body)
        except Problem as problem:
            kind = f"urn:ietf:params:acme:error:{problem.code}"
            status, said, headers = problem.status, {"type": kind, "detail": str(problem)}, {}
        later = self.later.get(request.path.strip("/").partition("/")[0])
        headers = {**headers, "Retry-After": later} if later else headers
        data = said.encode() if isinstance(said, str) else json.dumps(said).encode()
        nonce = secrets.token_urlsafe(16)
        self._nonces.add(nonce)
        request.send_response(status)
        kind = "application/problem+json" if status >= 400 else "application/json"
        for name, value in {"Content-Type": kind, "Replay-Nonce": nonce, **headers}.items():
            request.send_header(name, value)
        request.send_header("Content-Length", str(len(data)))
        request.end_headers()
        if request.command != "HEAD":
            request.wfile.write(data)

    def _do(self, request: BaseHTTPRequestHandler, body: bytes) -> tuple[int, Any, dict[str, str]]:
        path = request.path
        if path == "/dir":
            names = ("newNonce", "newAccount", "newOrder", "revokeCert", "renewalInfo")
            return 200, {name: f"{self.url}/{name}" for name in names}, {}
        if path == "/newNonce":
            return 200, "", {}
        if path.startswith("/renewalInfo/"):
            return self._advise()
        what, _, which = path.strip("/").partition("/")
        account, payload = self._opened(body, path)
        self.asked.append(what)
        self.when[what] = time.monotonic()
        acts: dict[str, Callable[..., tuple[int, Any, dict[str, str]]]] = {
            "newAccount": self._new_account,
            "newOrder": self._new_order,
            "order": lambda *_: (200, self.orders[which], {}),
            "authorization": lambda *_: (200, self._waiting[which], {}),
            "challenge": lambda *_: self._look(account, which),
            "finalize": lambda *_: self._finalize(which, payload),
            "certificate": lambda *_: (200, self.meddle(self.orders[which]["chain"]), {}),
            "revokeCert": lambda *_: self._revoke(payload),
        }
        return acts[what](account, payload)

    def _opened(self, body: bytes, path: str) -> tuple[dict[str, str], Any]:
        """RFC 8555 §6.2 to §6.5."""
        found = json.loads(body)
        head = json.loads(octets(found["protected"]))
        if head["alg"] != "ES256" or head["url"] != self.url + path or ("jwk" in head) == ("kid" in head):
            raise Problem("malformed", f"a head such as {head} is wrong")
        if head["nonce"] not in self._nonces:
            raise Problem("badNonce", "not one of ours")
        self._nonces.discard(head["nonce"])
        jwk = head.get("jwk") or self._accounts.get(head["kid"])
        if jwk is None or ("jwk" in head) != (path == "/newAccount"):
            raise Problem("accountDoesNotExist", "who is that?")
        numbers = ec.EllipticCurvePublicNumbers(
            *(int.from_bytes(octets(jwk[one]), "big") for one in "xy"), ec.SECP256R1()
        )
        signature = octets(found["signature"])
        halves = (int.from_bytes(signature[:32], "big"), int.from_bytes(signature[32:], "big"))
        signed = f"{found['protected']}.{found['payload']}".encode()
        try:
            numbers.public_key().verify(encode_dss_signature(*halves), signed, ec.ECDSA(hashes.SHA256()))
        except InvalidSignature:
            raise Problem("unauthorized", "that is not signed by this key", 403) from None
        return jwk, json.loads(octets(found["payload"])) if found["payload"] else None

    def _new_account(self, jwk: dict[str, str], payload: Any) -> tuple[int, Any, dict[str, str]]:
        if payload.get("termsOfServiceAgreed") is not True:
            raise Problem("userActionRequired", "agree", 403)
        if self.external is not None and "externalAccountBinding" not in payload:
            raise Problem("externalAccountRequired", "log in with us first", 403)
        url = f"{self.url}/account/{thumbprint(jwk)}"
        status = 200 if url in self._accounts else 201
        self._accounts[url] = jwk
        return status, {"status": "valid"}, {"Location": url}

    def _new_order(self, _: Any, payload: Any) -> tuple[int, Any, dict[str, str]]:
        if self.problems:
            raise self.problems.pop(0)
        before = payload.get("replaces")
        if before and any(
            one["replaces"] == before and one["status"] != "invalid" for one in self.orders.values()
        ):
            raise Problem("alreadyReplaced", "another order comes instead of it", 409)  # RFC 9773 §5
        number = str(len(self.orders))
        urls = []
        for identifier in payload["identifiers"]:
            one = f"{number}-{len(urls)}"
            token = secrets.token_urlsafe(24)
            challenges = [
                {
                    "type": kind,
                    "url": f"{self.url}/challenge/{one}-{kind}",
                    "token": token,
                    "status": "pending",
                }
                for kind in ("dns-01", "http-01", "tls-alpn-01")
            ]
            self._waiting[one] = {"identifier": identifier, "status": "pending", "challenges": challenges}
            urls.append(f"{self.url}/authorization/{one}")
        self.orders[number] = {
            "status": "pending",
            "authorizations": urls,
            "identifiers": payload["identifiers"],
            "replaces": before,
            "finalize": f"{self.url}/finalize/{number}",
        }
        return 201, self.orders[number], {"Location": f"{self.url}/order/{number}"}

    def _look(self, jwk: dict[str, str], which: str) -> tuple[int, Any, dict[str, str]]:
        number, at, kind = which.split("-", 2)
        waiting = self._waiting[f"{number}-{at}"]
        [challenge] = [one for one in waiting["challenges"] if one["type"] == kind]
        name, expected = waiting["identifier"]["value"], f"{challenge['token']}.{thumbprint(jwk)}"
        seen = (self._over_http if kind == "http-01" else self._in_a_handshake)(
            name, challenge["token"], expected
        )
        if seen:
            waiting["status"] = challenge["status"] = "invalid"
            challenge["error"] = {"type": "urn:ietf:params:acme:error:unauthorized", "detail": seen}
            self.orders[number]["status"] = "invalid"
        else:
            waiting["status"] = challenge["status"] = "valid"
            rest = [one for key, one in self._waiting.items() if key.startswith(f"{number}-")]
            if all(one["status"] == "valid" for one in rest):
                self.orders[number]["status"] = "ready"
        return 200, challenge, {"Link": f'<{self.url}/authorization/{number}-{at}>;rel="up"'}

    def _over_http(self, name: str, token: str, expected: str) -> str:
        connection = http.client.HTTPConnection("127.0.0.1", self.ports["http"], timeout=60)
        try:
            connection.request("GET", f"/.well-known/acme-challenge/{token}", headers={"Host": name})
            found = connection.getresponse().read().decode()
        except (OSError, http.client.HTTPException) as error:
            found = str(error)
        connection.close()
        return "" if found == expected else f"found {found!r}"

    def _in_a_handshake(self, name: str, _: str, expected: str) -> str:
        context = ssl._create_unverified_context()
        context.set_alpn_protocols(["acme-tls/1"])
        try:
            with (
                socket.create_connection(("127.0.0.1", self.ports["https"]), 20) as plain,
                context.wrap_socket(plain, server_hostname=name) as tls,
            ):
                shown = x509.load_der_x509_certificate(tls.getpeercert(binary_form=True) or b"")
                agreed = tls.selected_alpn_protocol()
        except ssl.SSLError as error:
            return str(error.reason)
        extension = shown.extensions.get_extension_for_oid(_PROOF)
        assert isinstance(extension.value, x509.UnrecognizedExtension)
        names = shown.extensions.get_extension_for_class(x509.SubjectAlternativeName).value
        right = b"\x04\x20" + hashlib.sha256(expected.encode()).digest()
        if (
            agreed != "acme-tls/1"
            or not extension.critical
            or names.get_values_for_type(x509.DNSName) != [name]
        ):
            return "a certificate of another kind"
        return "" if extension.value.value == right else "another proof"

    def _finalize(self, number: str, payload: Any) -> tuple[int, Any, dict[str, str]]:
        order = self.orders[number]
        if order["status"] != "ready":
            raise Problem("orderNotReady", "not proved", 403)
        request = x509.load_der_x509_csr(octets(payload["csr"]))
        names = request.extensions.get_extension_for_class(x509.SubjectAlternativeName).value
        if not request.is_signature_valid or set(names.get_values_for_type(x509.DNSName)) != {
            one["value"] for one in order["identifiers"]
        }:
            raise Problem("badCSR", "not what was ordered")
        made = self._certificate(request.public_key(), names)
        chain = made.public_bytes(serialization.Encoding.PEM) + self.root.public_bytes(
            serialization.Encoding.PEM
        )
        order |= {
            "status": "valid",
            "certificate": f"{self.url}/certificate/{number}",
            "chain": chain.decode(),
        }
        return 200, {**order, "status": "processing"}, {}

    def _revoke(self, payload: Any) -> tuple[int, Any, dict[str, str]]:
        certificate = octets(payload["certificate"])
        x509.load_der_x509_certificate(certificate)
        if certificate in self._called_off:
            raise Problem("alreadyRevoked", "once is enough")  # RFC 8555 §7.6
        self._called_off.add(certificate)
        self.revoked.append(payload["reason"])
        return 200, "", {}

    def _advise(self) -> tuple[int, Any, dict[str, str]]:
        self.asked.append("renewalInfo")
        if self.window is None:
            raise Problem("malformed", "not known", 404)
        start, end = (one.strftime("%Y-%m-%dT%H:%M:%SZ") for one in self.window)
        return 200, {"suggestedWindow": {"start": start, "end": end}}, {"Retry-After": "21600"}

    def _certificate(self, key: Any, names: x509.SubjectAlternativeName | None) -> x509.Certificate:
        now = dt.datetime.now(dt.UTC).replace(microsecond=0)
        builder = (
            x509.CertificateBuilder()
            .subject_name(self._name if names is None else x509.Name([]))
            .issuer_name(self._name)
            .public_key(key)
            .serial_number(x509.random_serial_number())
            .not_valid_before(now)
            .not_valid_after(now + self.life)
            .add_extension(x509.BasicConstraints(ca=names is None, path_length=None), critical=True)
            .add_extension(
                x509.AuthorityKeyIdentifier.from_issuer_public_key(self._key.public_key()), critical=False
            )
            .add_extension(x509.SubjectKeyIdentifier.from_public_key(key), critical=False)
        )
        if names is not None:
            builder = builder.add_extension(names, critical=True)
        else:
            builder = builder.add_extension(authority_usage(), critical=True)
        return builder.sign(self._key, hashes.SHA256())


def thumbprint(jwk: dict[str, str]) -> str:
    """RFC 7638 §3."""
    needed = {name: jwk[name] for name in ("crv", "kty", "x", "y")}
    return text(hashlib.sha256(json.dumps(needed, separators=(",", ":"), sort_keys=True).encode()).digest())
