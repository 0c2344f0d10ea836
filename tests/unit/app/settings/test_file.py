"""The configuration file: defaults, refusals that name the remedy, and the description that can be read back."""

from __future__ import annotations

import tomllib
from pathlib import Path

import pytest

from postroom.app.settings.file import Settings, SettingsError, describe, load, parse


def test_an_empty_file_is_the_default() -> None:
    assert parse("") == Settings()


def test_names_of_this_system_are_compared_as_the_dns_does() -> None:
    """RFC 4343 §3: their case says nothing."""
    server = parse('[server]\nhostname = "Mail.Example.COM"\ndomain = "EXAMPLE.com"').server
    assert (server.hostname, server.domain) == ("mail.example.com", "example.com")


@pytest.mark.parametrize("number", [999_999_999_999, 1 << 64])
@pytest.mark.parametrize(
    ("section", "key"),
    [
        *(("queue", key) for key in ("life", "bounce_life", "delay_notice")),
        *(("signing", key) for key in ("rotate_days", "wait_hours", "overlap_days", "keep_days")),
        *(("guard", key) for key in ("greylist_window", "greylist_days")),
        *(("mailboxes", key) for key in ("pop3_expire_days", "pop3_login_delay")),
        *(("journey", "days"), ("reports", "days")),
    ],
)
def test_what_no_clock_can_reckon_with_is_refused(section: str, key: str, number: int) -> None:
    with pytest.raises(
        SettingsError, match=rf"^configuration: \[{section}\] {key}: expected `int` <= [0-9]+$"
    ):
        parse(f"[{section}]\n{key} = {number}\n")


def test_what_the_store_cannot_count_is_refused() -> None:
    with pytest.raises(SettingsError, match=r"\[mailboxes\] quota_bytes: expected `int` <= "):
        parse(f"[mailboxes]\nquota_bytes = {1 << 63}")
    with pytest.raises(SettingsError, match="<= "):
        parse("[queue]\nwaits = [300, 999_999_999_999]")


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("[listen]\nsmpt = 25", "[listen] unknown key smpt: did you mean smtp?"),
        ("[lisen]\nsmtp = 25", "unknown key lisen: did you mean listen?"),
        ('data = "mail"', "unknown key data: it is a key of [server]"),
        ("[server]\nsmtp = 25", "[server] unknown key smtp: it is a key of [listen]"),
        ("[server]\nzzz = 1", "[server] unknown key zzz: known keys: hostname, domain, data"),
        ('[routes."a.test"]\nhost = "x"\nprot = 1', "unknown key prot: did you mean port?"),
        ("[server]\nhostname = 1", "[server] hostname: expected `str`, got `int`"),
        ("[limits]\nrecipients = 99", ">= 100"),
        ("[listen]\nsmtp = 70000", "[listen] smtp: expected `int` <= 65535"),
        ("[listen]\npop3 = -2", ">= -1"),
        ("[queue]\nwaits = []", "[queue] waits: expected `array` of length >= 1"),
        ("[queue]\nwaits = [300, 0]", ">= 1"),
        ("[queue]\nlife = -1", ">= 1"),
        ("[listen]\naddresses = []", "[listen] addresses: expected"),
        ('[log]\nlevel = "verbose"', "(debug|info|warning|error)"),
        ('[log]\nformat = "xml"', "(console|json|auto)"),
        ('[mailboxes]\nrecipient_delimiter = "@"', "[mailboxes] recipient_delimiter: expected"),
        ("[limits]\nconnections_per_client = -5", ">= 0"),
        ("x =", "not TOML"),
    ],
)
def test_a_mistake_is_named_with_its_remedy(text: str, words: str) -> None:
    with pytest.raises(SettingsError) as caught:
        parse(text)
    assert words in str(caught.value)


def test_what_is_there_and_no_file_is_not_to_be_made(tmp_path: Path) -> None:
    with pytest.raises(SettingsError, match=r"Is a directory$"):
        load(tmp_path)


def test_a_missing_file_names_the_command_that_makes_one(tmp_path: Path) -> None:
    with pytest.raises(SettingsError, match="postroom quickstart"):
        load(tmp_path / "none.toml")


def test_a_file_of_another_charset_names_the_line(tmp_path: Path) -> None:
    path = tmp_path / "postroom.toml"
    path.write_bytes(b"[server]\n# J\xf6rg\n")
    with pytest.raises(SettingsError, match="line 2 is not UTF-8"):
        load(path)


def test_the_description_is_toml_and_documents_every_key() -> None:
    text = describe()
    assert all("    # " in line for line in text.splitlines() if line.startswith("# ") and " = " in line)
    uncommented = "\n".join(
        line.removeprefix("# ") for line in text.splitlines() if " = " in line or line.startswith("[")
    )
    assert set(tomllib.loads(uncommented)) == set(Settings.__struct_fields__)
