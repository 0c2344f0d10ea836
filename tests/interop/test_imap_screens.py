"""Mail programs that fill a terminal: aerc and alpine, with somebody before them who types."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from urllib.parse import quote

import pytest

from imap_box import ImapBox
from letters import letter, stamp
from running import until
from screen import Screen

TEXT = "Do you like ketchup?\nHow about pickles?\n"


@pytest.fixture
def box(imap_of, newcomer) -> ImapBox:
    return imap_of(newcomer)


@pytest.fixture
def three(box) -> list[bytes]:
    """Three letters in the INBOX, oldest first."""
    raws = [letter("alice@crepes.test", box.user, f"{stamp()} number{n}", TEXT) for n in range(3)]
    for raw in raws:
        box.put(raw)
    return raws


@pytest.fixture
def screen(home, tmp_path, require_tool, lab) -> Iterator[Callable[..., Screen]]:
    """Starts a program on a terminal of its own."""
    opened: list[Screen] = []

    def start(program: str, *words: str | Path) -> Screen:
        command: Sequence[str] = [require_tool(program), *map(str, words)]
        require_tool("tmux")
        opened.append(Screen(tmp_path, command, {**home, "SSL_CERT_FILE": lab.ca}))
        return opened[-1]

    yield start
    for one in opened:
        one.close()


def test_aerc(screen, lab, box, three, tmp_path):
    config = tmp_path / ".config" / "aerc"
    config.mkdir(parents=True)
    source = f"imaps://{quote(box.user, safe='')}:{box.password}@localhost:{lab.port('imaps')}"
    accounts = config / "accounts.conf"
    accounts.touch(0o600)
    accounts.write_text(f"[lab]\nsource = {source}\nfrom = <{box.user}>\ndefault = INBOX\n")
    aerc = screen("aerc")
    for words in ("number0", "number1", "number2", "Archive"):
        aerc.shows(words)
    late = letter("alice@crepes.test", box.user, f"{stamp()} number3", TEXT)
    box.put(late)
    aerc.shows("number3")  # by IDLE

    def command(text: str) -> None:
        aerc.text(f":{text}")
        aerc.keys("Enter")

    command("select 0")
    aerc.keys("Enter")
    aerc.shows("How about pickles?")
    command("close")
    command("move Archive")
    until("the letter to be moved", lambda: box.letters("Archive") == [late])
    command("mkdir Recipes/Sweet")
    until("the folder to be made", lambda: "Recipes/Sweet" in box.folders())
    aerc.shows("(no messages)")  # it goes into the folder that it has made
    command("cf INBOX")
    aerc.shows("number2")
    command("select 0")
    command("copy Recipes/Sweet")
    until("the letter to be copied", lambda: box.letters("Recipes/Sweet") == [three[2]])
    command("delete-message")
    until("the letter to be deleted", lambda: box.letters() == sorted(three[:2]))
    command("quit")
    aerc.ends()


def test_alpine(screen, lab, box, three, tmp_path):
    server = f'{{localhost:{lab.port("imaps")}/ssl/user="{box.user}"}}'
    quiet = (
        "quit-without-confirm,expunge-without-confirm,disable-password-caching,disable-password-file-saving"
    )
    (tmp_path / "pinerc").write_text(
        f'inbox-path={server}INBOX\nfolder-collections="Lab" {server}[]\nsystem-certs-file={lab.ca}\n'
        f"feature-list={quiet}\nlast-version-used=7.00\ndefault-fcc=\n"
    )
    alpine = screen("alpine", "-p", tmp_path / "pinerc")
    alpine.shows("ENTER PASSWORD")
    alpine.text(box.password)
    alpine.keys("Enter")
    alpine.shows("Folder: INBOX ")
    alpine.keys("i")
    alpine.shows("number0")
    late = letter("alice@crepes.test", box.user, f"{stamp()} number3", TEXT)
    box.put(late)
    alpine.keys("C-l")
    alpine.shows("number3")
    alpine.keys("2", "Enter")
    alpine.shows("Message 2 of 4")
    alpine.keys("Enter")
    alpine.shows("How about pickles?")
    alpine.keys("s")
    alpine.shows("SAVE Msg #2")
    alpine.text("Archive")
    alpine.keys("Enter")
    until("the letter to be saved", lambda: box.letters("Archive") == [three[1]])
    alpine.keys("<")
    alpine.shows("MESSAGE INDEX")
    alpine.keys("1", "Enter")
    alpine.shows("Message 1 of 4")
    alpine.keys("d")
    alpine.shows("D   1 ")
    alpine.keys("x")
    until("two letters to be gone", lambda: box.letters() == sorted([three[2], late]))
    alpine.keys("l")
    assert "Drafts" in alpine.shows("Trash")
    alpine.keys("q")
    alpine.ends()
