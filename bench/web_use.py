"""Half an hour of somebody's work in the web mail, compressed: what it does to the page's memory. Run by hand, against any server that has some mail.

    .venv/bin/python -m bench.web_use http://127.0.0.1:2580/mail/ bob@hamburger.test PASSWORD [ACTIONS]

Reads, scrolls, stars, archives and takes back, searches, writes and throws away, goes from folder to folder. Every now and then it prints what the page's scripts hold after rubbish was
collected, how many nodes and listeners there are, and how much more memory the page's process has for itself alone than it had with an empty page: what closing the tab gives back, for
which 60 MB are allowed. `make bench` does less of the same (`grown`). Not here: times.
"""

from __future__ import annotations

import sys
from collections.abc import Callable
from typing import Final

from bench.web_browser import JUMP, OPEN, Visit, arguments, program
from bench.web_tab import Tab

ACTIONS: Final = 2_000
TOLD: Final = 10  # times that figures are printed
# Whether there are enough rows on the screen to choose from, and they rest.
ROWS: Final = """new Promise((done) => {
  const rows = () => {
    const box = document.querySelector('.rows');
    const top = box?.getBoundingClientRect().top ?? 0;
    const seen = [...document.querySelectorAll('.row:not(.waiting)')].filter((one) => one.getBoundingClientRect().top >= top);
    return seen.length > 4 ? `${box.scrollTop} ${seen.map((one) => one.textContent)}` : '';
  };
  const before = rows();
  setTimeout(() => done(before !== '' && rows() === before), 50);
})"""
WORDS: Final = ("number", "many", "from:sender1", "few words", "is:unread")
_UNDO: Final = "[...document.querySelectorAll('.toast')].find((one) => one.textContent.includes('archived'))?.querySelector('button:not(.quiet)')"
_DISCARD: Final = "document.querySelector('.compose:last-of-type [aria-label=Discard]')"


class User:
    """Who uses the page, one action after the other; always the same ones in the same order."""

    def __init__(self, tab: Tab) -> None:
        self._tab = tab
        self._deeds: tuple[Callable[[int], None], ...] = (
            self._open, self._open, self._star, self._scroll, self._open, self._archive, self._open, self._search, self._write, self._folder,
        )  # fmt: skip

    def sign_in(self, url: str, address: str, password: str) -> None:
        """Until the first list is there."""
        self._tab.ask("Page.navigate", url=url)
        self._tab.write("input[name=username]", address)
        self._tab.write("input[name=password]", password)
        self._tab.evaluate("document.querySelector('button[type=submit]').click()")
        self._tab.until("document.querySelector('.row:not(.waiting)')")

    def act(self, number: int) -> None:
        """One action."""
        self._deeds[number % len(self._deeds)](number)

    def _open(self, number: int) -> None:
        self._tab.until(ROWS)
        self._tab.evaluate(f"({OPEN})({number % 2})")

    def _star(self, _number: int) -> None:
        self._tab.press("s")

    def _scroll(self, number: int) -> None:
        self._tab.evaluate(f"({JUMP})({(number * 37 % 100) / 100})")

    def _archive(self, number: int) -> None:
        self._open(number)
        self._tab.press("e")
        self._tab.until(_UNDO)
        self._tab.evaluate(f"{_UNDO}.click()")
        self._tab.until(f"!{_UNDO}")

    def _search(self, number: int) -> None:
        self._tab.write("#search-text", WORDS[number // 10 % len(WORDS)])
        self._tab.press("Enter")
        self._tab.until("document.querySelector('.found-head')")
        self._go("inbox")

    def _write(self, number: int) -> None:
        self._tab.press("c")
        self._tab.write(".compose-subject", f"letter {number}")
        self._tab.write(".compose-text[contenteditable=true]", "A few words that nobody will ever read.")
        self._tab.evaluate(f"{_DISCARD}.click()")
        self._tab.until("!document.querySelector('.compose')")

    def _folder(self, _number: int) -> None:
        self._go("sent")
        self._go("inbox")

    def _go(self, folder: str) -> None:
        self._tab.evaluate(f"document.querySelector('.sidebar a[href$=\"/folder/{folder}\"]').click()")
        self._tab.until(
            f"document.querySelector('.sidebar a[aria-current][href$=\"/folder/{folder}\"]') && !document.querySelector('.found-head')"
        )


def measured(tab: Tab, empty: float) -> str:
    """What the page holds."""
    tab.ask("HeapProfiler.collectGarbage")
    heap = tab.ask("Runtime.getHeapUsage")["usedSize"] / 1e6
    counts = tab.ask("Memory.getDOMCounters")
    more = tab.own_memory() - empty
    return f"heap {heap:6.1f} MB, {counts['nodes']:6} nodes, {counts['jsEventListeners']:5} listeners, process {more:+6.1f} MB"


def grown(visit: Visit, actions: int) -> float:
    """Megabytes that the page's process has for itself after so many actions, beyond those of an empty page."""
    from playwright.sync_api import sync_playwright  # noqa: PLC0415 -- it is not everywhere

    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=program(), args=arguments(visit.host))
        try:
            tab = Tab(browser)
            empty = tab.own_memory()
            user = User(tab)
            user.sign_in(visit.url, *visit.login)
            for number in range(actions):
                user.act(number)
            tab.ask("HeapProfiler.collectGarbage")
            return tab.own_memory() - empty
        finally:
            browser.close()


def say(line: str) -> None:
    """A line at once: the whole takes minutes."""
    sys.stdout.write(f"{line}\n")
    sys.stdout.flush()


def main(url: str, address: str, password: str, actions: int = ACTIONS) -> None:
    """Signs in, and works."""
    from playwright.sync_api import sync_playwright  # noqa: PLC0415 -- it is not everywhere

    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=program(), args=["--no-sandbox", "--lang=en-GB"])
        tab = Tab(browser)
        empty = tab.own_memory()
        user = User(tab)
        user.sign_in(url, address, password)
        say(f"{0:5} actions: {measured(tab, empty)} (an empty page has {empty:.1f} MB)")
        for number in range(actions):
            user.act(number)
            if (number + 1) % max(1, actions // TOLD) == 0:
                say(f"{number + 1:5} actions: {measured(tab, empty)}")
        browser.close()


if __name__ == "__main__":
    where, who, secret, *number = sys.argv[1:]
    main(where, who, secret, int(number[0]) if number else ACTIONS)
