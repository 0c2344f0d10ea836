"""A PostgreSQL server of our own for the tests: made in a temporary directory, gone when they end.

Nothing of an installed cluster is touched. Durability is off: these tests ask whether statements are right, and those that
ask whether they last start their own server.
"""

import asyncio
import os
import pwd
import re
import shutil
import socket
import subprocess
import tempfile
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager
from itertools import count
from pathlib import Path

import asyncpg
import pytest

from postroom.store.engine.migrations import migrate
from postroom.store.engine.postgres import PostgresEngine
from postroom.store.engine.postgres_options import PostgresOptions

OLDEST = 15
SETTINGS = {
    "fsync": "off",
    "synchronous_commit": "off",
    "full_page_writes": "off",
    "jit": "off",
    "dynamic_shared_memory_type": "mmap",  # in the data directory, and gone with it
    "max_connections": "60",
    "shared_buffers": "32MB",
    "listen_addresses": "127.0.0.1",
}
TEMPLATE = "with_tables"


@pytest.fixture(scope="session")
def postgres_server() -> Iterator[str]:
    """The URL of a running server's maintenance database; one server for each pytest process."""
    programs = find_programs()
    owner = unprivileged_user()
    directory = Path(tempfile.mkdtemp(prefix="postroom-pg-"))
    try:
        if owner:
            os.chown(directory, owner.pw_uid, owner.pw_gid)
        server = Cluster(programs, directory, owner)
        server.start()
        try:
            yield f"postgresql://postroom@127.0.0.1:{server.port}/postgres"
        finally:
            server.stop()
    finally:
        shutil.rmtree(directory, ignore_errors=True)


@pytest.fixture(scope="session")
def template_database(postgres_server: str) -> str:
    """The name of a database with all tables, empty: a copy of it takes a third of the time of making them."""
    asyncio.run(_make_template(postgres_server))
    return TEMPLATE


async def _make_template(server: str) -> None:
    connection = await asyncpg.connect(server)
    await connection.execute(f"create database {TEMPLATE} template template0")
    await connection.close()
    engine = await PostgresEngine.open(_beside(server, TEMPLATE), PostgresOptions(writers=1, readers=1))
    await migrate(engine, 1)
    await engine.close()


@pytest.fixture
async def database_url(
    postgres_server: str, template_database: str, request: pytest.FixtureRequest
) -> AsyncIterator[str]:
    """The URL of a database with all tables, empty, dropped after the test."""
    async with _database(postgres_server, template_database, request.config) as url:
        yield url


@pytest.fixture
async def bare_database_url(postgres_server: str, request: pytest.FixtureRequest) -> AsyncIterator[str]:
    """The URL of a database without tables, dropped after the test."""
    async with _database(postgres_server, "template0", request.config) as url:
        yield url


@asynccontextmanager
async def _database(server: str, template: str, config: pytest.Config) -> AsyncIterator[str]:
    name = f"test_{next(_numbers(config))}"
    connection = await asyncpg.connect(server)
    try:
        await connection.execute(f"create database {name} template {template} strategy file_copy")
        yield _beside(server, name)
        await connection.execute(f"drop database {name} with (force)")
    finally:
        await connection.close()


def _beside(server: str, name: str) -> str:
    return server.removesuffix("postgres") + name


_NUMBERS = pytest.StashKey[Iterator[int]]()


def _numbers(config: pytest.Config) -> Iterator[int]:
    return config.stash.setdefault(_NUMBERS, count(1))


class Cluster:
    """One data directory and its server process."""

    def __init__(self, programs: Path, directory: Path, owner: pwd.struct_passwd | None) -> None:
        self.programs = programs
        self.directory = directory
        self.owner = owner
        self.port = 0

    def start(self) -> None:
        """Raises subprocess.CalledProcessError, with the server's own words as a note."""
        self._run(
            "initdb", "--auth=trust", "--username=postroom", "--encoding=UTF8", "--locale=C", "--no-sync"
        )
        for attempt in range(3):
            self.port = free_port()  # another program may take it before the server does
            try:
                self._run("pg_ctl", "start", "-w", "-t", "50", "-l", str(self._log), "-o", self._options())
            except subprocess.CalledProcessError as error:
                if attempt == 2:
                    error.add_note(self._log.read_text(errors="replace"))
                    raise
            else:
                return

    def stop(self) -> None:
        self._run("pg_ctl", "stop", "-m", "immediate")

    @property
    def _log(self) -> Path:
        return self.directory / "log"

    def _options(self) -> str:
        settings = SETTINGS | {"port": str(self.port), "unix_socket_directories": str(self.directory)}
        return " ".join(f"-c {name}={value}" for name, value in settings.items())

    def _run(self, program: str, *arguments: str) -> None:
        # Not a pipe for the output: the server inherits it, and would keep it open.
        with (self.directory / f"{program}.out").open("w+b") as output:
            done = subprocess.run(
                [self.programs / program, "-D", self.directory / "data", *arguments],
                cwd=self.directory,
                stdin=subprocess.DEVNULL,
                stdout=output,
                stderr=subprocess.STDOUT,
                check=False,
                user=self.owner.pw_uid if self.owner else None,
                group=self.owner.pw_gid if self.owner else None,
                extra_groups=[] if self.owner else None,
            )
            output.seek(0)
            if done.returncode:
                error = subprocess.CalledProcessError(done.returncode, done.args)
                error.add_note(output.read().decode(errors="replace"))
                raise error


def find_programs() -> Path:
    """The directory with initdb and pg_ctl, of the newest version on this machine; skips where none is new enough."""
    installed = [Path(found).resolve().parent for found in [shutil.which("initdb")] if found]
    versions = {version_of(path): path for path in [*Path("/usr/lib/postgresql").glob("*/bin"), *installed]}
    if not versions or max(versions) < OLDEST:
        pytest.skip(f"needs PostgreSQL {OLDEST} or newer (apt-get install postgresql)")
    return versions[max(versions)]


def version_of(programs: Path) -> int:
    """Major version of the server whose programs are here; 0 where there is none."""
    if not ((programs / "initdb").exists() and (programs / "pg_ctl").exists()):
        return 0
    text = subprocess.run(
        [programs / "initdb", "--version"], capture_output=True, text=True, check=True
    ).stdout
    found = re.search(r"\(PostgreSQL\) (\d+)", text)
    return int(found[1]) if found else 0


def unprivileged_user() -> pwd.struct_passwd | None:
    """Who runs the server: PostgreSQL refuses to be run by root. None: the caller himself may."""
    if os.geteuid() != 0:
        return None
    for name in ("postgres", "nobody"):
        try:
            return pwd.getpwnam(name)
        except KeyError:
            continue
    pytest.skip("PostgreSQL does not run as root, and there is neither a user postgres nor nobody")


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])
