"""Where a recipient's copy goes: to a mailbox here, through an alias or a list, or to another domain's mail server.

RFC 5321 §3.9 and §4.5.5 (aliases keep the reverse-path, lists get the owner's, a null one stays), RFC 3461 §5.2.7 (what expansion does to DSN requests). Expansion is
iterative and bounded; a list that contains itself gives each member one copy. Not here: MX records (`deliver.remote`), and the
acceptance itself.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Callable

import msgspec

from postroom.deliver.forwarding import Forwarding
from postroom.deliver.legs import Leg
from postroom.message.address import Address, fold
from postroom.message.envelope import Notify, Recipient
from postroom.message.errors import EnhancedStatus, MailboxDisabled, MailError, NoSuchUser, RoutingLoop
from postroom.message.notifications.dsn_rules import passed_on
from postroom.store.administration.aliases import MAX_MEMBERS
from postroom.store.directory import lookup as directory
from postroom.store.directory.lookup import Account, Alias, MailingList
from postroom.store.engine.transaction import Transaction

MAX_EXPANSION_DEPTH = 10  # aliases of aliases
MAX_EXPANDED = MAX_MEMBERS  # addresses behind one recipient
MAX_OF_A_LETTER = (
    20_000  # of all its recipients together: a list has as many sub-addresses as anybody likes to write
)
REMEMBERED = 2.0  # seconds
MOST_REMEMBERED = 10_000  # addresses, and domains of others
MOST_TARGETS = 100  # of an alias or a list that is remembered
MOST_ASKED = 20  # addresses that are looked up to know whether another leads anywhere

Resolved = Account | Alias | MailingList


class NotExpanded(MailError):
    """An alias or a list that leads nowhere, or to too many (RFC 3463 §3.3, X.2.4)."""

    status = EnhancedStatus(5, 2, 4)
    words = "The address cannot be expanded"


class Milestone(msgspec.Struct, frozen=True):
    """An expansion that ends the way of the original recipient, as far as reports go: `expanded` or `delivered` (RFC 3461 §5.2.7)."""

    rcpt: int
    address: Address
    action: str


class Routes(msgspec.Struct):
    """All legs of a letter, and what is to be reported although no leg says it. `expanded` counts the addresses that expansion came by."""

    legs: list[Leg]
    milestones: list[Milestone]
    expanded: int = 0


_UNKNOWN = Alias(Address("", ""), ())


class _Step(msgspec.Struct):
    """An address on its way through the expansion: the leg that it would become."""

    leg: Leg
    depth: int
    resolved: Resolved | None = None


class OwnNames(msgspec.Struct, frozen=True):
    """This system's host names and address literals, and the domain whose postmaster is theirs."""

    hosts: frozenset[str]
    home: str


class CatchAll(msgspec.Struct, frozen=True):
    """The one `mailbox` for whatever has no other, of any domain but those `elsewhere`, which have servers of their own: a lab's, from which nothing leaves."""

    mailbox: Address
    elsewhere: Callable[[str], bool]


class Router:
    """Routes recipients by the directory.

    What an address was found to stand for, and which domains are not ours, is remembered for `REMEMBERED` seconds: a lookup for every RCPT
    would cost more than the rest of the dialogue, since each statement hands the interpreter's lock to the writer. Who is nobody is not
    remembered. `monotonic` gives seconds. `catch_all` gets what nobody is called, in any domain.
    """

    def __init__(
        self,
        forwarding: Forwarding,
        monotonic: Callable[[], float],
        own: OwnNames,
        catch_all: CatchAll | None = None,
    ) -> None:
        self._forwarding = forwarding
        self._catch_all = catch_all
        self._own = own
        self._monotonic = monotonic
        self._known: dict[str, Resolved] = {}
        self._foreign: set[str] = set()
        self._leading: set[str] = set()
        self._since = 0.0

    def forget(self) -> None:
        """The directory was changed."""
        self._known.clear()
        self._foreign.clear()
        self._leading.clear()

    async def check_expands(self, tx: Transaction, address: Address, found: Resolved | None) -> None:
        """Raises `NotExpanded` where what `resolve` has found leads to nobody (RFC 5321 §3.9): refused at RCPT, it is reported to no forged sender later.

        What more than `MOST_ASKED` questions would tell is taken to lead somewhere.
        """
        if found is None or _is_mailbox(found) or address.key in self._leading:
            return
        seen, todo = {address.key}, deque(_behind(found))
        while todo and len(seen) <= MOST_ASKED:
            target = todo.popleft()
            if target.key in seen:
                continue
            seen.add(target.key)
            try:
                next_found = await self.resolve(tx, target)
            except MailError as error:
                if not error.permanent:
                    raise
                continue
            if next_found is None or _is_mailbox(next_found):
                break
            todo.extend(_behind(next_found))
        else:
            if not todo:
                raise _leads_nowhere(address)
        self._leading.add(address.key)

    async def resolve(
        self, tx: Transaction, address: Address, most: int = MOST_TARGETS + 1
    ) -> Resolved | None:
        """What the directory knows of an address: None for a foreign domain; `NoSuchUser` when the domain is ours and the name is not.

        The first question of RCPT; what it answers can be handed to `routes` later. At most `most` targets are read: RCPT only wants to know that there are
        any, and a list of ten thousand takes 40 ms.
        """
        now = self._monotonic()
        if now - self._since > REMEMBERED or self._remembered > MOST_REMEMBERED:
            self.forget()
            self._since = now
        own = self._is_role_of_this_system(address)
        if own:
            address = Address(address.local, self._own.home)
        known = self._known.get(address.key)
        if known is not None or (address.domain in self._foreign and not own):
            return known
        found = await directory.resolve(tx, address, most)
        if found is None and own:
            found = await directory.role_of_host(tx, address)
        if found is None:
            return await self._unknown(tx, address)
        if isinstance(found, Account):
            if not found.enabled:
                raise MailboxDisabled
            self._known[address.key] = found
        elif len(found.targets) <= MOST_TARGETS:
            self._known[address.key] = found
        return found

    def _is_role_of_this_system(self, address: Address) -> bool:
        """RFC 5321 §4.5.1: RCPT TO:<postmaster> is for somebody, and so is the answer to a report of the host's."""
        here = address.domain in self._own.hosts or address.domain == self._own.home
        return here and fold(address.local) in directory.ROLES

    @property
    def _remembered(self) -> int:
        return len(self._known) + len(self._foreign) + len(self._leading)

    async def _unknown(self, tx: Transaction, address: Address) -> Resolved | None:
        """An address that the directory does not have."""
        ours = await directory.domain(tx, address.domain) is not None
        original = self._forwarding.original(address) if ours else None
        if original is not None:
            return Alias(address, (original,))
        catch_all = self._catch_all
        if catch_all is not None and (ours or not catch_all.elsewhere(address.domain)):
            return await directory.resolve(tx, catch_all.mailbox) or Alias(address, (catch_all.mailbox,))
        if ours:
            raise NoSuchUser(f"No such user here: {address}")
        self._foreign.add(address.domain)
        return None

    async def routes(
        self,
        tx: Transaction,
        sender: Address | None,
        recipients: list[Recipient],
        known: dict[int, Resolved | None],
    ) -> Routes:
        """Legs and milestones of every recipient; `known` holds what RCPT already found out, by recipient number."""
        routes = Routes([], [])
        for number, recipient in enumerate(recipients):
            leg = Leg(number, recipient.address, sender, notify=recipient.notify, orcpt=recipient.orcpt)
            found = known.get(number, _UNKNOWN)
            if isinstance(found, Account) and not found.forwards:
                leg.account_id, leg.detail = found.account_id, found.detail
                routes.legs.append(leg)
            elif found is None:
                leg.next_hop = recipient.address.domain
                routes.legs.append(leg)
            else:
                await self._expand(tx, leg, routes)
        if len(routes.legs) > 1:
            routes.legs = _once_each(routes.legs)
        return routes

    async def _expand(self, tx: Transaction, first: Leg, routes: Routes) -> None:
        """Breadth first, each address once. Whatever happens, there is a leg in the end: no recipient is lost without a word."""
        found = Routes([], [])
        todo = deque([_Step(first, 0)])
        seen: set[str] = set()
        left = MAX_OF_A_LETTER - routes.expanded
        while todo:
            step = todo.popleft()
            if step.leg.address.key in seen:
                continue
            seen.add(step.leg.address.key)
            if len(seen) - 1 > min(MAX_EXPANDED, left):
                found = Routes([], [])
                first.error = _too_many(first.address, left)
                break
            await self._step(tx, step, found, todo)
        if not found.legs:
            found.milestones.clear()  # nobody has it: "delivered" to an empty list would be said beside "failed"
            first.error = first.error or _leads_nowhere(first.address)
            found.legs.append(first)
        routes.legs += found.legs
        routes.milestones += found.milestones
        routes.expanded += min(len(seen) - 1, left)

    async def _step(self, tx: Transaction, step: _Step, routes: Routes, todo: deque[_Step]) -> None:
        leg = step.leg
        try:
            found = await self.resolve(tx, leg.address, MAX_EXPANDED + 1)
            if step.depth > MAX_EXPANSION_DEPTH:
                raise RoutingLoop(f"{leg.address} stands behind more than {MAX_EXPANSION_DEPTH} aliases")
        except MailError as error:
            if not error.permanent:
                raise  # the directory is not there now: so is not the whole message
            leg.error = error
            routes.legs.append(leg)
            return
        match found:
            case None:
                leg.next_hop = leg.address.domain
                routes.legs.append(leg)
            case Account():
                self._account(step, found, routes, todo)
            case Alias():
                self._alias(step, found, routes, todo)
            case MailingList():
                self._list(step, found, routes, todo)

    def _account(self, step: _Step, found: Account, routes: Routes, todo: deque[_Step]) -> None:
        leg = step.leg
        if found.gets_mail:
            leg.account_id, leg.detail = found.account_id, found.detail
            routes.legs.append(leg)
        else:
            _note_delivered(leg, routes)
        for target in found.forwards:
            # RFC 3461 §5.2.7.4: forwarded like a list of one; the new reverse-path leads back through us
            sender = None if leg.sender is None else self._forwarding.sender(leg.sender, found.address.domain)
            copy = Leg(leg.rcpt, target, sender, expanded=True, via=(found.address, *leg.via))
            todo.append(_Step(copy, step.depth + 1))

    def _alias(self, step: _Step, found: Alias, routes: Routes, todo: deque[_Step]) -> None:
        leg = step.leg
        notify = passed_on(leg.notify, targets=len(found.targets))
        if notify != leg.notify:
            routes.milestones.append(Milestone(leg.rcpt, leg.address, "expanded"))
        for target in found.targets:
            copy = Leg(
                leg.rcpt, target, leg.sender, notify=notify, orcpt=leg.orcpt, expanded=True, via=leg.via
            )
            todo.append(_Step(copy, step.depth + 1))

    def _list(self, step: _Step, found: MailingList, routes: Routes, todo: deque[_Step]) -> None:
        leg = step.leg
        _note_delivered(leg, routes)
        # RFC 5321 §4.5.5: a null reverse-path is not made another one, else two lists could go on reporting to each other
        sender = None if leg.sender is None else found.owner
        for target in found.targets:
            copy = Leg(leg.rcpt, target, sender, expanded=True, via=(found.address, *leg.via))
            todo.append(_Step(copy, step.depth + 1))


def _note_delivered(leg: Leg, routes: Routes) -> None:
    """What a list or a forward takes on has been delivered to it, as far as its sender is to hear (RFC 3461 §5.2.7.1, §5.2.7.4)."""
    if leg.notify is not None and leg.notify & Notify.SUCCESS:
        routes.milestones.append(Milestone(leg.rcpt, leg.address, "delivered"))


def _too_many(address: Address, left: int) -> NotExpanded:
    if left < MAX_EXPANDED:
        return NotExpanded(
            f"{address} and the recipients before it stand for more than {MAX_OF_A_LETTER} addresses together"
        )
    return NotExpanded(f"{address} stands for more than {MAX_EXPANDED} addresses")


def _is_mailbox(found: Resolved) -> bool:
    return isinstance(found, Account) and found.gets_mail


def _behind(found: Resolved) -> tuple[Address, ...]:
    return found.forwards if isinstance(found, Account) else found.targets


def _leads_nowhere(address: Address) -> NotExpanded:
    return NotExpanded(f"{address} leads to nobody: to itself, or to nothing")


def _once_each(legs: list[Leg]) -> list[Leg]:
    """One copy for each mailbox and reverse-path, however often it is named: by two spellings, or by an alias beside it.

    A recipient that asked for reports of its own keeps its own copy (RFC 3461 §5.2).
    """
    kept: dict[object, Leg] = {}
    for leg in legs:
        who: object = leg.address.key if leg.account_id is None else (leg.account_id, leg.detail)
        key = (who, leg.sender, leg.via, leg.notify, leg.orcpt, None if leg.error is None else leg.rcpt)
        first = kept.setdefault(key, leg)
        if first is not leg and leg.rcpt != first.rcpt:
            first.also = (*first.also, leg.rcpt)
    return list(kept.values())
