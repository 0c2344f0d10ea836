"""Without a connection: what was read is there, what is done waits for one; and nothing stays on a device that somebody leaves."""

import re
import urllib.request
from collections.abc import Iterator

import pytest
from playwright.sync_api import Browser, Page, expect

BOB = "bob@hamburger.test"


@pytest.fixture
def window(chromium: Browser) -> Iterator[Page]:
    """A window whose network fails on purpose, so the browser's complaints of that are no faults."""
    context = chromium.new_context(viewport={"width": 1280, "height": 800}, locale="en-GB")
    context.set_default_timeout(15_000)
    yield context.new_page()
    context.close()


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


def test_what_was_read_is_there_without_a_connection(window: Page, web_lab):
    web_lab.send(BOB, "Read before", "This was read with a connection.")
    web_lab.send(BOB, "Never opened", "This was not.")
    stay(window, web_lab)
    window.evaluate("async () => { await navigator.serviceWorker.ready }")
    row = window.get_by_role("listitem").filter(has_text="Read before")
    row.click()
    expect(window.get_by_text("This was read with a connection.").last).to_be_visible()
    expect(row).not_to_have_class(re.compile("unread"))
    window.context.set_offline(True)
    window.reload()
    expect(window.get_by_text("You are offline.")).to_be_visible()
    expect(window.get_by_role("heading", name="Read before")).to_be_visible()
    expect(window.get_by_text("This was read with a connection.").last).to_be_visible()
    window.get_by_role("listitem").filter(has_text="Never opened").click()
    expect(window.get_by_text("and this was not read here before").first).to_be_visible()
    window.context.set_offline(False)
    expect(window.get_by_text("You are offline.")).to_have_count(0)


def rows(page: Page, text: str):
    return page.get_by_role("listitem").filter(has_text=text)


def keys(page: Page, text: str, *pressed: str) -> None:
    """A conversation is opened, and keys are pressed."""
    rows(page, text).click()
    expect(page.get_by_role("heading", name=text)).to_be_visible()
    for key in pressed:
        page.keyboard.press(key)


def test_what_is_done_without_a_connection_is_done_with_one(window: Page, chromium: Browser, web_lab):
    for subject in ("Wait: archive", "Wait: star", "Wait: undo", "Wait: elsewhere"):
        web_lab.send(BOB, subject, "Here.")
    stay(window, web_lab)
    window.evaluate("async () => { await navigator.serviceWorker.ready }")
    for subject in ("Wait: archive", "Wait: star", "Wait: undo", "Wait: elsewhere"):
        keys(window, subject)
        expect(rows(window, subject)).not_to_have_class(re.compile("unread"))
    window.context.set_offline(True)
    keys(window, "Wait: archive", "e")
    expect(rows(window, "Wait: archive")).to_have_count(0)
    expect(window.get_by_text("You are offline.")).to_be_visible()
    expect(window.get_by_text("1 change waits.")).to_be_visible()
    keys(window, "Wait: star", "s")
    expect(window.get_by_text("2 changes wait.")).to_be_visible()
    keys(window, "Wait: undo", "#")
    expect(window.get_by_text("3 changes wait.")).to_be_visible()
    window.keyboard.press("z")
    expect(window.get_by_text("2 changes wait.")).to_be_visible()
    expect(rows(window, "Wait: undo")).to_be_visible()
    keys(window, "Wait: elsewhere", "e")
    expect(window.get_by_text("3 changes wait.")).to_be_visible()
    window.get_by_role("link", name="Inbox").click()
    window.reload()
    expect(window.get_by_text("3 changes wait.")).to_be_visible()
    expect(rows(window, "Wait: undo")).to_be_visible()
    expect(rows(window, "Wait: archive")).to_have_count(0)

    other = chromium.new_context(locale="en-GB").new_page()  # another device
    stay(other, web_lab, stays=False)
    expect(rows(other, "Wait: archive")).to_be_visible()
    keys(other, "Wait: elsewhere", "#")
    expect(rows(other, "Wait: elsewhere")).to_have_count(0)
    expect(other.get_by_text("Conversation moved to the trash")).to_be_visible()
    window.context.set_offline(False)
    expect(window.get_by_text("2 changes that waited are made.")).to_be_visible()
    expect(window.get_by_text("1 change was not made")).to_be_visible()
    expect(rows(other, "Wait: archive")).to_have_count(0)  # by push
    other.get_by_role("link", name="Starred").click()
    expect(rows(other, "Wait: star")).to_be_visible()
    other.get_by_role("link", name="Trash").click()
    expect(rows(other, "Wait: elsewhere")).to_be_visible()
    other.locator('a.box[href="/mail/folder/archive"]').click()
    expect(rows(other, "Wait: archive")).to_be_visible()
    expect(rows(other, "Wait: elsewhere")).to_have_count(0)
    other.context.close()


def test_what_is_sent_without_a_connection_leaves_with_one(window: Page, web_lab):
    stay(window, web_lab)
    window.evaluate("async () => { await navigator.serviceWorker.ready }")
    window.keyboard.press("c")  # loads what writing takes
    window.get_by_role("dialog", name="New message").get_by_role("button", name="Save and close").click()
    window.context.set_offline(True)
    window.keyboard.press("c")
    dialog = window.get_by_role("dialog", name="New message")
    dialog.get_by_role("combobox", name="To").fill("bob@hamburger.test")
    dialog.get_by_label("Subject").fill("From the train")
    window.get_by_role("textbox", name="Text of the message").click()
    window.keyboard.type("No signal here.")
    window.keyboard.press("Control+Enter")
    expect(window.get_by_text("The message leaves when the connection is back.")).to_be_visible()
    expect(window.get_by_text("1 message waits.")).to_be_visible()
    window.reload()
    window.get_by_role("link", name="Outbox 1").click()
    expect(window.get_by_role("heading", name="Outbox")).to_be_visible()
    window.get_by_role("button", name="Take back and edit").click()
    text = window.get_by_role("textbox", name="Text of the message")
    expect(text).to_have_text("No signal here.")
    window.keyboard.press("Control+Enter")
    expect(window.get_by_text("1 message waits.")).to_be_visible()
    window.context.set_offline(False)
    expect(window.get_by_text("Message sent")).to_be_visible()
    expect(window.get_by_role("link", name="Outbox 1")).to_have_count(0)
    window.get_by_role("link", name="Sent").click()
    expect(rows(window, "From the train")).to_have_count(1)
    window.get_by_role("link", name="Drafts").click()
    expect(window.get_by_role("heading", name="Drafts")).to_be_visible()
    expect(rows(window, "From the train")).to_have_count(0)


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


def test_what_is_being_written_outlives_a_reload_without_a_connection(window: Page, web_lab):
    stay(window, web_lab)
    window.evaluate("async () => { await navigator.serviceWorker.ready }")
    window.on("dialog", lambda dialog: dialog.accept())
    window.keyboard.press("c")  # loads what writing takes
    window.get_by_role("dialog", name="New message").get_by_role("button", name="Save and close").click()
    window.context.set_offline(True)
    begin(window, "First of two", "An hour of work.")
    begin(window, "Second of two", "Another hour.")
    window.reload()
    expect(window.get_by_text("You are offline.")).to_be_visible()
    for subject in ("First of two", "Second of two"):
        expect(window.get_by_role("dialog", name=subject)).to_be_visible()
    hide(window)
    window.reload()
    expect(window.get_by_role("dialog", name="First of two")).to_contain_text("An hour of work.")
    expect(window.get_by_role("dialog", name="Second of two")).to_contain_text("Another hour.")
    window.context.set_offline(False)
    for subject in ("First of two", "Second of two"):
        window.get_by_role("dialog", name=subject).get_by_role("button", name="Save and close").click()
        expect(window.get_by_role("dialog", name=subject)).to_have_count(0)
    window.get_by_role("link", name="Drafts").click()
    expect(rows(window, "First of two")).to_have_count(1)
    expect(rows(window, "Second of two")).to_have_count(1)


def test_a_draft_that_cannot_be_fetched_now_is_open_after_the_next_reload(window: Page, web_lab):
    stay(window, web_lab, stays=False)
    begin(window, "Fetched later", "It is on the server.")
    expect(window.get_by_text("Saved", exact=True)).to_be_visible()
    window.route(
        "**/jmap/api*",
        lambda route: (
            route.fulfill(status=503, body="")
            if "fetchHTMLBodyValues" in (route.request.post_data or "")
            else route.continue_()
        ),
    )
    with window.expect_response(lambda answer: answer.status == 503):
        window.reload()
    hide(window)
    window.unroute("**/jmap/api*")
    window.reload()
    expect(window.get_by_role("dialog", name="Fetched later")).to_contain_text("It is on the server.")


def send_offline(page: Page, web_lab, subject: str) -> None:
    """Bob, who stays, sends himself something without a connection."""
    stay(page, web_lab)
    page.evaluate("async () => { await navigator.serviceWorker.ready }")
    page.keyboard.press("c")  # loads what writing takes
    page.get_by_role("dialog", name="New message").get_by_role("button", name="Save and close").click()
    page.context.set_offline(True)
    begin(page, subject, "No signal here.", BOB)
    page.keyboard.press("Control+Enter")
    expect(page.get_by_text("1 message waits.")).to_be_visible()


def end_session(page: Page, web_lab) -> None:
    """On another device."""
    cookies = "; ".join(f"{one['name']}={one['value']}" for one in page.context.cookies())
    headers = {"x-postroom": "1", "cookie": cookies}
    urllib.request.urlopen(urllib.request.Request(f"{web_lab.url()}sign-out", method="POST", headers=headers))


@pytest.mark.parametrize("reloaded", [False, True])
def test_what_waits_outlives_a_session_that_ends_by_itself(window: Page, web_lab, reloaded: bool):
    subject = f"Before the end {reloaded}"
    star = f"Star {reloaded}"
    web_lab.send(BOB, star, "Here.")
    send_offline(window, web_lab, subject)
    keys(window, star, "s")
    expect(window.get_by_text("1 change waits.")).to_be_visible()
    end_session(window, web_lab)
    if reloaded:
        window.goto("about:blank")
    window.context.set_offline(False)
    if reloaded:
        window.goto(web_lab.url())
    window.get_by_role("heading", name="Sign in to your mail").wait_for()
    window.wait_for_function("() => localStorage['postroom.stay'] === undefined")
    assert kept(window) == 0
    enter(window, web_lab, stays=False)
    window.get_by_role("link", name="Sent").click()
    expect(rows(window, subject)).to_have_count(1)
    window.get_by_role("link", name="Starred").click()
    expect(rows(window, star)).to_have_count(1)
    expect(window.get_by_text("already exists")).to_have_count(0)  # the page begins once
    window.wait_for_function("async () => !(await indexedDB.databases()).length")  # nothing stays where nobody stays


def test_what_waits_is_not_made_for_somebody_else(window: Page, web_lab):
    send_offline(window, web_lab, "Of Bob alone")
    end_session(window, web_lab)
    window.context.set_offline(False)
    window.get_by_role("heading", name="Sign in to your mail").wait_for()

    def as_carol(route):
        answer = route.fetch()
        route.fulfill(response=answer, json={**answer.json(), "username": "carol@hamburger.test"})

    window.route("**/jmap/session*", as_carol)
    enter(window, web_lab, stays=True)
    expect(window).to_have_title(re.compile("carol@hamburger.test"))
    window.get_by_role("link", name="Sent").click()
    expect(window.get_by_role("heading", name="Sent")).to_be_visible()
    window.wait_for_load_state("networkidle")
    expect(rows(window, "Of Bob alone")).to_have_count(0)
    expect(window.get_by_role("link", name="Outbox 1")).to_have_count(0)


def test_who_signs_out_is_asked_when_something_waits(window: Page, web_lab):
    send_offline(window, web_lab, "Nearly lost")
    window.route("**/jmap/api*", lambda route: route.abort())
    window.context.set_offline(False)
    asked = []
    window.once("dialog", lambda dialog: (asked.append(dialog.message), dialog.dismiss()))
    window.get_by_role("button", name="Account").click()
    window.get_by_role("button", name="Sign out").click()
    window.wait_for_timeout(500)
    assert asked == ["1 change or message still waits for the connection, and would be lost. Sign out?"]
    window.on("dialog", lambda dialog: dialog.accept())
    window.get_by_role("button", name="Account").click()
    window.get_by_role("button", name="Sign out").click()
    window.get_by_role("heading", name="Sign in to your mail").wait_for()
    assert window.evaluate("async () => (await indexedDB.databases()).length") == 0


def lose_the_answer(page: Page) -> None:
    """The server does what the next sending asks for, and its answer is lost."""
    left = [True]

    def lose(route):
        if "EmailSubmission/set" not in (route.request.post_data or "") or not left:
            return route.continue_()
        left.clear()
        route.fetch()
        return route.abort()

    page.route("**/jmap/api*", lose)


def answer_to(page: Page, web_lab, subject: str) -> None:
    """An answer to Alice that is saved as a draft."""
    web_lab.send(BOB, subject, "What do you say?")
    keys(page, subject, "r")
    dialog = page.get_by_role("dialog", name=f"Re: {subject}")
    expect(dialog.get_by_role("textbox", name="Text of the message")).to_be_focused()
    page.keyboard.type("My answer.")
    expect(dialog.get_by_text("Saved", exact=True)).to_be_visible()


def expect_sent_once(page: Page, subject: str) -> None:
    """It is among what was sent once, its draft is gone, and what it answers is marked."""
    page.get_by_role("link", name="Drafts").click()
    expect(page.get_by_role("heading", name="Drafts")).to_be_visible()
    expect(rows(page, subject)).to_have_count(0)
    page.get_by_role("link", name="Sent").click()
    expect(page.get_by_role("heading", name="Sent", exact=True)).to_be_visible()
    expect(rows(page, subject)).to_have_count(1)
    found = page.evaluate(
        """async (subject) => {
            const headers = { "x-postroom": "1", "content-type": "application/json" };
            const session = await (await fetch("/jmap/session", { headers })).json();
            const [accountId] = Object.keys(session.accounts);
            const calls = [
                ["Email/query", { accountId, filter: { subject } }, "q"],
                ["Email/get", { accountId, "#ids": { resultOf: "q", name: "Email/query", path: "/ids" }, properties: ["keywords", "subject"] }, "g"],
            ];
            const body = JSON.stringify({ using: Object.keys(session.capabilities), methodCalls: calls });
            return (await (await fetch(new URL(session.apiUrl).pathname, { method: "POST", headers, body })).json()).methodResponses[1][1].list;
        }""",
        subject,
    )
    assert sorted(("$answered" in one["keywords"], one["subject"]) for one in found) == [
        (False, f"Re: {subject}"),
        (True, subject),
    ]


def test_a_message_whose_answer_was_lost_is_not_sent_twice(window: Page, web_lab):
    stay(window, web_lab, stays=False)
    answer_to(window, web_lab, "Lost on the way back")
    lose_the_answer(window)
    window.keyboard.press("Control+Enter")
    dialog = window.get_by_role("dialog", name="Re: Lost on the way back")
    expect(dialog.get_by_role("alert")).not_to_be_empty()
    dialog.get_by_role("button", name="Send", exact=True).click()
    expect(window.get_by_text("Message sent")).to_be_visible()
    expect(dialog).to_have_count(0)
    expect_sent_once(window, "Lost on the way back")


def test_what_was_added_after_a_lost_answer_is_not_lost(window: Page, web_lab):
    stay(window, web_lab, stays=False)
    answer_to(window, web_lab, "Afterthought")
    lose_the_answer(window)
    window.keyboard.press("Control+Enter")
    dialog = window.get_by_role("dialog", name="Re: Afterthought")
    expect(dialog.get_by_role("alert")).not_to_be_empty()
    window.on("dialog", lambda question: question.accept())
    window.reload()
    text = dialog.get_by_role("textbox", name="Text of the message")
    text.click()
    window.keyboard.type("Another thing. ")
    window.keyboard.press("Control+Enter")
    expect(dialog.get_by_role("alertdialog")).to_contain_text("as it was before your last changes")
    expect(text).to_contain_text("Another thing.")
    dialog.get_by_role("button", name="Send anyway").click()
    expect(window.get_by_text("Message sent")).to_be_visible()
    expect(dialog).to_have_count(0)


def test_a_message_of_the_outbox_whose_answer_was_lost_is_done_with(window: Page, web_lab):
    stay(window, web_lab)
    answer_to(window, web_lab, "Lost from the outbox")
    lose_the_answer(window)
    window.keyboard.press("Control+Enter")
    expect(window.get_by_text("Message sent")).to_be_visible()
    expect(window.get_by_role("link", name="Outbox 1")).to_have_count(0)
    expect_sent_once(window, "Lost from the outbox")


def test_a_message_that_is_leaving_is_not_taken_back(window: Page, web_lab):
    send_offline(window, web_lab, "Too late")
    held = []
    window.route(
        "**/jmap/api*",
        lambda route: (
            held.append(route)
            if "EmailSubmission/set" in (route.request.post_data or "")
            else route.continue_()
        ),
    )
    with window.expect_request(lambda one: "EmailSubmission/set" in (one.post_data or "")):
        window.context.set_offline(False)
    window.get_by_role("button", name="Undo").click()
    window.wait_for_timeout(300)
    held[0].continue_()
    expect(window.get_by_text("The message has left already.")).to_be_visible()
    expect(window.locator(".compose")).to_have_count(0)
    window.get_by_role("link", name="Sent").click()
    expect(rows(window, "Too late")).to_have_count(1)


def test_nothing_stays_where_nobody_stays(window: Page, web_lab):
    web_lab.send(BOB, "On a borrowed device", "Nothing of this stays.")
    stay(window, web_lab, stays=False)
    window.get_by_role("listitem").filter(has_text="On a borrowed device").click()
    expect(window.get_by_text("Nothing of this stays.").last).to_be_visible()
    assert kept(window) == 0


def test_signing_out_takes_everything_along(window: Page, web_lab):
    web_lab.send(BOB, "At home", "This stays until Bob goes.")
    stay(window, web_lab)
    window.get_by_role("listitem").filter(has_text="At home").click()
    expect(window.get_by_text("This stays until Bob goes.").last).to_be_visible()
    window.wait_for_function(
        "async () => (await indexedDB.databases()).some((one) => one.name === 'postroom')"
    )
    assert kept(window) > 0
    window.get_by_role("button", name="Account").click()
    window.get_by_role("button", name="Sign out").click()
    expect(window.get_by_role("heading", name="Sign in to your mail")).to_be_visible()
    assert kept(window) == 0


def test_the_title_counts_and_the_desktop_is_told_where_it_was_asked_for(chromium: Browser, web_lab):
    context = chromium.new_context(locale="en-GB", permissions=["notifications"])
    page = context.new_page()
    page.add_init_script(
        "window.told = []; ServiceWorkerRegistration.prototype.showNotification = async (title, options) => void told.push([title, options.body]);"
        "Document.prototype.hasFocus = () => false;"
    )
    stay(page, web_lab)
    page.evaluate("async () => { await navigator.serviceWorker.ready }")
    web_lab.send(BOB, "Nobody asked yet", "Quiet.")
    expect(page.get_by_role("listitem").filter(has_text="Nobody asked yet")).to_be_visible()
    expect(page).to_have_title(re.compile(r"\(\d+\) Inbox – bob@hamburger.test"))
    page.get_by_role("button", name="Account").click()
    page.get_by_label("Tell me of new mail on the desktop").check()
    web_lab.send(BOB, "Ding", "Loud.")
    page.wait_for_function("() => told.length > 0")
    assert page.evaluate("told") == [["Alice Crêpe", "Ding"]]
    context.close()


def test_it_can_be_installed(window: Page, web_lab):
    window.goto(web_lab.url())
    manifest = window.evaluate(
        "async () => (await fetch(document.querySelector('link[rel=manifest]').href)).json()"
    )
    assert (manifest["start_url"], manifest["scope"], manifest["display"]) == (
        "/mail/",
        "/mail/",
        "standalone",
    )
    for icon in manifest["icons"]:
        size = window.evaluate(
            "(src) => new Promise((done) => { const image = new Image(); image.onload = () => done(image.naturalWidth); image.onerror = () => done(0); image.src = src; })",
            f"/mail/{icon['src']}",
        )
        assert f"{size}x{size}" == icon["sizes"] or icon["sizes"] == "any"


def test_mail_does_not_wake_the_service_worker(window: Page, web_lab):
    """Else it is told of every request, and heaps them up."""
    stay(window, web_lab)
    window.evaluate("() => navigator.serviceWorker.ready")
    window.reload()
    window.locator(".row:not(.waiting), .rows .empty").first.wait_for()
    ways = window.evaluate(
        "() => performance.getEntriesByType('resource').map((one) => [new URL(one.name).pathname, one.workerMatchedSourceType])"
    )
    assert {way for path, way in ways if path.startswith("/jmap/")} == {"network"}
    assert {way for path, way in ways if path.startswith("/mail/assets/")} == {""}
