#!/usr/bin/env python3
"""Writes the pages of docs/ that are made out of the code: extensions, capabilities, configuration, limits, checks.

The tables that the program works with are the source; what a limit is for is the comment beside it. A test sees that the pages are up to date;
after a change: `.venv/bin/python tools/make_docs.py`. Not here: pages that are written by hand.
"""

import ast
import importlib
import re
import sys
from collections.abc import Iterator
from pathlib import Path
from types import ModuleType, SimpleNamespace
from typing import Any, NamedTuple, get_type_hints

import msgspec

from checks_page import checks_page
from doc_pages import code, page, table
from lab_api_page import lab_api_page
from postroom.app import building
from postroom.app.settings import file as settings
from postroom.app.settings.file import Settings
from postroom.app.settings.queue import QueueSettings
from postroom.message.query.operators import OPERATORS
from postroom.net.networks import Networks
from postroom.proto.imap import capabilities as imap_capabilities
from postroom.proto.imap.verb import State
from postroom.proto.imap.verbs import VERBS as IMAP_VERBS
from postroom.proto.jmap import capabilities as jmap_capabilities
from postroom.proto.pop3.authorization import Authorization, Pop3Config
from postroom.proto.pop3.commands import CAPABILITIES, COMMANDS
from postroom.proto.pop3.replies import Replies
from postroom.proto.sasl.mechanisms import Channel
from postroom.proto.smtp import extensions
from postroom.proto.smtp.commands import VERBS
from postroom.proto.smtp.config import Service
from postroom.proto.smtp.extensions import EXTENSIONS, SHOWING, Offers
from postroom.serve.jmap.dispatch import METHODS
from rfc_citations import ROOT, SOURCE, standing
from sasl_page import sasl_page

DOCS = ROOT / "docs"
RFC = re.compile(r"RFC (\d+)")
NO_RFC = "of no RFC"  # beside an extension that Postfix has brought
LIMIT = re.compile(
    r"^(MAX|MOST|LONGEST|SLOWEST|SILENCE|SHOWN|KEPT)(_|$)|_(SECONDS|DAYS|ROWS|AT_ONCE)$"
    r"|^(BACKLOG|GRACE|FORGET_AFTER|MESSAGES_PER_CONNECTION|FIRST_CONNECTIONS|PREVIEW)$"
)
UNSAID = {  # what a name without a comment beside it bounds
    "agent.connecting.CONNECT_SECONDS": "until a connection to the user's own server stands",
    "app.node.BEAT_SECONDS": "between two signs of life of a node",
    "app.node.LEASE_SECONDS": "without a sign of life, and a node's number is free again",
    "app.operations.journeys.MOST_LISTED": "journeys in one listing",
    "app.operations.watching.ALIVE_SECONDS": "between two signs of life to somebody who watches",
    "app.sendmail.smtp.MAX_MESSAGE": "octets of a message that comes by sendmail -bs",
    "deliver.destinations.FIRST_CONNECTIONS": "to a destination of which nothing is known yet",
    "deliver.destinations.MESSAGES_PER_CONNECTION": "messages over one connection to a next hop",
    "deliver.remote.MOST_TARGETS": "addresses tried in one attempt",
    "deliver.runner.CLAIM_AT_ONCE": "jobs that one look at the queue takes",
    "deliver.runner.LONGEST_SLEEP": "seconds between two looks at the queue",
    "deliver.runner.RENEW_SECONDS": "after which a lease is renewed",
    "lab.dns.server.SLOW_SECONDS": "that a slow answer of the lab's DNS takes",
    "lab.faults.addressed.SLOW_SECONDS": "that slow@ takes",
    "lab.dns.zones.MOST_ALIASES": "in one chain",
    "message.notifications.dsn_text.MAX_JOURNEY_LINES": "of a journey in a report",
    "message.headers.fields.LONGEST": "characters of a line that we write, RFC 5322 §2.1.1",
    "net.connect.CONNECT_SECONDS": "until a TCP connection stands",
    "net.connect.HANDSHAKE_SECONDS": "until TLS stands",
    "net.connections.SWEEP_SECONDS": "between two looks for silent connections",
    "net.dns.cache.FAILURE_SECONDS": "in which a question that failed is not asked again",
    "net.listener.PAUSE_SECONDS": "without accepting when files run out",
    "net.pump.HANDSHAKE_SECONDS": "until TLS stands",
    "net.sockets.BACKLOG": "connections that wait to be accepted",
    "serve.pop3.surrogate.MOST_PARTS": "parts of a message whose headers are put into ASCII",
    "store.engine.group_commit.MAX_BATCH": "pieces of work in one commit",
    "store.mailboxes.mailboxes.MAX_DEPTH": "levels of mailboxes",
    "store.pruning.VANISHED_DAYS": "that an expunged uid is remembered",
    "store.search.postgres.FOUND_AT_ONCE": "candidates of one read",
}
IMAP_ABSENT = {  # of the registry and of other servers: by which text, and why it is not offered
    "PARTIAL (the command)": ("RFC 1730", "a relic; FETCH has <offset.count>"),
    "FIND": ("RFC 1730", "a relic; LIST is what followed it"),
    "RFC822.PEEK": ("RFC 1730", "a relic; BODY.PEEK is what followed it"),
    "XLIST": ("no RFC", "what SPECIAL-USE became"),
    "LOGIN-REFERRALS": ("RFC 2221", "there is one server"),
    "MAILBOX-REFERRALS": ("RFC 2193", "there is one server"),
    "ANNOTATE-EXPERIMENT-1": ("RFC 5257", "an experiment that clients do not use"),
    "CONVERT": ("RFC 5259", "no client uses it"),
    "IMAPSIEVE=": ("RFC 6785", "needs Sieve"),
    "FILTER=SIEVE": ("no RFC", "needs Sieve"),
    "PREVIEW=FUZZY": ("RFC 8970 (its draft)", "PREVIEW is what followed it"),
    "ANNOTATEMORE": ("RFC 5464 (its draft)", "METADATA is what followed it"),
    "SORT=UID, SORT=MODSEQ": ("no RFC", "Cyrus's own; clients do not ask for it"),
    "OBJECTID+": ("no RFC", "a draft"),
    "XAPPLEPUSHSERVICE": ("no RFC", "needs Apple's servers"),
    "METADATA-SERVER": ("RFC 5464", "METADATA, which is offered, includes it"),
    "URLAUTH=BINARY": ("RFC 5524", "for servers that submit or play parts by URL, of which there are none"),
    "I18NLEVEL=2": ("RFC 5255", "there is one comparator, i;unicode-casemap"),
}
LIMIT_CLASSES = ("Limits", "GateLimits", "ClientLimits", "Schedule")
SERVICES = (("smtp", Service.MX), ("submission", Service.SUBMISSION), ("lmtp", Service.LMTP))
STANDINGS = (("before TLS", False, False), ("with TLS", True, False), ("logged in", True, True))


def main() -> int:
    """Writes all pages; says which ones changed."""
    for name, text in pages().items():
        path = DOCS / name
        if not path.exists() or path.read_text("utf-8") != text:
            path.write_text(text, "utf-8")
            print(path.relative_to(ROOT))
    return 0


def pages() -> dict[str, str]:
    """The texts by file name."""
    return {
        "smtp-extensions.md": smtp_page(),
        "pop3-capabilities.md": pop3_page(),
        "imap-capabilities.md": imap_page(),
        "jmap-capabilities.md": jmap_page(),
        "sasl-mechanisms.md": sasl_page(),
        "configuration.md": configuration_page(),
        "limits.md": limits_page(),
        "checks.md": checks_page(),
        "lab-api.md": lab_api_page(),
    }


def _world() -> Any:
    """As much of a server's surroundings as its services' configurations ask for."""
    clock = SimpleNamespace(now=lambda: 0)
    return SimpleNamespace(clock=clock, open_house=False, passwords_in_clear=False, withheld=frozenset())


# ------------------------------------------------------------------------------------------------------------------- SASL


def smtp_page() -> str:
    """docs/smtp-extensions.md."""
    offers = {name: Offers(building.smtp_config(Settings(), _world(), service)) for name, service in SERVICES}
    rfcs = _extension_rfcs()
    rows = [
        (
            f"`{row.keyword}`",
            f"RFC {rfcs[row.keyword]}" if rfcs[row.keyword] else "Postfix's documentation",
            code(row.verbs) or "",
            code((*row.mail, *(f"{name} of RCPT" for name in row.rcpt))),
            "; ".join(_offered(row.keyword, offers)) or "nowhere",
            standing(rfcs[row.keyword])
            if rfcs[row.keyword]
            else "to who connects from a network of the settings",
        )
        for row in EXTENSIONS
    ]
    verbs = [(f"`{name}`", f"`{verb.syntax}`", verb.purpose) for name, verb in VERBS.items()]
    return page(
        "SMTP: extensions and commands",
        "What EHLO (LHLO) offers by default at each port, and what it brings. The source is `EXTENSIONS` in `proto/smtp/extensions.py`.",
        table(("Keyword", "By", "Commands", "Parameters", "Offered", "Applied"), rows),
        "The commands; HELP says the same. Those of an extension work where it is offered, "
        f"{', '.join(SHOWING)} after AUTH.",
        table(("Command", "Syntax", "Purpose"), verbs),
    )


def _offered(keyword: str, offers: dict[str, Offers]) -> Iterator[str]:
    for name, made in offers.items():
        when = [
            words
            for words, tls, authenticated in STANDINGS
            if any(row.keyword == keyword for row in made.at(tls=tls, authenticated=authenticated).extensions)
            and (tls or name != "lmtp")
            and (not authenticated or name == "submission")
        ]
        possible = [words for words, tls, auth in STANDINGS if (tls or name != "lmtp") and not auth]
        if set(possible) <= set(when):
            yield name
        elif when:
            yield f"{name} {', '.join(when)}"


def _extension_rfcs() -> dict[str, str]:
    """The RFC that stands in the comment beside each row."""
    path = Path(str(extensions.__file__))
    source = path.read_text("utf-8")
    lines = source.splitlines()
    calls = [
        node
        for node in ast.walk(ast.parse(source))
        if isinstance(node, ast.Call) and isinstance(node.func, ast.Name) and node.func.id == "Extension"
    ]
    found = {}
    for call in calls:
        keyword = call.args[0]
        assert isinstance(keyword, ast.Constant)
        assert isinstance(keyword.value, str)
        row = "\n".join(lines[call.lineno - 1 : call.end_lineno])
        rfc = RFC.search(row)
        assert rfc or NO_RFC in row, f"{path}:{call.lineno}: no RFC beside {keyword.value}"
        found[keyword.value] = rfc[1] if rfc else ""
    return found


def pop3_page() -> str:
    """docs/pop3-capabilities.md."""
    config = building.pop3_config(Settings(), _world())
    before, after = (_pop3_tags(config, secure=secure) for secure in (False, True))
    rows = []
    for capability in CAPABILITIES:
        when = [
            words for words, tags in (("before TLS", before), ("with TLS", after)) if capability.tag in tags
        ]
        shown = after.get(capability.tag) or before.get(capability.tag) or capability.tag
        rfc = RFC.search(capability.section)
        assert rfc
        rows.append(
            (
                f"`{shown}`",
                capability.section,
                code(capability.verbs),
                " and ".join(when) or "when configured",
                standing(rfc[1]),
            )
        )
    commands = [
        (f"`{command.syntax}`", ", ".join(sorted(command.states)), command.section)
        for command in COMMANDS.values()
    ]
    return page(
        "POP3: capabilities and commands",
        "What CAPA says by default. The source is `CAPABILITIES` in `proto/pop3/commands.py`. APOP has no capability: the greeting's "
        "timestamp announces it.",
        table(("Capability", "By", "Commands", "Said", "Applied"), rows),
        table(("Command", "State", "By"), commands),
    )


def _pop3_tags(config: Pop3Config, *, secure: bool) -> dict[str, str]:
    offer = Authorization(Replies(config.language), config, "", Channel(secure)).offer()
    said = ((capability.tag, capability.argument(offer)) for capability in CAPABILITIES)
    return {tag: f"{tag} {argument}".rstrip() for tag, argument in said if argument is not None}


def imap_page() -> str:
    """docs/imap-capabilities.md: what is offered, and what of the registry is not."""
    rows = [
        (f"`{row.name}`", row.rfc, "yes", row.shown.value + (", by ENABLE" if row.enable else ""))
        for row in imap_capabilities.TABLE
    ]
    rows += [
        (f"`{name}`", rfc, "no", why)
        for name, (rfc, why) in IMAP_ABSENT.items()
        if name not in {row.name for row in imap_capabilities.TABLE}
    ]
    commands = [
        (
            f"`{name.decode()}`",
            ", ".join(state.value for state in State if state in verb.states),
            verb.rfc,
            verb.capability and f"`{verb.capability}`",
        )
        for name, verb in IMAP_VERBS.items()
    ]
    return page(
        "IMAP: capabilities and commands",
        "What CAPABILITY says, and what of the registry it does not. The source is `TABLE` in `proto/imap/capabilities.py`; a capability is in it "
        "when all of it works.",
        table(("Capability", "By", "Offered", "Said, or why not"), rows),
        table(("Command", "State", "By", "Belongs to"), commands),
    )


def jmap_page() -> str:
    """docs/jmap-capabilities.md."""
    methods: dict[str, list[str]] = {}
    for name, method in METHODS.items():
        methods.setdefault(method.capability, []).append(name)
    rows = [
        (
            f"`{one.uri}`",
            one.rfc,
            "every" if one.of_shared is not None else "one's own" if one.of_account is not None else "",
            code(methods.get(one.uri, [])),
        )
        for one in jmap_capabilities.TABLE
    ]
    operators = [
        (
            f"`{one.name}:`",
            code(f"{name}:" for name in one.other_names),
            one.meaning.replace("{}", "…"),
            f"`{one.example[6:]}`",
        )
        for one in OPERATORS
    ]
    return page(
        "JMAP: capabilities and methods",
        "What the Session object says. The source is `TABLE` in `proto/jmap/capabilities.py`; a capability is in it when all of it works. "
        "`urn:postroom:params:jmap:webmail` is ours: what the web mail needs beyond the standard.",
        table(("Capability", "By", "Of accounts", "Methods"), rows),
        "## What is known of a message",
        "`HeaderReport/get` (`emailId`) tells of a message's header: the hops of its Received fields, the oldest first, with how long each took and whether it was encrypted; "
        "who says that he has checked what; what is odd; `verdicts` are this server's own and the only ones to be believed; `unsubscribe.oneClick` is there where RFC 8058 "
        "allows one click, which `MailingList/leave` does. `HeaderReport/parse` (`header`) does the same for any header as text, and believes nothing. "
        "`Journey/get` (`emailId`) tells what happened to a message: each hop with its dialogue line by line, each line with its meaning. A recipient sees his own part, "
        "the sender who had logged in all of it but what its recipients did with it.",
        "## Conversations that are muted",
        "A conversation in which an email has the keyword `$muted` is muted, whatever program has set it: what comes to it is filed as read in the mailbox with the role `archive`, has the keyword too, "
        "and nobody needs to be signed in for that. Take the keyword off all its emails, and it is heard again. What goes into Junk goes there.",
        "## All attachments in one file",
        "The capability of the server says where all that is attached to an email can be downloaded as one zip file: `attachmentsUrl`, with `accountId`, `emailId` and `name` to be filled in.",
        "## A message that goes on as it is",
        "`Email/redirect` sends emails on unchanged, by RFC 5322 §3.6.6: `create` has for each `identityId`, `emailId`, `to` (EmailAddress[]) and, if it is to wait, `holdFor` (seconds). "
        "Envelope and Resent-From are the user's own, From stays its author's. An author who is somebody else needs a message that came in through this server, as its journey shows; one of a domain "
        "akin to ours must have logged in, or DMARC must have passed: else `forbiddenFrom`, and forwarding remains. The answer is that of `EmailSubmission/set`, which calls it back. "
        "A signature of the author's domain stays good on the way, and DMARC passes by it; a message without one may be refused by the next server.",
        "## What can be searched for",
        "`SearchQuery/parse`, the search box and `postroom mail search` read the same language: words, each of them somewhere in the message, "
        '`"several words"`, and operators. `A B` are both, `A OR B` and `{A B}` any of them, `-A` everything else, `from:(A B)` is `from:A from:B`; '
        "OR binds closer than standing side by side. What is not understood is an error that says what to write in its place.",
        table(("Operator", "Also", "A message that", "For example"), operators),
    )


# ------------------------------------------------------------------------------------------------------ configuration, limits


def configuration_page() -> str:
    """docs/configuration.md."""
    return page(
        "Configuration",
        "One TOML file. Every key has a default; a key that is not known is an error that names the nearest one. `postroom quickstart` "
        "writes a file to begin with, `postroom config check FILE` tells whether one is right, and `postroom config describe` prints this:",
        f"```toml\n{settings.describe().rstrip()}\n```",
    )


class Bound(NamedTuple):
    """A row of the table of limits."""

    place: str
    name: str
    value: Any
    meaning: str


def limits_page() -> str:
    """docs/limits.md. Seconds are seconds everywhere, octets octets."""
    rows = [
        (f"`{bound.place}`", f"`{bound.name}`", number(bound), bound.meaning)
        for bound in (*configured(), *in_code())
    ]
    return page(
        "Limits",
        "Everything that is bounded. First what the configuration sets, with its default; then what stands in the code, room by room: a "
        "constant, or a field of a value that the part is made with. The limits of a session of SMTP, POP3 and IMAP (`proto.smtp.config`, "
        "`proto.pop3.authorization`, `proto.imap.config`) are tried at their edges by `tests/unit/house/test_limits.py`.",
        table(("Where", "Limit", "Value", "What it bounds"), rows),
    )


def configured() -> Iterator[Bound]:
    """Those of the configuration."""
    for section, struct in (
        ("limits", settings.LimitSettings),
        ("queue", QueueSettings),
        ("mailboxes", settings.MailboxSettings),
        ("journey", settings.JourneySettings),
    ):
        hints = get_type_hints(struct, include_extras=True)
        for field in msgspec.structs.fields(struct):
            if not isinstance(field.default, str):
                meaning = next(one.description for one in hints[field.name].__metadata__ if one.description)
                yield Bound(f"[{section}]", field.name, field.default, meaning)


def in_code() -> Iterator[Bound]:
    """Those of all modules."""
    for path in sorted(SOURCE.rglob("*.py")):
        tree = ast.parse(path.read_text("utf-8"))
        if not any(_names_limit(node) for node in tree.body):
            continue
        name = ".".join(path.relative_to(SOURCE).with_suffix("").parts)
        module = importlib.import_module(f"postroom.{name}")
        lines = path.read_text("utf-8").splitlines()
        for node in tree.body:
            if _names_limit(node):
                yield from _bounds(node, module, lines, name)


def _target(node: ast.stmt) -> str:
    match node:
        case ast.Assign(targets=[ast.Name(id=name)]) | ast.AnnAssign(target=ast.Name(id=name)):
            return name
        case ast.ClassDef(name=name):
            return name
    return ""


def _names_limit(node: ast.stmt) -> bool:
    if isinstance(node, ast.ClassDef):
        return node.name in LIMIT_CLASSES
    name = _target(node)
    return not name.startswith("_") and bool(LIMIT.search(name))


def _bounds(node: ast.stmt, module: ModuleType, lines: list[str], place: str) -> Iterator[Bound]:
    value = getattr(module, _target(node))
    if isinstance(node, ast.ClassDef):
        yield from _fields(node, value, lines, place)
    elif isinstance(value, int | float):
        name = _target(node)
        yield Bound(place, name, value, _comment(node, lines) or UNSAID.get(f"{place}.{name}", ""))


def _fields(
    node: ast.ClassDef, struct: type[msgspec.Struct], lines: list[str], place: str
) -> Iterator[Bound]:
    about = " ".join((struct.__doc__ or "").split())
    defaults = {field.name: field.default for field in msgspec.structs.fields(struct)}
    for field in node.body:
        name = _target(field)
        if isinstance(field, ast.AnnAssign) and not isinstance(defaults[name], bool | Networks):
            yield Bound(place, name, defaults[name], _comment(field, lines) or about)
            about = about and "as above"


def _comment(node: ast.stmt, lines: list[str]) -> str:
    """What stands behind a value, or within its parentheses."""
    words = [line.partition("  # ")[2] for line in lines[node.lineno - 1 : node.end_lineno]]
    return " ".join(
        word.partition("  # ")[0].strip() for word in words if word and not word.startswith("noqa")
    )


def number(bound: Bound) -> str:
    """The value as people read it."""
    value, name = bound.value, bound.name
    if isinstance(value, tuple):
        return ", ".join(str(one) for one in value)
    for unit in ("SECONDS", "DAYS"):
        if name.endswith(f"_{unit}"):
            return f"{_figure(value)} {unit.lower()}"
    if isinstance(value, int) and re.search("octet|byte", f"{name} {bound.meaning}".lower()):
        for size, letters in ((1 << 60, "EiB"), (1 << 30, "GiB"), (1 << 20, "MiB"), (1 << 10, "KiB")):
            if value >= size and value % size == 0:
                return f"{value // size} {letters}"
    return _figure(value)


def _figure(value: Any) -> str:
    return (
        f"{value:,}" if isinstance(value, int) else f"{value:g}" if isinstance(value, float) else str(value)
    )


if __name__ == "__main__":
    sys.exit(main())
