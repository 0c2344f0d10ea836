"""The token endpoint: a code, a refresh token or a device's code is exchanged for tokens; and the end of them.

RFC 6749 §5.1, §5.2 and §6, RFC 7636 §4.6, RFC 8628 §3.4 and §3.5, RFC 7009 §2. Not here: HTTP (`doors`), and what is kept (`store.identity.grants`).
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Mapping
from types import MappingProxyType
from typing import Final

import msgspec

from postroom.store.engine.transaction import Engine, Urgency
from postroom.store.identity import grants
from postroom.store.identity.grants import ACCESS_SECONDS, Issued
from postroom.store.login import device_requests
from postroom.store.login.device_requests import Waiting, Wish
from postroom.store.vault import Vault
from postroom.web.oauth.asking import challenge_of
from postroom.web.oauth.clients import client_of, hash_of
from postroom.web.oauth.errors import OAuthError
from postroom.web.oauth.scopes import protocols_of, scope_of

DEVICE_CODE: Final = "urn:ietf:params:oauth:grant-type:device_code"
_WAITING: Final = {
    Waiting.PENDING: "Nobody has allowed it yet",
    Waiting.TOO_OFTEN: f"Ask every {device_requests.INTERVAL_SECONDS} seconds",
    Waiting.REFUSED: "The user has refused",
    Waiting.EXPIRED: "The code is none, or it is too old",
}


class Issuing(msgspec.Struct, frozen=True):
    """What tokens are issued with: `new_id` gives the id of a grant, `now` unix microseconds."""

    engine: Engine
    vault: Vault
    new_id: Callable[[], int]
    now: Callable[[], int]


async def token(issuing: Issuing, given: Mapping[str, str]) -> dict[str, object]:
    """The answer of the token endpoint; raises `OAuthError`."""
    kind = given.get("grant_type", "")
    exchange = _EXCHANGES.get(kind)
    if exchange is None:
        raise OAuthError("unsupported_grant_type", f"There is no grant_type {kind[:60]!r} here")
    client_id = given.get("client_id", "")
    client_of(client_id, issuing.vault)
    issued = await exchange(issuing, given, hash_of(client_id))
    return {
        "access_token": issued.access,
        "token_type": "Bearer",
        "expires_in": ACCESS_SECONDS,
        "refresh_token": issued.refresh,
        "scope": scope_of(issued.grant.scopes),
    }


async def device(issuing: Issuing, given: Mapping[str, str], ip: str, issuer: str) -> dict[str, object]:
    """The answer of the device authorization endpoint; raises `OAuthError`."""
    client_id = given.get("client_id", "")
    wish = Wish(
        hash_of(client_id), client_of(client_id, issuing.vault).name, protocols_of(given.get("scope", "")), ip
    )
    try:
        code, shown = await issuing.engine.write(
            lambda tx: device_requests.open_one(tx, wish, issuing.now()), Urgency.CLIENT
        )
    except device_requests.TooMany:
        raise OAuthError(
            "slow_down", "Too many devices wait already: try again in a while", status=429
        ) from None
    return {
        "device_code": code,
        "user_code": shown,
        "verification_uri": f"{issuer}/oauth/device",
        "verification_uri_complete": f"{issuer}/oauth/device?user_code={shown}",
        "expires_in": device_requests.LIFE_SECONDS,
        "interval": device_requests.INTERVAL_SECONDS,
    }


async def revoke(issuing: Issuing, given: Mapping[str, str]) -> None:
    """Ends the grant of a token; what is none is ended already (RFC 7009 §2.2)."""
    text = given.get("token", "")
    if not text:
        raise OAuthError("invalid_request", "Which token?")
    await issuing.engine.write(lambda tx: grants.revoke_by(tx, text), Urgency.CLIENT)


async def _code(issuing: Issuing, given: Mapping[str, str], client: bytes) -> Issued:
    challenge, now, code = challenge_of(given.get("code_verifier", "")), issuing.now(), given.get("code", "")
    return _good(
        await issuing.engine.write(lambda tx: grants.redeem(tx, code, client, challenge, now), Urgency.CLIENT)
    )


async def _refresh(issuing: Issuing, given: Mapping[str, str], client: bytes) -> Issued:
    text, now, key = given.get("refresh_token", ""), issuing.now(), issuing.vault.derive("refresh tokens")
    return _good(
        await issuing.engine.write(lambda tx: grants.refresh(tx, text, client, now, key), Urgency.CLIENT)
    )


async def _device(issuing: Issuing, given: Mapping[str, str], client: bytes) -> Issued:
    code, now, grant_id = given.get("device_code", ""), issuing.now(), issuing.new_id()
    answer = await issuing.engine.write(
        lambda tx: device_requests.ask(tx, code, client, grant_id, now), Urgency.CLIENT
    )
    if isinstance(answer, Waiting):
        raise OAuthError(answer.value, _WAITING[answer])
    return answer


def _good(issued: Issued | None) -> Issued:
    if issued is None:
        raise OAuthError(
            "invalid_grant", "It is none, too old, used already, or was not given to this program"
        )
    return issued


_EXCHANGES: Final[Mapping[str, Callable[[Issuing, Mapping[str, str], bytes], Awaitable[Issued]]]] = (
    MappingProxyType({"authorization_code": _code, "refresh_token": _refresh, DEVICE_CODE: _device})
)
