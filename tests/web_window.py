"""A window whose network fails on purpose, and what somebody does in it. The fixture `window` (conftest.py) gives one."""

from typing import Any

from playwright.sync_api import Locator, Page, Request, Route, expect

BOB = "bob@hamburger.test"


def stay(page: Page, web_lab, *, stays: bool = True) -> None:
    """Signs Bob in, to stay or not."""
    page.goto(web_lab.url())
    enter(page, web_lab, stays=stays)


def enter(page: Page, web_lab, *, stays: bool) -> None:
    """Bob signs in on the page that is there."""
    page.get_by_label("Address").fill(BOB)
    page.get_by_label("Password").fill(web_lab.password(BOB))
    page.get_by_label("Stay signed in on this device").set_checked(stays)
    page.get_by_role("button", name="Sign in").click()
    page.get_by_role("heading", name="Inbox").wait_for()


def taken_over(page: Page) -> None:
    """The service worker has the page, since a while: see `browser/conftest.py`."""
    page.wait_for_function("() => navigator.serviceWorker.controller")
    page.wait_for_timeout(250)


def kept(page: Page) -> int:
    """Answers that are kept on the device."""
    found: int = page.evaluate(
        """async () => {
            if (!(await indexedDB.databases()).some((one) => one.name === "postroom")) return 0;
            const database = await new Promise((done) => { const asked = indexedDB.open("postroom"); asked.onsuccess = () => done(asked.result); });
            const store = database.transaction("answers").objectStore("answers");
            const count = await new Promise((done) => { const asked = store.count(); asked.onsuccess = () => done(asked.result); });
            database.close();
            return count;
        }"""
    )
    return found


def rows(page: Page, text: str):
    return page.get_by_role("listitem").filter(has_text=text)


def keys(page: Page, text: str, *pressed: str) -> None:
    """A conversation is opened, and keys are pressed."""
    rows(page, text).click()
    expect(page.get_by_role("heading", name=text)).to_be_visible()
    for key in pressed:
        page.keyboard.press(key)


def redirect_to(dialog: Locator, address: str) -> None:
    """The button is pressed once the address stands as a chip: whoever is suggested meanwhile covers it."""
    dialog.get_by_role("combobox", name="To").fill(address)
    dialog.get_by_role("combobox", name="To").press("Enter")
    dialog.get_by_role("button", name="Redirect").click()


def begin(page: Page, subject: str, text: str, to: str = "") -> None:
    """A message is begun."""
    page.evaluate("() => document.activeElement.blur()")  # a letter there is no key here
    page.keyboard.press("c")
    dialog = page.get_by_role("dialog", name="New message")
    dialog.get_by_role("combobox", name="To").fill(to)
    dialog.get_by_label("Subject").fill(subject)
    page.get_by_role("textbox", name="Text of the message").last.click()
    page.keyboard.type(text)


def hide(page: Page) -> None:
    """Another tab is looked at."""
    page.evaluate(
        """() => {
            Object.defineProperty(document, "visibilityState", { value: "hidden", configurable: true });
            document.dispatchEvent(new Event("visibilitychange"));
        }"""
    )


def hands_in(request: Request) -> bool:
    """Whether it sends a message. One whose words cannot be seen is no answer: a test would wait for what has gone by."""
    if request.method != "POST" or "/jmap/api" not in request.url:
        return False
    assert request.post_data is not None, f"the browser does not tell what {request.url} says"
    return "EmailSubmission/set" in request.post_data


def hold_sending(page: Page) -> list[Route]:
    """What sends a message does not get to the server, and is given here."""
    held: list[Route] = []

    def hold(route: Route) -> None:
        if hands_in(route.request):
            held.append(route)
        else:
            route.continue_()

    page.route("**/jmap/api*", hold)
    return held


def emails(page: Page, subject: str, *properties: str) -> list[dict[str, Any]]:
    """What the server has of a subject, for who is signed in."""
    found: list[dict[str, Any]] = page.evaluate(
        """async ([subject, properties]) => {
            const headers = { "x-postroom": "1", "content-type": "application/json" };
            const session = await (await fetch("/jmap/session", { headers })).json();
            const [accountId] = Object.keys(session.accounts);
            const calls = [
                ["Email/query", { accountId, filter: { subject } }, "q"],
                ["Email/get", { accountId, "#ids": { resultOf: "q", name: "Email/query", path: "/ids" }, properties }, "g"],
            ];
            const body = JSON.stringify({ using: Object.keys(session.capabilities), methodCalls: calls });
            const answer = await (await fetch(new URL(session.apiUrl).pathname, { method: "POST", headers, body })).json();
            return answer.methodResponses[1][1].list;
        }""",
        [subject, properties],
    )
    return found
