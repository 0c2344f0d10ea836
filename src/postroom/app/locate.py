"""Where a server of this machine keeps its things, and which server a command means.

A server is named by its configuration file: `--config`, $POSTROOM_CONFIG, ./postroom.toml, /etc/postroom/postroom.toml. When a lab of the same
user runs and none of the first three is there, its servers are meant. Paths in a file are relative to the file. Not here: what is in the files
(`app.settings.file`), and talking to the server (`app.control`).
"""

from __future__ import annotations

import os
import tomllib
from collections.abc import Callable, Mapping
from pathlib import Path
from urllib.parse import quote

import msgspec
from msgspec.structs import replace

from postroom.agent import runtime
from postroom.app.maildrop import make_directory
from postroom.app.settings.file import Settings, SettingsError, load
from postroom.store.engine.durable import make_durable

CONFIG = "postroom.toml"
SYSTEM_CONFIG = Path("/etc/postroom") / CONFIG
VARIABLE = "POSTROOM_CONFIG"
OPEN_TO_ALL = 0o711  # of the data directory


class Places(msgspec.Struct, frozen=True):
    """What lies where below the data directory. It is open to all (0711) and holds nothing but these, each with a mode of its own."""

    data: Path
    socket: str = ""

    @property
    def store(self) -> Path:
        """The embedded database and large messages (0700)."""
        return self.data / "store"

    @property
    def incoming(self) -> Path:
        """Long messages on their way in: files without names, so it looks empty (0700)."""
        return self.store / "incoming"

    @property
    def keys(self) -> Path:
        """Certificates, keys, the vault's key (0700)."""
        return self.data / "keys"

    @property
    def drop(self) -> Path:
        """Mail that local users drop while the server is down (1733)."""
        return self.data / "drop"

    @property
    def rejected(self) -> Path:
        """What was dropped and is no mail (0700)."""
        return self.data / "rejected"

    @property
    def control(self) -> Path:
        """The control socket (0666)."""
        return Path(self.socket) if self.socket else self.data / "control"


class Server(msgspec.Struct, frozen=True):
    """A server that a command may mean; `settings` None where only its socket is known (a lab's). `dns` is the name server of its world,
    "" for the system's; `address` what its name leads to in that world, where it is known."""

    name: str
    control: Path
    settings: Settings | None = None
    dns: str = ""
    address: str = ""

    @property
    def places(self) -> Places | None:
        """Its directories, where its settings are known."""
        return places_of(self.settings) if self.settings else None


def places_of(settings: Settings) -> Places:
    """The places of a server whose settings have absolute paths (`load_at`)."""
    return Places(Path(settings.server.data), settings.listen.control)


def make_data(places: Places) -> None:
    """Makes the data directory where there is none: anybody may pass through it, to the control socket and the drop directory."""
    if not places.data.is_dir():
        make_durable(places.data, OPEN_TO_ALL)


def make_places(places: Places) -> None:
    """Makes the data directory and what has a mode of its own in it; what is there gets that mode."""
    make_data(places)
    places.data.chmod(OPEN_TO_ALL)
    for path in (places.store, places.keys):
        path.mkdir(exist_ok=True)
        path.chmod(0o700)
    make_directory(places.drop)


def store_url(settings: Settings) -> str:
    """Which database the server has."""
    return settings.server.database or sqlite_url(places_of(settings).store)


def sqlite_url(directory: Path) -> str:
    """The embedded database in a directory, whatever signs are in its name."""
    return f"sqlite://{quote(str(directory))}"


def load_at(path: Path) -> Settings:
    """Reads a configuration and makes its paths absolute; raises `SettingsError`."""
    start = path.resolve().parent
    return _absolute(load(path), lambda name: str(start / name) if name else "")


def _absolute(settings: Settings, at: Callable[[str], str]) -> Settings:
    """`at` makes a path of the file absolute, and leaves "" as it is."""
    server, listen, tls, acme = settings.server, settings.listen, settings.tls, settings.acme
    authentication = settings.authentication
    routes = {
        domain: replace(route, password_file=at(route.password_file))
        for domain, route in settings.routes.items()
    }
    return replace(
        settings,
        server=replace(server, data=at(server.data or "."), aliases=at(server.aliases)),
        listen=replace(listen, control=at(listen.control)),
        tls=replace(
            tls,
            certificates=tuple(at(name) for name in tls.certificates),
            keys=tuple(at(name) for name in tls.keys),
            authorities=at(tls.authorities),
            client_authorities=at(tls.client_authorities),
        ),
        acme=replace(acme, authorities=at(acme.authorities), external_key_file=at(acme.external_key_file)),
        authentication=replace(authentication, suffix_list=at(authentication.suffix_list)),
        routes=routes,
    )


class Here(msgspec.Struct, frozen=True):
    """Where a command is called."""

    environ: Mapping[str, str] = os.environ
    directory: Path = Path()
    system: Path = SYSTEM_CONFIG


def config_path(given: Path | None, here: Here = Here()) -> Path | None:
    """The configuration that was named or lies here; None when there is only the system's, or none."""
    if given is not None:
        return given
    if here.environ.get(VARIABLE):
        return Path(here.environ[VARIABLE])
    local = here.directory / CONFIG
    return local if local.is_file() else None


def find_servers(given: Path | None, here: Here = Here()) -> list[Server]:
    """The servers that are meant: one, or all of a running lab. Raises `SettingsError` when there is none."""
    path = config_path(given, here)
    if path is None:
        servers = lab_servers(here)
        if servers:
            return servers
    return [_configured(path or here.system)]


def system_servers(given: Path | None, here: Here = Here()) -> list[Server]:
    """As `find_servers` for programs that run anywhere, such as sendmail: not the directory's, and the system's before a lab's."""
    path = given or (Path(here.environ[VARIABLE]) if here.environ.get(VARIABLE) else None)
    if path is None and not here.system.is_file():
        servers = lab_servers(here)
        if servers:
            return servers
    return [_configured(path or here.system)]


def lab_servers(here: Here = Here()) -> list[Server]:
    """The servers of a running lab of this user; [] without one."""
    path = runtime.find(runtime.SERVERS, here.environ)
    if path is None:
        return []
    try:
        found = tomllib.loads(path.read_text("utf-8"))["servers"]
        return [
            Server(
                str(name),
                Path(server["control"]),
                dns=str(server.get("dns", "")),
                address=str(server.get("address", "")),
            )
            for name, server in found.items()
        ]
    except (OSError, tomllib.TOMLDecodeError, KeyError, TypeError, AttributeError) as error:
        raise SettingsError(f"{path} is not a lab's: {error}; stop the lab and start it again") from error


def _configured(path: Path) -> Server:
    settings = load_at(path)
    return Server(settings.server.hostname, places_of(settings).control, settings)
