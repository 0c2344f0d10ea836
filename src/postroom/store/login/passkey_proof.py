"""What a browser shows of a passkey, and whether it is right: challenges that are sealed and short-lived, answers that are verified.

W3C Web Authentication Level 3 §7.1 (a new passkey), §7.2 (an answer): the challenge is ours, the origin is the page's, the relying party is its host, and
the authenticator has verified who its user is. Not here: what is kept (`passkeys`); what is over once it was used (likewise).
"""

from __future__ import annotations

import base64
import ipaddress
import os
from collections.abc import Mapping
from typing import Any, Final

import msgspec

from postroom.message.ids import IdKind, id_text, parse_id
from postroom.store.identity.passkeys import Passkey, Use
from postroom.store.vault import Unreadable, Vault

CHALLENGE_SECONDS: Final = 300  # that an answer may take
MOST_ID: Final = 1023  # octets of a credential's id (§4)
ALGORITHMS: Final = (-8, -7, -257)  # EdDSA, ES256, RS256, the liked best first
_OCTETS: Final = 32
_PURPOSE: Final = "passkey challenge"


class PasskeyRefused(Exception):
    """What was shown is not right; its text is for the log."""


class Site(msgspec.Struct, frozen=True):
    """Where the page stands: its origin, and its host, which is the relying party's id."""

    host: str
    origin: str

    @property
    def can(self) -> bool:
        """Whether there can be passkeys: a host must be a name (§5.1.3), and the page safe."""
        try:
            ipaddress.ip_address(self.host.strip("[]"))
        except ValueError:
            return self.origin.startswith("https://") or self.host == "localhost"
        return False


class Challenge(msgspec.Struct, frozen=True, array_like=True):
    """What an authenticator is to sign. `account_id` 0: by whichever account; `made` is in unix microseconds."""

    octets: bytes
    account_id: int
    made: int

    def sealed(self, vault: Vault) -> str:
        """For the page, which brings it back."""
        sealed = vault.seal(msgspec.msgpack.encode(self), _PURPOSE)
        return base64.urlsafe_b64encode(sealed).decode()


class Shown(msgspec.Struct, frozen=True):
    """An answer, before anybody has looked whether it is right."""

    account_id: int
    credential_id: bytes
    challenge: Challenge
    site: Site
    response: Mapping[str, Any]


def new_challenge(account_id: int, now: int) -> Challenge:
    """A random one."""
    return Challenge(os.urandom(_OCTETS), account_id, now)


def opened(sealed: str, vault: Vault, account_id: int, now: int) -> Challenge:
    """A challenge that came back; raises `PasskeyRefused` for one that is another account's, or too old."""
    try:
        octets = vault.unseal(base64.urlsafe_b64decode(sealed.encode("ascii")), _PURPOSE)
        found = msgspec.msgpack.decode(octets, type=Challenge)
    except (Unreadable, ValueError) as error:
        raise PasskeyRefused("the challenge is none of this server's") from error
    if found.account_id != account_id or not 0 <= now - found.made < CHALLENGE_SECONDS * 1_000_000:
        raise PasskeyRefused("the challenge is another account's, or too old")
    return found


def creation_options(challenge: Challenge, site: Site, address: str, there: list[Passkey]) -> dict[str, Any]:
    """What the page hands to `navigator.credentials.create` (§5.4, as JSON)."""
    handle = handle_of(challenge.account_id)
    return {
        "rp": {"id": site.host, "name": site.host},
        "user": {"id": _text(handle), "name": address, "displayName": address},
        "challenge": _text(challenge.octets),
        "pubKeyCredParams": [{"type": "public-key", "alg": one} for one in ALGORITHMS],
        "timeout": CHALLENGE_SECONDS * 1000,
        "excludeCredentials": [{"type": "public-key", "id": _text(one.credential_id)} for one in there],
        "authenticatorSelection": {
            "residentKey": "required",
            "requireResidentKey": True,
            "userVerification": "required",
        },
        "attestation": "none",
    }


def request_options(challenge: Challenge, site: Site) -> dict[str, Any]:
    """What it hands to `navigator.credentials.get` (§5.5)."""
    return {
        "rpId": site.host,
        "challenge": _text(challenge.octets),
        "timeout": CHALLENGE_SECONDS * 1000,
        "userVerification": "required",
    }


def registered(challenge: Challenge, site: Site, response: Mapping[str, Any]) -> Passkey:
    """The passkey that was made; raises `PasskeyRefused`."""
    import webauthn  # noqa: PLC0415 -- 24 MiB for those who use it
    from webauthn.helpers.cose import COSEAlgorithmIdentifier  # noqa: PLC0415 -- likewise

    try:
        made = webauthn.verify_registration_response(
            credential=dict(response),
            expected_challenge=challenge.octets,
            expected_rp_id=site.host,
            expected_origin=site.origin,
            require_user_verification=True,
            supported_pub_key_algs=[COSEAlgorithmIdentifier(one) for one in ALGORITHMS],
        )
    except Exception as error:  # of many kinds, for what anybody may send
        raise PasskeyRefused(str(error)) from error
    if not 0 < len(made.credential_id) <= MOST_ID:
        raise PasskeyRefused(f"an id of {len(made.credential_id)} octets")
    return Passkey(
        challenge.account_id,
        made.credential_id,
        made.credential_public_key,
        made.sign_count,
        backed_up=made.credential_backed_up,
    )


def answered(one: Passkey, shown: Shown, now: int) -> Use:
    """What came of a right answer; raises `PasskeyRefused`. The count is looked at where it is written down."""
    import webauthn  # noqa: PLC0415 -- as above

    try:
        found = webauthn.verify_authentication_response(
            credential=dict(shown.response),
            expected_challenge=shown.challenge.octets,
            expected_rp_id=shown.site.host,
            expected_origin=shown.site.origin,
            credential_public_key=one.public_key,
            credential_current_sign_count=0,
            require_user_verification=True,
        )
    except Exception as error:  # of many kinds, for what anybody may send
        raise PasskeyRefused(str(error)) from error
    return Use(found.new_sign_count, shown.challenge.made, found.credential_backed_up, now)


def shown(challenge: Challenge, site: Site, response: Mapping[str, Any]) -> Shown:
    """An answer, with whose it says it is; raises `PasskeyRefused` for what has no form."""
    inner = response.get("response")
    handle = inner.get("userHandle") if isinstance(inner, dict) else None
    account_id = parse_id(IdKind.ACCOUNT, _octets(handle).decode("latin-1"))
    credential_id = _octets(response.get("id"))
    if account_id is None or not 0 < len(credential_id) <= MOST_ID:
        raise PasskeyRefused("an answer names its account and its passkey")
    return Shown(account_id, credential_id, challenge, site, response)


def handle_of(account_id: int) -> bytes:
    """By which an authenticator knows an account; it says nothing of who that is (§14.6.1)."""
    return id_text(IdKind.ACCOUNT, account_id).encode()


def _text(octets: bytes) -> str:
    return base64.urlsafe_b64encode(octets).decode().rstrip("=")


def _octets(text: object) -> bytes:
    if not isinstance(text, str):
        raise PasskeyRefused("not text")
    try:
        return base64.urlsafe_b64decode(text.encode("ascii") + b"=" * (-len(text) % 4))
    except ValueError as error:
        raise PasskeyRefused("not base64url") from error
