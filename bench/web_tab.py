"""A page of Chromium that nobody but us looks at: for measuring how much memory it has.

Playwright has the page's own process keep the answer to every request, as developer tools do: up to 200 MB, which no user has. So the page is made and driven over the browser's
session (DevTools protocol, Target.sendMessageToTarget), in a context that Playwright does not know. Not here: what a user does (`web_use`).
"""

from __future__ import annotations

import itertools
import time
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

import msgspec

if TYPE_CHECKING:
    from playwright.sync_api import Browser

PATIENCE: Final = 20.0  # seconds for what should be there at once
_REST: Final = 0.002  # between two looks
_KEYS: Final = {"Enter": ("\r", 13)}  # text and virtual code of keys that are no letters


class Silent(Exception):
    """The page has not answered, or what was waited for did not come."""


class Tab:
    """A window of 1280 by 800 at an address."""

    def __init__(self, browser: Browser) -> None:
        self._browser: Any = browser.new_browser_cdp_session()
        self._answers: dict[int, dict[str, Any]] = {}
        self._numbers = itertools.count(1)
        self._browser.on("Target.receivedMessageFromTarget", self._heard)
        context = self._browser.send("Target.createBrowserContext")["browserContextId"]
        where = {"url": "about:blank", "browserContextId": context, "width": 1280, "height": 800}
        target = self._browser.send("Target.createTarget", where)["targetId"]
        attached = self._browser.send("Target.attachToTarget", {"targetId": target, "flatten": False})
        self._session = attached["sessionId"]
        self.ask("Emulation.setFocusEmulationEnabled", enabled=True)

    def ask(self, method: str, **params: Any) -> dict[str, Any]:
        """A command to the page, and its answer."""
        number = next(self._numbers)
        message = msgspec.json.encode({"id": number, "method": method, "params": params}).decode()
        self._browser.send("Target.sendMessageToTarget", {"sessionId": self._session, "message": message})
        until = time.monotonic() + PATIENCE
        while number not in self._answers:
            if time.monotonic() > until:
                raise Silent(method)
            time.sleep(_REST)
            self._browser.send("Browser.getVersion")  # so that what has come meanwhile is heard
        answer = self._answers.pop(number)
        if "error" in answer:
            raise Silent(f"{method}: {answer['error']['message']}")
        found: dict[str, Any] = answer["result"]
        return found

    def evaluate(self, expression: str) -> Any:
        """The value of an expression, awaited."""
        done = self.ask(
            "Runtime.evaluate",
            expression=expression,
            awaitPromise=True,
            returnByValue=True,
            userGesture=True,
        )
        if "exceptionDetails" in done:
            raise Silent(f"{expression}: {done['exceptionDetails']}")
        return done["result"].get("value")

    def until(self, expression: str) -> None:
        """Waits for an expression, or what it promises, to be true."""
        end = time.monotonic() + PATIENCE
        while not self.evaluate(f"Promise.resolve({expression}).then(Boolean)"):
            if time.monotonic() > end:
                raise Silent(expression)

    def press(self, key: str) -> None:
        """A key, down and up."""
        text, code = _KEYS.get(key, (key, ord(key[0].upper())))
        for kind in ("keyDown", "keyUp"):
            self.ask("Input.dispatchKeyEvent", type=kind, key=key, text=text, windowsVirtualKeyCode=code)

    def write(self, selector: str, text: str) -> None:
        """Text into a field, in place of what is there."""
        self.until(f"document.querySelector('{selector}')")
        self.evaluate(
            f"(() => {{ const field = document.querySelector('{selector}'); field.focus(); field.select?.(); }})()"
        )
        self.ask("Input.insertText", text=text)

    def own_memory(self) -> float:
        """Megabytes of the page's process that are its alone (RssAnon): the program's own pages, which all processes share, are not."""
        processes = self._browser.send("SystemInfo.getProcessInfo")["processInfo"]
        return max(_anonymous(one["id"]) for one in processes if one["type"] == "renderer")

    def _heard(self, event: dict[str, Any]) -> None:
        if event["sessionId"] == self._session:
            message = msgspec.json.decode(event["message"], type=dict[str, Any])
            if "id" in message:
                self._answers[message["id"]] = message


def _anonymous(process: int) -> float:
    lines = Path(f"/proc/{process}/status").read_text("ascii").splitlines()
    return next((int(line.split()[1]) / 1e3 for line in lines if line.startswith("RssAnon")), 0.0)
