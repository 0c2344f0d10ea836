"""Without a connection: what was read is there, what is done waits for one; and nothing stays on a device that somebody leaves."""

import re

import pytest
from playwright.sync_api import Browser, Page, Response, expect

from web_window import BOB, kept, keys, rows, stay, taken_over

pytestmark = pytest.mark.service_worker


def test_what_was_read_is_there_without_a_connection(window: Page, web_lab):
    web_lab.send(BOB, "Read before", "This was read with a connection.")
    web_lab.send(BOB, "Never opened", "This was not.")
    stay(window, web_lab)
    taken_over(window)
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


def read_is_told(answer: Response) -> bool:
    """Whether this answers that something was read: until then that, too, waits when the connection goes."""
    return "$seen" in (answer.request.post_data or "")


def test_what_is_done_without_a_connection_is_done_with_one(window: Page, chromium: Browser, web_lab):
    for subject in ("Wait: archive", "Wait: star", "Wait: undo", "Wait: elsewhere"):
        web_lab.send(BOB, subject, "Here.")
    stay(window, web_lab)
    taken_over(window)
    for subject in ("Wait: archive", "Wait: star", "Wait: undo", "Wait: elsewhere"):
        with window.expect_response(read_is_told):
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


def test_a_list_that_lacks_what_was_archived_rests(window: Page, web_lab):
    """Nothing that is kept fills the place at its end, and nothing is asked for it again and again."""
    for number in range(35):
        web_lab.send(BOB, f"Row {number:02}", "Here.")
    window.add_init_script(
        "window.asks = 0; const ask = fetch; window.fetch = (...all) => { asks++; return ask(...all); };"
    )
    stay(window, web_lab)
    taken_over(window)
    keys(window, "Row 34")
    expect(rows(window, "Row 34")).not_to_have_class(re.compile("unread"))
    window.context.set_offline(True)
    keys(window, "Row 34", "e")
    expect(window.get_by_text("1 change waits.")).to_be_visible()
    window.evaluate("() => document.querySelector('.rows').scrollTo({ top: 22 * 76 })")
    expect(rows(window, "Row 10")).to_be_visible()
    before = window.evaluate("asks")
    window.wait_for_timeout(1500)
    assert window.evaluate("asks") - before < 10
    window.context.set_offline(False)
    expect(window.get_by_text("1 change that waited is made.")).to_be_visible()
    expect(rows(window, "Row 05")).to_be_visible()


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
    taken_over(page)
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
    taken_over(window)
    window.reload()
    window.locator(".row:not(.waiting), .rows .empty").first.wait_for()
    ways = window.evaluate(
        "() => performance.getEntriesByType('resource').map((one) => [new URL(one.name).pathname, one.workerMatchedSourceType])"
    )
    assert {way for path, way in ways if path.startswith("/jmap/")} == {"network"}
    assert {way for path, way in ways if path.startswith("/mail/assets/")} == {""}
