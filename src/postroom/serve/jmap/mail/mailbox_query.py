"""Mailbox/query and Mailbox/queryChanges (RFC 8621 §2.3, §2.4)."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any, Final

import msgspec

from postroom.message.encodings.casemap import casemap
from postroom.message.ids import IdKind, id_text
from postroom.proto.jmap.capabilities import MAIL
from postroom.proto.jmap.errors import MethodError
from postroom.proto.jmap.standard import Comparator, Operator, Query, QueryChanges, read_filter
from postroom.proto.jmap.state import read_state
from postroom.proto.jmap.types import Id, Object
from postroom.serve.jmap.mail.mailbox import state_of
from postroom.serve.jmap.methods.call import Call, Method, Methods
from postroom.serve.jmap.methods.folders import Folder, Folders
from postroom.serve.jmap.methods.querying import (
    Condition,
    answered,
    as_tree,
    changed,
    condition_of,
    not_too_many,
    ordered,
    predicate,
)
from postroom.store.mailboxes import arranging


class MailboxQuery(Query, frozen=True, kw_only=True):
    """RFC 8621 §2.3."""

    sort_as_tree: bool = False
    filter_as_tree: bool = False


class MailboxQueryChanges(QueryChanges, frozen=True, kw_only=True):
    """RFC 8621 §2.4: the arguments that the query had."""

    sort_as_tree: bool = False
    filter_as_tree: bool = False


class FilterCondition(msgspec.Struct, frozen=True, kw_only=True, rename="camel", forbid_unknown_fields=True):
    """What is left out is not asked for; null is."""

    parent_id: Id | msgspec.UnsetType | None = msgspec.UNSET
    name: str | msgspec.UnsetType = msgspec.UNSET
    role: str | msgspec.UnsetType | None = msgspec.UNSET
    has_any_role: bool | msgspec.UnsetType = msgspec.UNSET
    is_subscribed: bool | msgspec.UnsetType = msgspec.UNSET


_TESTS: Final[Mapping[str, Callable[[Any, Folder, Folders], bool]]] = {
    "parent_id": lambda wanted, one, folders: folders.parent_id(one) == wanted,
    "name": lambda wanted, one, _folders: wanted in casemap(one.mailbox.name),
    "role": lambda wanted, one, _folders: (one.mailbox.role or None) == wanted,
    "has_any_role": lambda wanted, one, _folders: bool(one.mailbox.role) == wanted,
    "is_subscribed": lambda wanted, one, _folders: one.subscribed == wanted,
}
KEYS: Final[Mapping[str, Callable[[Folder], Any]]] = {
    "sortOrder": lambda one: one.mailbox.sort_order,
    "name": lambda one: one.mailbox.name,
    "parent/name": lambda one: one.mailbox.name,
}
_DEFAULT: Final = (Comparator(property="sortOrder"), Comparator(property="name"))


async def query(call: Call, arguments: MailboxQuery) -> Object:
    """RFC 8621 §2.3."""
    account_id = await call.account(arguments.account_id)
    state = await state_of(call, account_id)
    told = answered(arguments, state, await _results(call, account_id, arguments), arguments.anchor)
    return {**told, "canCalculateChanges": not _changes_unseen(call, account_id, arguments)}


async def query_changes(call: Call, arguments: MailboxQueryChanges) -> Object:
    """RFC 8621 §2.4."""
    account_id = await call.account(arguments.account_id)
    if _changes_unseen(call, account_id, arguments):
        raise MethodError("cannotCalculateChanges", "a subscription to another's mailbox changes none of his")
    account = await call.state(account_id)
    since = read_state(arguments.since_query_state, floor=account.floor, newest=account.modseq)
    state = await state_of(call, account_id)
    changes = await arranging.changes(call.reading, account_id, since.modseq)
    # What is in a mailbox no filter and no order looks at.
    touched = {change.mailbox_id for change in changes if change.structure > since.modseq}
    folders = await Folders.read(call, account_id)
    if touched and (arguments.sort_as_tree or arguments.filter_as_tree or not folders.own):
        touched |= _below(touched, folders)
    ids = [id_text(IdKind.MAILBOX, number) for number in sorted(touched)]
    found = await _results(call, account_id, arguments)
    return not_too_many(changed(arguments, state, found, ids, id_of=str), arguments)


def _changes_unseen(call: Call, account_id: int, arguments: MailboxQuery | MailboxQueryChanges) -> bool:
    """Whether what is asked for depends on subscriptions in another's account, which are names in one's own."""
    return account_id != call.visitor.account_id and _asks_for_subscriptions(read_filter(arguments.filter))


def _asks_for_subscriptions(tree: Operator | Object | None) -> bool:
    if isinstance(tree, Operator):
        return any(_asks_for_subscriptions(one) for one in tree.conditions)
    return "isSubscribed" in (tree or {})


def _below(touched: set[int], folders: Folders) -> set[int]:
    """All mailboxes that lie in these, which go where they go; and have another parentId when those come into sight or leave it."""
    found: set[int] = set()
    for number, folder in folders.items():
        above = folder.mailbox.parent_id
        while above not in touched and above in folders:
            above = folders[above].mailbox.parent_id
        if above in touched:
            found.add(number)
    return found


async def _results(call: Call, account_id: int, arguments: MailboxQuery | MailboxQueryChanges) -> list[str]:
    folders = await Folders.read(call, account_id)
    tree = read_filter(arguments.filter)
    matches = predicate(tree, lambda given: _condition(given, folders))
    everything = sorted(folders.values(), key=lambda one: one.mailbox.mailbox_id)
    found = [one for one in everything if matches(one)]
    if arguments.filter_as_tree:
        found = _with_all_above(found, folders)
    sort = arguments.sort or list(_DEFAULT)
    if arguments.sort_as_tree:
        # Those that do not match have their place in the tree too, by which what lies below them is sorted.
        kept = {one.mailbox.mailbox_id for one in found}
        whole = as_tree(
            ordered(everything, sort, KEYS),
            lambda one: one.mailbox.parent_id,
            lambda one: one.mailbox.mailbox_id,
        )
        found = [one for one in whole if one.mailbox.mailbox_id in kept]
    else:
        found = ordered(found, sort, KEYS)
    return [id_text(IdKind.MAILBOX, one.mailbox.mailbox_id) for one in found]


def _condition(given: Object, folders: Folders) -> Condition[Folder]:
    wanted = condition_of(given, FilterCondition)
    asked = {name: value for name in _TESTS if (value := getattr(wanted, name)) is not msgspec.UNSET}
    if "name" in asked:
        asked["name"] = casemap(asked["name"])  # once, and not for each mailbox: it may have megabytes
    return lambda one: all(_TESTS[name](value, one, folders) for name, value in asked.items())


def _with_all_above(found: list[Folder], folders: Folders) -> list[Folder]:
    there = {one.mailbox.mailbox_id for one in found}

    def whole(one: Folder) -> bool:
        above = folders.parent(one)
        while above is not None and above.mailbox.mailbox_id in there:
            above = folders.parent(above)
        return above is None

    return [one for one in found if whole(one)]


METHODS: Final[Methods] = {
    "Mailbox/query": Method(MAIL, MailboxQuery, query),
    "Mailbox/queryChanges": Method(MAIL, MailboxQueryChanges, query_changes),
}
