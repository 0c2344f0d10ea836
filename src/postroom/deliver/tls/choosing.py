"""Which demand holds for a host: one pure function over what was found.

RFC 8461 §2 and RFC 7672 §2.2 (DANE decides where a host has TLSA records; MTA-STS never overrides it), RFC 8461 §5 (enforce, testing, none), RFC 7672
§2.2.3 (records that cannot be used still demand TLS), RFC 8689 §4.2.1 (REQUIRETLS: the host's name must be proven, and its certificate) and §4.2.2
(`TLS-Required: No` binds nobody). Not here: lookups, connections.
"""

from __future__ import annotations

import msgspec

from postroom.deliver.mx import Target
from postroom.deliver.routes import Route
from postroom.deliver.tls.dane import Dane, Found
from postroom.deliver.tls.demand import Demand, TlsPolicy, Wish
from postroom.deliver.tls.sts import Sts
from postroom.deliver.tls_outcome import PolicyKind, ResultKind
from postroom.proto.http.mta_sts import Mode
from postroom.proto.smtp.client_events import TlsUse

_NO_STS = Sts(None, "")


class Findings(msgspec.Struct, frozen=True):
    """What was found out about one host of `domain`: its TLSA records, the domain's policy, and what the administrator has set."""

    domain: str
    target: Target
    dane: Dane
    sts: Sts = _NO_STS
    route: Route | None = None


def choose(found: Findings, wish: Wish = Wish.NONE) -> TlsPolicy:
    """The demand for this host."""
    policy = _policy(found)
    proven = found.target.named or found.target.mx_secure or bool(_pattern(found))
    policy = msgspec.structs.replace(policy, mx_proven=proven)
    if wish is Wish.REQUIRED:
        return _required(found, policy)
    if wish is Wish.OPTIONAL and policy.demanding:
        because = f"{policy.because}; the message says TLS-Required: No"
        return msgspec.structs.replace(policy, because=because, binding=False)
    return policy


def _policy(found: Findings) -> TlsPolicy:
    route = found.route
    if route is not None and route.tls is TlsUse.NEVER and not route.implicit_tls:
        return TlsPolicy(Demand.PLAIN, "the administrator wants none")
    if found.target.named:
        return _set(found, "the administrator has named this host")
    if found.dane.found is Found.FAILED:
        because = found.dane.because
        return TlsPolicy(Demand.IMPOSSIBLE, because, kind=PolicyKind.TLSA, result=ResultKind.DNSSEC_INVALID)
    if found.dane.found is Found.RECORDS:
        return _by_dane(found)
    sts = _by_sts(found)
    if found.dane.found is Found.UNUSABLE and (sts is None or not sts.binding):
        return _by_unusable(found)
    return sts or _set(found, "; ".join(filter(None, (found.dane.because, found.sts.because))))


def _names(found: Findings) -> tuple[str, ...]:
    return (found.target.host,) if found.target.host else ()


def _by_dane(found: Findings) -> TlsPolicy:
    dane = found.dane
    # RFC 7672 §3.2.2: the name that the records stand under, the exchanger's, the domain's own, and that where its alias leads
    target = found.target
    names = tuple(filter(None, dict.fromkeys((dane.base, target.host, found.domain, target.expanded))))
    return TlsPolicy(Demand.DANE, dane.because, names, dane.records, kind=PolicyKind.TLSA, lines=dane.lines)


def _by_unusable(found: Findings) -> TlsPolicy:
    """TLS, and no proof unless the administrator wants it."""
    dane = found.dane
    told = TlsPolicy(
        Demand.ENCRYPTED, dane.because, _names(found), kind=PolicyKind.TLSA, lines=dane.lines,
        result=ResultKind.TLSA_INVALID,
    )  # fmt: skip
    return _at_least(told, found.route)


def _pattern(found: Findings) -> str:
    policy = found.sts.policy
    return policy.match(found.target.host) if policy is not None and policy.mode is not Mode.NONE else ""


def _by_sts(found: Findings) -> TlsPolicy | None:
    policy = found.sts.policy
    if policy is None or policy.mode is Mode.NONE:
        return None
    pattern, enforced = _pattern(found), policy.mode is Mode.ENFORCE
    told = TlsPolicy(
        Demand.VERIFIED, f"{found.sts.because}; mx {pattern}", _names(found), binding=enforced,
        kind=PolicyKind.STS, lines=policy.lines, patterns=policy.mx,
    )  # fmt: skip
    if pattern:
        return _at_least(told, found.route)
    because = f"{found.sts.because}; none of its mx ({', '.join(policy.mx[:5])}) is {found.target.host or found.target.ip}"
    demand = Demand.IMPOSSIBLE if enforced else Demand.NOTHING
    other = msgspec.structs.replace(
        told, demand=demand, because=because, result=ResultKind.VALIDATION_FAILURE
    )
    return _at_least(other, found.route) if demand is Demand.NOTHING else other


def _set(found: Findings, because: str) -> TlsPolicy:
    """What nothing in the DNS says is the administrator's to say."""
    return _at_least(TlsPolicy(Demand.NOTHING, because, _names(found)), found.route)


def _at_least(policy: TlsPolicy, route: Route | None) -> TlsPolicy:
    """Raised to what the administrator has set for the domain."""
    if route is None or (route.tls is not TlsUse.REQUIRED and not route.implicit_tls):
        return policy
    demand = Demand.VERIFIED if route.verify or policy.demand is Demand.VERIFIED else Demand.ENCRYPTED
    because = f"{policy.because}; the administrator requires it"
    return msgspec.structs.replace(policy, demand=demand, because=because, binding=True)


def _required(found: Findings, policy: TlsPolicy) -> TlsPolicy:
    """RFC 8689 §4.2.1: who is asked for REQUIRETLS must be proven, whatever else holds."""
    if policy.demand in (Demand.IMPOSSIBLE, Demand.DANE):
        return policy
    if not policy.mx_proven:
        because = f"the message says REQUIRETLS, and nothing proves that {found.target.host or found.target.ip} is a server of {found.domain}"
        return msgspec.structs.replace(policy, demand=Demand.IMPOSSIBLE, because=because, binding=True)
    because = f"the message says REQUIRETLS; {policy.because}"
    return msgspec.structs.replace(policy, demand=Demand.VERIFIED, because=because, binding=True)
