"""Half an hour of somebody's work in the web mail, compressed: what it does to the page's memory. Run by hand, against any server that has some mail.

    .venv/bin/python -m bench.web_use http://127.0.0.1:2580/mail/ bob@hamburger.test PASSWORD [ACTIONS]

Reads, scrolls, stars, archives and takes back, searches, writes and throws away, goes from folder to folder. Every now and then it prints what the page's scripts hold after rubbish was
collected, how many nodes and listeners there are, and what the process of the page has of the machine's memory. Not here: times, which `make bench` measures.
"""

from __future__ import annotations

import sys
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

from bench.web_browser import JUMP, OPEN, program

if TYPE_CHECKING:
    from playwright.sync_api import Browser, Page

ACTIONS: Final = 2_000
TOLD: Final = 10  # times that figures are printed
# Whether there are enough rows on the screen to choose from.
ROWS: Final = """() => {
  const top = document.querySelector('.rows')?.getBoundingClientRect().top ?? 0;
  const seen = [...document.querySelectorAll('.row:not(.waiting)')].filter((one) => one.getBoundingClientRect().top >= top).length > 4;
  const still = window.lately === (window.lately = document.querySelector('.rows')?.scrollTop);
  return seen && still;
}"""
WORDS: Final = ("number", "many", "from:sender1", "few words", "is:unread")


class User:
    """Who uses the page, one action after the other; always the same ones in the same order."""

    def __init__(self, page: Page) -> None:
        self._page = page
        self._deeds: tuple[Callable[[int], None], ...] = (
            self._open, self._open, self._star, self._scroll, self._open, self._archive, self._open, self._search, self._write, self._folder,
        )  # fmt: skip

    def act(self, number: int) -> None:
        """One action."""
        self._deeds[number % len(self._deeds)](number)

    def _open(self, number: int) -> None:
        self._page.wait_for_function(ROWS)
        self._page.evaluate(OPEN, number % 2)

    def _star(self, _number: int) -> None:
        self._page.keyboard.press("s")

    def _scroll(self, number: int) -> None:
        self._page.evaluate(JUMP, (number * 37 % 100) / 100)

    def _archive(self, number: int) -> None:
        self._open(number)
        self._page.keyboard.press("e")
        told = self._page.locator(".toast", has_text="archived").get_by_role("button", name="Undo").last
        told.press("Enter")
        told.wait_for(state="detached")

    def _search(self, number: int) -> None:
        self._page.locator("#search-text").fill(WORDS[number // 10 % len(WORDS)])
        self._page.keyboard.press("Enter")
        self._page.locator(".found-head").first.wait_for()
        self._inbox()

    def _write(self, number: int) -> None:
        self._page.keyboard.press("c")
        window = self._page.locator(".compose").last
        window.locator(".compose-subject").fill(f"letter {number}")
        window.locator(".compose-text[contenteditable=true]").click()
        self._page.keyboard.type("A few words that nobody will ever read.")
        window.get_by_role("button", name="Discard", exact=True).press("Enter")
        window.wait_for(state="detached")

    def _folder(self, _number: int) -> None:
        self._page.get_by_role("link", name="Sent").click()
        self._page.get_by_role("heading", name="Sent").wait_for()
        self._inbox()

    def _inbox(self) -> None:
        self._page.get_by_role("link", name="Inbox").first.click()
        self._page.get_by_role("heading", name="Inbox").wait_for()
        self._page.locator(".row:not(.waiting)").first.wait_for()


def measured(browser: Browser, page: Page) -> str:
    """What the page holds."""
    devtools: Any = page.context.new_cdp_session(page)
    devtools.send("HeapProfiler.collectGarbage")
    heap = devtools.send("Runtime.getHeapUsage")["usedSize"] / 1e6
    counts = devtools.send("Memory.getDOMCounters")
    devtools.detach()
    machine: Any = browser.new_browser_cdp_session()
    processes = machine.send("SystemInfo.getProcessInfo")["processInfo"]
    machine.detach()
    resident = max(_resident(one["id"]) for one in processes if one["type"] == "renderer")
    return f"heap {heap:6.1f} MB, {counts['nodes']:6} nodes, {counts['jsEventListeners']:5} listeners, process {resident:6.1f} MB"


def say(line: str) -> None:
    """A line at once: the whole takes minutes."""
    sys.stdout.write(f"{line}\n")
    sys.stdout.flush()


def _resident(process: int) -> float:
    lines = Path(f"/proc/{process}/status").read_text("ascii").splitlines()
    return next((int(line.split()[1]) / 1e3 for line in lines if line.startswith("VmRSS")), 0.0)


def main(url: str, address: str, password: str, actions: int = ACTIONS) -> None:
    """Signs in, and works."""
    from playwright.sync_api import sync_playwright  # noqa: PLC0415 -- it is not everywhere

    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=program(), args=["--no-sandbox"])
        page = browser.new_context(viewport={"width": 1280, "height": 800}, locale="en-GB").new_page()
        page.goto(url)
        page.get_by_label("Address").fill(address)
        page.get_by_label("Password").fill(password)
        page.get_by_role("button", name="Sign in").click()
        page.locator(".row:not(.waiting)").first.wait_for()
        say(f"{0:5} actions: {measured(browser, page)}")
        user = User(page)
        for number in range(actions):
            user.act(number)
            if (number + 1) % max(1, actions // TOLD) == 0:
                say(f"{number + 1:5} actions: {measured(browser, page)}")
        browser.close()


if __name__ == "__main__":
    where, who, secret, *number = sys.argv[1:]
    main(where, who, secret, int(number[0]) if number else ACTIONS)
