"""Finds a next hop's hosts and opens a conversation with the first that takes one, as well protected as it must be.

RFC 5321 §5.1 (which host), RFC 3207 §4 (STARTTLS when offered; in the clear only where nothing demands TLS), RFC 7672 §2.2 and RFC 8461 §5 (what a
host's policy demands; mail for a host that does not meet it waits), RFC 8689 §4.2 (what the message demands). The journey sees every question,
decision and connection. Not here: what is said (`deliver.conversation`), what is demanded (`deliver.tls`), which job, when.
"""

from __future__ import annotations

import secrets
import ssl
from collections.abc import Callable, Mapping

import msgspec

from postroom.deliver.attempt import Attempt
from postroom.deliver.conversation import Desk, Handshake, SmtpConversation
from postroom.deliver.mx import MxLookup, Target
from postroom.deliver.refusals import Refusal, Refusals, refused
from postroom.deliver.reports import failed
from postroom.deliver.routes import Route, route_of
from postroom.deliver.tls.assessing import Assessment, Security
from postroom.deliver.tls.demand import Demand, TlsPolicy, Trust, Wish
from postroom.deliver.tls.steps import Step, steps
from postroom.deliver.tls_outcome import ResultKind, TlsOutcome
from postroom.message.errors import MailError, RequireTlsUnsupported
from postroom.message.idn import a_labels
from postroom.message.journey.events import Decided, Outcome
from postroom.net.connect import ClientConnection, Destination, NetworkError, TlsFailed, Wrap, connect
from postroom.proto.dns.tlsa import Proven, prove
from postroom.proto.smtp.client import SmtpClient
from postroom.proto.smtp.client_events import ClientConfig, ClientEvent, TlsUse
from postroom.store.spool.jobs import Job

MOST_TARGETS = 10


class Relaying(msgspec.Struct, frozen=True):
    """What sending takes. `tls` and `verified_tls` the contexts for the two kinds of trust; without `security` only routes demand TLS."""

    hostname: str
    desk: Desk
    lookup: MxLookup
    routes: Mapping[str, Route]
    tls: Callable[[], ssl.SSLContext]
    verified_tls: Callable[[], ssl.SSLContext]
    source: str = ""
    security: Security | None = None


class _Try(msgspec.Struct):
    """One host of one attempt: `route` says how it is spoken to, `domain` whose server it is, in A-labels."""

    attempt: Attempt
    domain: str
    target: Target
    route: Route
    policy: TlsPolicy
    wish: Wish

    @property
    def name(self) -> str:
        """What journeys and reports call the host."""
        return f"{self.target.host or self.target.ip} [{self.target.ip}]:{self.target.port}"


class RemoteRelay:
    """Opens conversations with next hops."""

    def __init__(self, use: Relaying) -> None:
        self._use = use
        self._refusals = Refusals(use.desk.clock)

    def forget(self) -> None:
        """See `Relay`."""
        self._refusals.clear()

    async def open(self, job: Job) -> SmtpConversation | Attempt:
        """A conversation with the first host of the next hop that takes one; an attempt that says why there is none."""
        attempt = Attempt(self._use.desk.clock.now())
        wish = _wish(job)
        known = self._refusals.of(job.hop) if wish is Wish.NONE else None
        if known is not None:
            return refused(job, attempt, [known], self._at(attempt))
        try:
            reached = await self.reach(job.hop, attempt, wish)
        except MailError as error:
            return _hopeless(job, attempt, error, self._at(attempt))
        if isinstance(reached, SmtpConversation):
            self._refusals.forget(job.hop)
            return reached
        if wish is Wish.NONE:
            self._refusals.note(job.hop, reached)
        return refused(job, attempt, reached, self._at(attempt))

    async def reach(
        self, hop: str, attempt: Attempt, wish: Wish = Wish.NONE
    ) -> SmtpConversation | list[Refusal]:
        """A conversation with a next hop, or why each of its hosts was not used; `attempt` gets the events. Raises `MailError`."""
        route = route_of(self._use.routes, hop)
        domain = _in_a_labels(hop)
        assessment = Assessment(self._use.security, domain, attempt.events.append, lambda: self._at(attempt))
        refusals: list[Refusal] = []
        for target in (await self._targets(hop, route, attempt))[:MOST_TARGETS]:
            policy = await assessment.of(target, route, wish)
            trying = _Try(attempt, domain, target, route or Route(""), policy, wish)
            self._tell(trying)
            opened = await self._converse(trying)
            if isinstance(opened, SmtpConversation):
                return opened
            refusals.append(opened)
        return refusals

    async def _targets(self, hop: str, route: Route | None, attempt: Attempt) -> list[Target]:
        lookup = self._use.lookup
        if route is None or not route.host:
            return await lookup.targets(hop, attempt.events.append, lambda: self._at(attempt))
        targets = await lookup.hosts(route.host, attempt.events.append, lambda: self._at(attempt))
        return [Target(target.host, target.ip, route.port, named=True) for target in targets]

    async def _converse(self, trying: _Try) -> SmtpConversation | Refusal:
        """A conversation, or why not."""
        policy = trying.policy
        ways = steps(policy)
        if not ways:
            self._note(trying, policy.result, policy.because)
            return Refusal(f"{trying.name}: {policy.because}", policy.result or ResultKind.VALIDATION_FAILURE)
        last: Refusal | None = None
        for step in ways:
            opened = await self._step(trying, step)
            if isinstance(opened, SmtpConversation) or opened.result is None:
                return opened  # there is nobody, or he has other reasons: less protection would not help
            last = opened
        assert last is not None
        return last

    async def _step(self, trying: _Try, step: Step) -> SmtpConversation | Refusal:
        use, target, route, attempt = self._use, trying.target, trying.route, trying.attempt
        tls = self._handshake(trying, step)
        config = ClientConfig(
            use.hostname,
            use.desk.clock.now,
            route.lmtp,
            step.tls,
            route.implicit_tls,
            route.account,
            server=target.host or target.ip,
            nonce=_nonce,
        )
        wrap = Wrap(tls.context, tls.server_name) if route.implicit_tls else None
        machine = SmtpClient(config)
        try:
            connection: ClientConnection[ClientEvent] = await connect(
                machine, Destination(target.ip, target.port, use.source, wrap=wrap)
            )
        except TlsFailed as error:
            return self._failed(trying, step, error)
        except NetworkError as error:
            attempt.events.append(_unreached(self._at(attempt), target, error))
            return Refusal(str(error))
        conversation = SmtpConversation(use.desk, machine, connection, trying.name)
        allowed = (
            step.meets or trying.wish is not Wish.OPTIONAL
        )  # a policy that binds nobody is met by everybody
        conversation.trust = Trust(allowed, step.proves and trying.policy.mx_proven)
        try:
            words = await conversation.begin(attempt, tls)
        except TlsFailed as error:
            return self._failed(trying, step, error, connection.local.ip)
        except BaseException:  # called off: nobody but us knows of the connection
            connection.abort()
            raise
        if words is not None:
            return Refusal(words)
        self._note(trying, _came_to(step, secure=machine.secure), "", connection.local.ip)
        if trying.wish is Wish.REQUIRED and not conversation.knows_requiretls:
            await conversation.quit()
            attempt.events.append(Decided(self._at(attempt), "REQUIRETLS", "not offered", trying.name))
            return Refusal(
                f"{trying.name}: {RequireTlsUnsupported.words}",
                ResultKind.VALIDATION_FAILURE,
                lacks_requiretls=True,
            )
        return conversation

    def _handshake(self, trying: _Try, step: Step) -> Handshake:
        use, policy = self._use, trying.policy
        name = policy.names[0] if policy.names else trying.target.host
        if step.verify or (trying.route.verify and trying.target.named):
            return Handshake(use.verified_tls(), name or trying.target.ip)  # for no name none is demanded
        if not step.by_records:
            return Handshake(use.tls(), name)

        def check(chain: list[bytes]) -> None:
            proven = prove(policy.records, chain, policy.names, use.desk.clock.now())
            self._proven(trying, proven)

        return Handshake(use.tls(), name, check)

    def _failed(self, trying: _Try, step: Step, error: TlsFailed, local_ip: str = "") -> Refusal:
        """TLS did not come about: told, and reported where a policy asked for it."""
        trying.attempt.events.append(Decided(self._at(trying.attempt), "TLS", "failed", str(error)))
        kind = ResultKind(error.kind)
        if step.meets:
            self._note(trying, kind, str(error), local_ip)
        return Refusal(str(error), kind)

    def _tell(self, trying: _Try) -> None:
        if self._use.security is not None:
            where = f"security of {trying.target.host or trying.target.ip}"
            trying.attempt.events.append(
                Decided(self._at(trying.attempt), where, str(trying.policy), trying.policy.because)
            )

    def _proven(self, trying: _Try, proven: Proven) -> None:
        where = f"certificate of {trying.target.host}"
        trying.attempt.events.append(
            Decided(self._at(trying.attempt), where, "proven", f"it agrees with a record {proven}")
        )

    def _note(self, trying: _Try, result: ResultKind | None, detail: str, local_ip: str = "") -> None:
        """Hands what came of a session to whoever writes reports; of hosts that an administrator or an address literal names there are none."""
        security, policy, target = self._use.security, trying.policy, trying.target
        unasked = target.named or not target.host or policy.demand is Demand.PLAIN
        if security is None or result is None or unasked:
            return
        if (
            trying.wish is Wish.OPTIONAL
        ):  # RFC 8460 §3: a report goes in spite of failures, and is none of its own
            return
        if result is ResultKind.SUCCESS and policy.result is not ResultKind.SUCCESS:
            result, detail = policy.result, policy.because  # delivered, and yet not as the policy wants it
        security.note(
            TlsOutcome(
                self._use.desk.clock.now(), trying.domain, policy.kind, result, policy.lines, policy.patterns,
                local_ip, target.host, target.ip, detail,
            )
        )  # fmt: skip

    def _at(self, attempt: Attempt) -> int:
        return max(0, (self._use.desk.clock.now() - attempt.started) // 1000)


def _in_a_labels(hop: str) -> str:
    """The domain as its records and certificates have it (RFC 7672 §3.2.2, RFC 8460 §4.4); what is none stays, and fails when it is looked up."""
    try:
        return a_labels(hop)
    except ValueError:
        return hop


def _came_to(step: Step, *, secure: bool) -> ResultKind | None:
    """RFC 8460 §4.3: a session that stands is a success if it has TLS. What came before it, such as TLS that failed, has been noted."""
    if not step.meets or step.tls is TlsUse.NEVER:
        return None
    return ResultKind.SUCCESS if secure else ResultKind.STARTTLS_NOT_SUPPORTED


def _nonce() -> str:
    return secrets.token_urlsafe(18)


def _wish(job: Job) -> Wish:
    """What the message asks for; a report that says REQUIRETLS goes to whoever takes it (RFC 8689 §5)."""
    terms = job.letter.terms
    if terms.require_tls and job.letter.sender is not None:
        return Wish.REQUIRED
    return Wish.OPTIONAL if terms.tls_optional else Wish.NONE


def _unreached(at: int, target: Target, error: NetworkError) -> Decided:
    where = f"{target.host} [{target.ip}]:{target.port}" if target.host else f"[{target.ip}]:{target.port}"
    return Decided(at, f"connection to {where}", "failed", str(error))


def _hopeless(job: Job, attempt: Attempt, error: MailError, at: int) -> Attempt:
    if not error.permanent:
        attempt.hop_down = error.public
        return attempt
    for copy in job.copies:
        attempt.results.append(failed(copy, error))
        attempt.events.append(
            Outcome(at, copy.rcpt, str(copy.address), "failed", str(error.status), error.public)
        )
    return attempt
