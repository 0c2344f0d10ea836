"""Who may see and change how an account is come into: its user, in a browser in which he has signed in, and for what lets somebody in not long after he has
shown that it is he.

Programs, which have app passwords and tokens, may not: one that was given away must not make another. RFC 8620 §3.6.2 for errors; `confirmationNeeded` is ours: the page
asks for the password again (`web.sign_in`) and repeats the call. Not here: the methods.
"""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from typing import Any, Final

from postroom.proto.jmap import ijson
from postroom.proto.jmap.errors import MethodError, Refused
from postroom.proto.jmap.standard import Get, wanted
from postroom.proto.jmap.types import Object, utc_date
from postroom.serve.jmap.methods.account_keys import AccountKeys
from postroom.serve.jmap.methods.call import Call
from postroom.serve.jmap.methods.getting import got, ids_of
from postroom.store.directory.errors import DirectoryError, InUse, NotFound, Taken
from postroom.store.identity.app_passwords import MOST_LABEL, is_label
from postroom.store.identity.browser_sessions import CONFIRMED_FOR

NEEDED: Final = "confirmationNeeded"
_KINDS: Final[dict[type[DirectoryError], str]] = {
    InUse: "overQuota",
    Taken: "alreadyExists",
    NotFound: "notFound",
}


async def in_browser(call: Call, account_id: str) -> int:
    """The visitor's own account, in a browser in which he has signed in. Raises `MethodError`."""
    number = await call.own_account(account_id)
    if not call.visitor.session:
        raise MethodError("forbidden", "this is for the account's user in a browser, not for programs")
    return number


def keys_of(call: Call) -> AccountKeys:
    """What the methods work with."""
    if call.service.keys is None:
        raise MethodError("serverUnavailable", "nothing can be changed here")
    return call.service.keys


def must_be_recent(call: Call) -> None:
    """Raises `confirmationNeeded` when the visitor has not shown for a while that it is he."""
    if call.service.now() - call.visitor.confirmed >= CONFIRMED_FOR:
        raise MethodError(NEEDED, "show once more that it is you, with your password or a passkey")


def listed(call: Call, arguments: Get, objects: Sequence[Object], names: Sequence[str]) -> Object:
    """The response to a /get of a type of which there are few."""
    properties = wanted(arguments.properties, tuple(names))
    asked = ids_of(call, arguments)
    shown = [
        {name: one[name] for name in properties} for one in objects if asked is None or one["id"] in asked
    ]
    return got(arguments, state_of(objects), shown, asked)


def state_of(objects: Any) -> str:
    """A state that changes with anything in them."""
    return hashlib.sha256(ijson.encode(objects)).hexdigest()[:16]


def date(micros: int) -> str | None:
    """A UTCDate; None for never."""
    return utc_date(micros) if micros else None


def label_in(given: Object) -> str:
    """The name of something new; raises `Refused`."""
    label = given.get("label")
    if not isinstance(label, str) or not is_label(label):
        raise Refused("invalidProperties", f"it needs a name of 1 to {MOST_LABEL} characters", ("label",))
    return label.strip()


def refused(error: DirectoryError) -> Refused:
    """What the store has said, for one object."""
    return Refused(_KINDS.get(type(error), "invalidProperties"), str(error))


def only(given: Object, *names: str) -> None:
    """Raises `Refused` for a property that there is not, or that cannot be set."""
    wrong = [name for name in given if name not in names]
    if wrong:
        raise Refused("invalidProperties", "the server sets this, or there is no such property", tuple(wrong))
