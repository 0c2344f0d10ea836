"""What is demanded of a host: the decision as a table, over all that can be found out about it."""

from __future__ import annotations

import pytest

from postroom.deliver.mx import Target
from postroom.deliver.routes import Route
from postroom.deliver.tls.choosing import Findings, choose
from postroom.deliver.tls.dane import Dane, Found
from postroom.deliver.tls.demand import Demand, Wish
from postroom.deliver.tls.steps import steps
from postroom.deliver.tls.sts import Sts
from postroom.deliver.tls_outcome import PolicyKind, ResultKind
from postroom.proto.dns.answer import Tlsa
from postroom.proto.http.mta_sts import Mode, Policy
from postroom.proto.smtp.client_events import TlsUse

HOST = "mail.r.test"
RECORD = Tlsa(3, 1, 1, bytes(32))
NO_DANE = Dane(Found.NONE, "no TLSA")
DANE = Dane(Found.RECORDS, "TLSA records of mail.r.test", HOST, (RECORD,), ("3 1 1 00",))
UNUSABLE = Dane(Found.UNUSABLE, "unusable", HOST, (), ("0 1 1 00",))
FAILED = Dane(Found.FAILED, "SERVFAIL")
NO_STS = Sts(None, "no policy")


def sts(mode: Mode, *mx: str) -> Sts:
    return Sts(Policy(mode, 9, mx or (HOST,), "version: STSv1\n"), f"policy {mode}")


ENFORCE, TESTING, MODE_NONE = sts(Mode.ENFORCE), sts(Mode.TESTING), sts(Mode.NONE)
OTHER, OTHER_TESTING = sts(Mode.ENFORCE, "x.test"), sts(Mode.TESTING, "x.test")
REQUIRED = Route("", tls=TlsUse.REQUIRED, verify=True)
ENCRYPTED = Route("", tls=TlsUse.REQUIRED)
NEVER = Route("", tls=TlsUse.NEVER)


def found(
    dane: Dane = NO_DANE, policy: Sts = NO_STS, route: Route | None = None, *, secure: bool = False
) -> Findings:
    return Findings("r.test", Target(HOST, "192.0.2.1", mx_secure=secure), dane, policy, route)


@pytest.mark.parametrize(
    ("findings", "demand", "binding", "kind"),
    [
        (found(), Demand.NOTHING, True, PolicyKind.NONE),
        (found(DANE), Demand.DANE, True, PolicyKind.TLSA),
        (found(FAILED), Demand.IMPOSSIBLE, True, PolicyKind.TLSA),
        (found(UNUSABLE), Demand.ENCRYPTED, True, PolicyKind.TLSA),
        (found(policy=ENFORCE), Demand.VERIFIED, True, PolicyKind.STS),
        (found(policy=TESTING), Demand.VERIFIED, False, PolicyKind.STS),
        (found(policy=MODE_NONE), Demand.NOTHING, True, PolicyKind.NONE),
        (found(policy=OTHER), Demand.IMPOSSIBLE, True, PolicyKind.STS),
        (found(policy=OTHER_TESTING), Demand.NOTHING, False, PolicyKind.STS),
        # DANE decides where there are records (RFC 8461 §2): neither a matching policy nor another overrides it
        (found(DANE, ENFORCE), Demand.DANE, True, PolicyKind.TLSA),
        (found(DANE, OTHER), Demand.DANE, True, PolicyKind.TLSA),
        (found(FAILED, ENFORCE), Demand.IMPOSSIBLE, True, PolicyKind.TLSA),
        (found(UNUSABLE, ENFORCE), Demand.VERIFIED, True, PolicyKind.STS),
        (found(UNUSABLE, OTHER), Demand.IMPOSSIBLE, True, PolicyKind.STS),
        (found(UNUSABLE, OTHER_TESTING), Demand.ENCRYPTED, True, PolicyKind.TLSA),
        (found(UNUSABLE, TESTING), Demand.ENCRYPTED, True, PolicyKind.TLSA),
        # the administrator asks for more, or for none
        (found(route=REQUIRED), Demand.VERIFIED, True, PolicyKind.NONE),
        (found(route=ENCRYPTED), Demand.ENCRYPTED, True, PolicyKind.NONE),
        (found(policy=TESTING, route=ENCRYPTED), Demand.VERIFIED, True, PolicyKind.STS),
        (found(policy=OTHER_TESTING, route=REQUIRED), Demand.VERIFIED, True, PolicyKind.STS),
        (found(policy=OTHER, route=REQUIRED), Demand.IMPOSSIBLE, True, PolicyKind.STS),
        (found(UNUSABLE, route=REQUIRED), Demand.VERIFIED, True, PolicyKind.TLSA),
        (found(UNUSABLE, route=ENCRYPTED), Demand.ENCRYPTED, True, PolicyKind.TLSA),
        (found(DANE, route=ENCRYPTED), Demand.DANE, True, PolicyKind.TLSA),
        (found(DANE, route=NEVER), Demand.PLAIN, True, PolicyKind.NONE),
    ],
)
def test_without_a_wish(findings: Findings, demand: Demand, binding: bool, kind: PolicyKind) -> None:
    policy = choose(findings)
    assert (policy.demand, policy.binding, policy.kind) == (demand, binding, kind)
    assert policy.because


@pytest.mark.parametrize(
    ("findings", "demand"),
    [
        (found(), Demand.IMPOSSIBLE),  # anybody can have named the host
        (found(secure=True), Demand.VERIFIED),
        (found(policy=ENFORCE), Demand.VERIFIED),
        (found(policy=TESTING), Demand.VERIFIED),
        (found(policy=MODE_NONE), Demand.IMPOSSIBLE),
        (found(policy=OTHER_TESTING), Demand.IMPOSSIBLE),
        (found(DANE, secure=True), Demand.DANE),
        (found(UNUSABLE, secure=True), Demand.VERIFIED),
        (found(FAILED, secure=True), Demand.IMPOSSIBLE),
        (found(route=NEVER, secure=True), Demand.VERIFIED),
    ],
)
def test_a_message_that_says_requiretls(findings: Findings, demand: Demand) -> None:
    policy = choose(findings, Wish.REQUIRED)
    assert (policy.demand, policy.binding) == (demand, True)


@pytest.mark.parametrize(
    "findings", [found(), found(DANE), found(FAILED), found(policy=ENFORCE), found(policy=OTHER)]
)
def test_tls_required_no_binds_nobody(findings: Findings) -> None:
    last = steps(choose(findings, Wish.OPTIONAL))[-1]
    assert last.tls is TlsUse.NEVER


@pytest.mark.parametrize(
    ("findings", "last"),
    [
        (found(), TlsUse.NEVER),
        (found(DANE), TlsUse.REQUIRED),
        (found(UNUSABLE), TlsUse.REQUIRED),
        (found(policy=ENFORCE), TlsUse.REQUIRED),
        (found(policy=TESTING), TlsUse.NEVER),
        (found(policy=OTHER_TESTING), TlsUse.NEVER),
        (found(route=ENCRYPTED), TlsUse.REQUIRED),
    ],
)
def test_in_the_clear_only_where_nothing_demands_tls(findings: Findings, last: TlsUse) -> None:
    assert steps(choose(findings))[-1].tls is last


def test_a_host_that_an_administrator_has_named() -> None:
    named = Target(HOST, "192.0.2.1", named=True)
    for route, demand in (
        (Route(HOST), Demand.NOTHING),
        (Route(HOST, implicit_tls=True, verify=True), Demand.VERIFIED),
    ):
        policy = choose(Findings("r.test", named, NO_DANE, route=route))
        assert (policy.demand, policy.mx_proven) == (demand, True)


def test_the_names_that_a_certificate_may_have() -> None:
    alias = Dane(Found.RECORDS, "", "real.r.test", (RECORD,))
    assert choose(found(alias)).names == ("real.r.test", HOST, "r.test")  # RFC 7672 §3.2.2
    assert choose(found(policy=ENFORCE)).names == (HOST,)


def test_the_names_of_a_domain_that_is_an_alias() -> None:
    """RFC 7672 §3.2.2: where the alias leads is a third name."""
    target = Target(HOST, "192.0.2.1", mx_secure=True, secure=True, expanded="real.test")
    assert choose(Findings("r.test", target, DANE)).names == (HOST, "r.test", "real.test")


def test_a_policy_that_is_not_met_and_yet_delivered_is_a_failure_to_report() -> None:
    assert choose(found(policy=OTHER_TESTING)).result is ResultKind.VALIDATION_FAILURE
    assert choose(found(UNUSABLE)).result is ResultKind.TLSA_INVALID
