"""The command line of sendmail(1), as forty years of programs write it.

Options stand in clusters, with their values attached or behind them; what has no meaning here is taken and ignored, so that no caller breaks.
The first argument that is no option ends them, and so does `--`: a recipient that begins with `-` needs it. RFC 3461 §4 (-N, -R, -V). Not here:
what is done.
"""

from __future__ import annotations

import enum

import msgspec

from postroom.message.envelope import Notify

_FLAGS = frozenset("GIUcimntvx")  # without a value
_VALUED = frozenset("ABCDFLMNORVXfhpr")  # attached, or the next argument
_ATTACHED = frozenset("bdeoq")  # attached, or none
_NOTIFY = {"success": Notify.SUCCESS, "failure": Notify.FAILURE, "delay": Notify.DELAY}

HELP = """\
Usage: sendmail [OPTIONS] ADDRESS...
       mailq | newaliases

  Send the message that standard input has; it ends with the input, or with a
  line that is a dot.

Options:
  -t            To whom it goes is said by its header: To, Cc, Bcc.
  -i            A line that is a dot does not end it (also -oi).
  -f ADDRESS    The envelope's sender; '<>' for none.
  -F NAME       The sender's name, where the header has no From.
  -N WHEN       Reports: never, or any of success,failure,delay.
  -R full|hdrs  How much of the message a report has.
  -V ENVID      What reports call the envelope.
  -v            Say what it was accepted as.
  -C FILE       The server's configuration.
  -bs           Speak SMTP on standard input and output.
  -bv           Only say where mail to each address would go.
  -bp           List the queue, as mailq.
  -bi           Import the alias file, as newaliases.
  -bd           Run the server.
  -q            Try the queue now; -qIid, -qRrecipient or -qSsender: only this.
  --help        Show this message and exit.
"""


class Mode(enum.StrEnum):
    """-b and the options that mean the same."""

    DELIVER = "m"
    SMTP = "s"
    QUEUE = "p"
    ALIASES = "i"
    DAEMON = "d"
    VERIFY = "v"
    FLUSH = "q"


class Options(msgspec.Struct):
    """What was asked for. `sender` None: not said, "" the null reverse-path; `flush` is what -q is about (I, R or S and a text), "" all."""

    mode: Mode = Mode.DELIVER
    recipients: list[str] = []
    header_recipients: bool = False
    dot_ends: bool = True
    sender: str | None = None
    name: str = ""
    notify: Notify | None = None
    ret: str = ""
    envid: str = ""
    config: str = ""
    verbose: bool = False
    flush: str = ""


class BadOption(Exception):
    """The command line is wrong (EX_USAGE)."""


def parse_options(arguments: list[str], mode: Mode = Mode.DELIVER) -> Options:
    """Reads all arguments behind the program's name; raises `BadOption`."""
    options = Options(mode=mode)
    rest = list(arguments)
    while rest and rest[0].startswith("-") and rest[0] != "-":
        argument = rest.pop(0)
        if argument == "--":
            break
        _cluster(options, argument[1:], rest)
    options.recipients = rest
    return options


def _cluster(options: Options, cluster: str, rest: list[str]) -> None:
    while cluster:
        letter, cluster = cluster[0], cluster[1:]
        if letter in _FLAGS:
            _flag(options, letter)
        elif letter in _ATTACHED:
            if letter == "o" and not cluster and rest and not rest[0].startswith("-"):
                cluster = rest.pop(0)
            _attached(options, letter, cluster)
            return
        elif letter in _VALUED:
            if not cluster and not rest:
                raise BadOption(f"-{letter} needs a value")
            _valued(options, letter, cluster or rest.pop(0))
            return
        else:
            raise BadOption(f"-{letter}{cluster if letter == '-' else ''} is not an option of sendmail")


def _flag(options: Options, letter: str) -> None:
    match letter:
        case "t":
            options.header_recipients = True
        case "i":
            options.dot_ends = False
        case "v":
            options.verbose = True
        case "I":
            options.mode = Mode.ALIASES


def _attached(options: Options, letter: str, value: str) -> None:
    match letter, value[:1]:
        case "b", _:
            options.mode = _mode(value)
        case "o", "i":
            options.dot_ends = False
        case "q", _ if options.mode is not Mode.DAEMON:
            options.mode = Mode.FLUSH
            options.flush = value if value[:1] in ("I", "R", "S") else ""


def _mode(value: str) -> Mode:
    if value == "D":  # the daemon in the foreground, as ours always is
        return Mode.DAEMON
    if value in tuple(Mode) and value != Mode.FLUSH:
        return Mode(value)
    known = ", ".join(f"-b{mode}" for mode in Mode if mode is not Mode.FLUSH)
    raise BadOption(f"-b{value} is not supported; there are {known}")


def _valued(options: Options, letter: str, value: str) -> None:
    match letter:
        case "f" | "r" | "V" if not _is_unicode(value):
            raise BadOption(f"-{letter} {value}: write it in UTF-8")
        case "f" | "r":
            options.sender = value.strip().removeprefix("<").removesuffix(">")
        case "F":  # a name in another charset is no reason to lose the message
            options.name = value if _is_unicode(value) else ""
        case "C":
            options.config = value
        case "N":
            options.notify = _notify(value)
        case "R":
            options.ret = {"full": "FULL", "hdrs": "HDRS"}.get(value.lower(), "")
            if not options.ret:
                raise BadOption(f"-R {value}: it is full or hdrs")
        case "V":
            options.envid = value
        case "B" if value.upper() not in ("7BIT", "8BITMIME"):
            raise BadOption(f"-B {value}: it is 7BIT or 8BITMIME")


def _is_unicode(value: str) -> bool:
    """Whether all octets of an argument were characters: the others are lone surrogates."""
    return not any("\ud800" <= letter <= "\udfff" for letter in value)


def _notify(value: str) -> Notify:
    words = value.lower().split(",")
    if words == ["never"]:
        return Notify.NEVER
    notify = Notify.NEVER
    for word in words:
        if word not in _NOTIFY:
            raise BadOption(f"-N {value}: it is never, or some of success, failure, delay")
        notify |= _NOTIFY[word]
    return notify
