"""Which server a command means, and where its things are."""

from __future__ import annotations

from pathlib import Path

import pytest

from postroom.agent.runtime import SERVERS, lab_directory, publish
from postroom.app.locate import Here, find_servers, load_at, places_of, store_url, system_servers
from postroom.app.settings.file import SettingsError


def here(tmp_path: Path, **environ: str) -> Here:
    runtime = tmp_path / "run"
    runtime.mkdir(exist_ok=True)
    (tmp_path / "cwd").mkdir(exist_ok=True)
    return Here({"XDG_RUNTIME_DIR": str(runtime), **environ}, tmp_path / "cwd", tmp_path / "etc.toml")


def config(path: Path, hostname: str) -> Path:
    path.write_text(f'[server]\nhostname = "{hostname}"\n')
    return path


def names(given: Path | None, where: Here) -> list[str]:
    return [server.name for server in find_servers(given, where)]


def test_what_is_named_comes_before_what_lies_about(tmp_path: Path) -> None:
    where = here(tmp_path)
    with pytest.raises(SettingsError, match="quickstart"):
        find_servers(None, where)
    config(where.system, "system")
    assert names(None, where) == ["system"]
    publish(
        {SERVERS: '[servers."a.test"]\ncontrol = "/a"\n[servers."b.test"]\ncontrol = "/b"\n'},
        lab_directory(where.environ),
    )
    assert names(None, where) == ["a.test", "b.test"]
    assert [server.name for server in system_servers(None, where)] == ["system"]
    config(where.directory / "postroom.toml", "local")
    assert names(None, where) == ["local"]
    named = here(tmp_path, POSTROOM_CONFIG=str(config(tmp_path / "env.toml", "env")))
    assert names(None, named) == ["env"]
    assert names(config(tmp_path / "given.toml", "given"), named) == ["given"]


def test_programs_that_run_anywhere_find_a_lab_when_there_is_nothing_else(tmp_path: Path) -> None:
    where = here(tmp_path)
    config(where.directory / "postroom.toml", "local")
    publish({SERVERS: '[servers."a.test"]\ncontrol = "/a"\n'}, lab_directory(where.environ))
    assert [server.control for server in system_servers(None, where)] == [Path("/a")]


@pytest.mark.parametrize("text", ["nonsense", "servers = 3\n", "[servers.a]\nsocket = 1\n", "x = 1\n"])
def test_a_lab_file_that_is_none_is_said_so(tmp_path: Path, text: str) -> None:
    where = here(tmp_path)
    publish({SERVERS: text}, lab_directory(where.environ))
    with pytest.raises(SettingsError, match="start it again"):
        find_servers(None, where)


def test_paths_are_relative_to_the_file(tmp_path: Path) -> None:
    path = tmp_path / "postroom.toml"
    path.write_text('[server]\ndata = "mail"\n[tls]\ncertificates = ["c.pem"]\nkeys = ["/k.pem"]\n')
    settings = load_at(path)
    places = places_of(settings)
    assert places.data == tmp_path / "mail"
    assert places.control == tmp_path / "mail" / "control"
    assert settings.tls.certificates == (str(tmp_path / "c.pem"),)
    assert settings.tls.keys == ("/k.pem",)
    assert store_url(settings) == f"sqlite://{tmp_path}/mail/store"


def test_every_path_in_a_file_is_relative_to_it(tmp_path: Path) -> None:
    path = tmp_path / "postroom.toml"
    path.write_text(
        '[tls]\nauthorities = "a.pem"\nclient_authorities = "u.pem"\n[acme]\nauthorities = "b.pem"\nexternal_key_file = "k"\n'
        '[authentication]\nsuffix_list = "psl"\n[routes."*"]\nhost = "x.test"\npassword_file = "p"\n[routes."y.test"]\nhost = "y"\n'
    )
    settings = load_at(path)
    routes, tls, acme = settings.routes, settings.tls, settings.acme
    assert [routes["*"].password_file, routes["y.test"].password_file] == [str(tmp_path / "p"), ""]
    assert [tls.authorities, tls.client_authorities] == [str(tmp_path / "a.pem"), str(tmp_path / "u.pem")]
    assert [acme.authorities, acme.external_key_file] == [str(tmp_path / "b.pem"), str(tmp_path / "k")]
    assert settings.authentication.suffix_list == str(tmp_path / "psl")
    assert load_at(config(tmp_path / "other.toml", "x")).authentication.suffix_list == ""


def test_the_socket_and_the_database_may_be_elsewhere(tmp_path: Path) -> None:
    path = tmp_path / "postroom.toml"
    path.write_text('[server]\ndatabase = "postgresql://db/mail"\n[listen]\ncontrol = "run/control"\n')
    settings = load_at(path)
    assert places_of(settings).control == tmp_path / "run" / "control"
    assert store_url(settings) == "postgresql://db/mail"
