"""Writing: a message with a file to another domain, what can be called back, drafts that outlive the page."""

import re
from email.message import EmailMessage
from email.policy import SMTP
from pathlib import Path

import pytest
from playwright.sync_api import Page, expect

from web_window import emails, hands_in, hold_sending, redirect_to

BOB = "bob@hamburger.test"
ALICE = "alice@crepes.test"
HOSTILE = """<p style="position:fixed;background:url(https://tracker.test/y.gif)">Do you <b>like</b> mustard?
<img src="https://tracker.test/x.gif"><script>window.pwned=2</script><form action="https://evil.test"></form></p>"""


@pytest.fixture
def row(page):
    """The row of a conversation by its subject."""
    return lambda subject: page.get_by_role("listitem").filter(has_text=subject)


@pytest.fixture
def write(page):
    """Begins a message, and gives its window."""

    def work(to: str = "", subject: str = "", text: str = ""):
        page.keyboard.press("c")
        window = page.get_by_role(
            "dialog", name=re.compile("New message|" + re.escape(subject or "New message"))
        )
        window.get_by_role("combobox", name="To").fill(to)
        window.get_by_label("Subject").fill(subject)
        window = page.get_by_role("dialog", name=subject or "New message")
        editor = window.get_by_role("textbox", name="Text of the message")
        expect(editor).to_have_attribute("contenteditable", "true")
        editor.click()
        page.keyboard.type(text)
        return window

    return work


def the_other(page: Page, web_lab, address: str = ALICE) -> Page:
    """Somebody else, in a window of her own."""
    context = page.context.browser.new_context(viewport={"width": 1280, "height": 800}, locale="en-GB")
    context.set_default_timeout(15_000)
    other = context.new_page()
    other.goto(web_lab.url(address))
    other.get_by_label("Address").fill(address)
    other.get_by_label("Password").fill(web_lab.password(address))
    other.get_by_role("button", name="Sign in").click()
    other.get_by_role("heading", name="Inbox").wait_for()
    return other


def test_a_message_with_a_file_arrives_at_the_other_domain(
    web_lab, sign_in, page, row, write, tmp_path: Path
):
    alice = the_other(page, web_lab)
    sign_in()
    window = write(f"Alice <{ALICE}>", "Recipe", "Flour, milk, ")
    page.keyboard.press("Control+b")
    page.keyboard.type("eggs")
    recipe = tmp_path / "crêpes.txt"
    recipe.write_text("Stir. " * 1000, "utf-8")
    with page.expect_file_chooser() as choosing:
        window.get_by_role("button", name="Attach files").click()
    choosing.value.set_files(recipe)
    expect(window.get_by_role("list", name="1 attachment")).to_contain_text("6 kB")
    page.keyboard.press("Control+Enter")
    expect(window).to_have_count(0)
    expect(page.get_by_text("Message sent")).to_be_visible()
    found = alice.get_by_role("listitem").filter(has_text="Recipe")
    expect(found).to_be_visible(timeout=40_000)  # by push, when the seconds of calling it back are over
    found.click()
    expect(alice.get_by_role("link", name="crêpes.txt")).to_be_visible()
    expect(alice.get_by_text("Flour, milk, eggs").first).to_be_visible()
    alice.context.close()
    page.get_by_role("link", name="Sent").click()
    expect(row("Recipe")).to_be_visible()


def test_files_that_change_while_they_are_saved_stay_themselves(sign_in, page, write):
    sign_in()
    window = write("", "Changing files", "Here.")
    attach = window.locator("input[type=file]").first
    held: list = []

    def hold(route):
        body = route.request.post_data or ""
        return held.append(route) if "bodyProperties" in body and not held else route.continue_()

    page.route("**/jmap/api*", hold)
    with page.expect_request(lambda one: "bodyProperties" in (one.post_data or "")):
        attach.set_input_files(
            [
                {"name": "first.txt", "mimeType": "text/plain", "buffer": b"1" * 100},
                {"name": "second.txt", "mimeType": "text/plain", "buffer": b"2" * 2000},
            ]
        )
    window.get_by_role("button", name="Remove first.txt").click()
    attach.set_input_files([{"name": "third.txt", "mimeType": "text/plain", "buffer": b"3" * 30000}])
    expect(window.get_by_role("list", name="2 attachments")).to_contain_text("third.txt")
    held[0].continue_()
    wanted = [[("second.txt", 2000), ("third.txt", 30000)]]
    for _ in range(40):
        found = [each["attachments"] for each in emails(page, "Changing files", "attachments")]
        if len(found) == 1 and found[0][-1]["name"] == "third.txt":  # the copy before is gone
            break
        page.wait_for_timeout(250)
    assert [[(part["name"], part["size"]) for part in each] for each in found] == wanted


def test_what_was_sent_is_called_back_after_a_reload(sign_in, page, row, write):
    sign_in()
    window = write(ALICE, "Too fast", "I did not mean it.")
    window.get_by_role("button", name="Send", exact=True).click()
    expect(page.get_by_text("Message sent")).to_be_visible()
    page.reload()
    page.get_by_text("Message sent").locator("..").get_by_role("button", name="Undo").click()
    expect(window.get_by_role("textbox", name="Text of the message")).to_have_text("I did not mean it.")
    page.get_by_role("button", name="Save and close").click()
    page.get_by_role("link", name="Drafts").click()
    expect(row("Too fast")).to_have_count(1)
    page.get_by_role("link", name="Sent").click()
    expect(page.get_by_role("heading", name="Sent")).to_be_visible()
    expect(row("Too fast")).to_have_count(0)


def test_a_draft_outlives_the_page(sign_in, page, row, write):
    sign_in()
    window = write(ALICE, "To be continued", "Once upon a time")
    page.on("dialog", lambda dialog: dialog.accept())
    page.reload()
    expect(window.get_by_role("textbox", name="Text of the message")).to_have_text("Once upon a time")
    expect(window.get_by_role("button", name=re.compile("^" + ALICE))).to_be_visible()
    window.get_by_role("button", name="Save and close").click()
    expect(window).to_have_count(0)
    page.get_by_role("link", name="Drafts").click()
    row("To be continued").click()
    expect(window.get_by_role("textbox", name="Text of the message")).to_have_text("Once upon a time")
    window.get_by_role("button", name="Discard").click()
    expect(row("To be continued")).to_have_count(0)


def test_a_window_stays_while_its_message_is_on_its_way(sign_in, page, write):
    sign_in()
    window = write(ALICE, "Refused in the end", "All that I wanted to say.")
    held = hold_sending(page)
    with page.expect_request(hands_in):
        page.keyboard.press("Control+Enter")
    expect(window.get_by_text("Sending")).to_be_visible()
    window.get_by_role("button", name="Save and close").click()
    window.get_by_role("button", name="Save and close").press("Escape")
    expect(window).to_be_visible()
    calls = held[0].request.post_data_json["methodCalls"]
    refusal = {"type": "serverUnavailable", "description": "Not now."}
    held[0].fulfill(
        json={"methodResponses": [["error", refusal, call[2]] for call in calls], "sessionState": ""}
    )
    expect(window.get_by_role("alert")).to_contain_text("Not now.")
    page.unroute("**/jmap/api*")
    window.get_by_role("button", name="Save and close").click()
    expect(window).to_have_count(0)


def as_carol(route) -> None:
    """Bob's session says that it is Carol's."""
    answer = route.fetch()
    route.fulfill(response=answer, json={**answer.json(), "username": "carol@hamburger.test"})


def expect_only_of_bob(page: Page) -> None:
    """The page is Carol's, and what Bob was writing is kept for him."""
    expect(page).to_have_title(re.compile("carol@hamburger.test"))
    page.get_by_role("heading", name="Inbox").wait_for()
    page.wait_for_load_state("networkidle")
    expect(page.locator(".compose")).to_have_count(0)
    stored = page.evaluate(
        "() => Object.entries(sessionStorage).filter(([, value]) => value.includes('Nobody else')).map(([name]) => name)"
    )
    assert stored == [f"postroom.compose.{BOB}"]


def test_a_draft_of_two_windows_loses_the_words_of_neither(web_lab, sign_in, page, row, write):
    def end(window: Page, words: str, button: str) -> None:
        window.locator(".compose-text[contenteditable=true]").click()
        window.keyboard.type(words)
        window.get_by_role("button", name=button).click()
        expect(window.get_by_role("dialog", name="Two windows")).to_have_count(0)

    def in_drafts(window: Page):
        window.get_by_role("link", name=re.compile("^Drafts")).first.click()
        return window.get_by_role("listitem").filter(has_text="Two windows")

    sign_in()
    window = write("", "Two windows", "Begun. ")
    expect(window.get_by_text("Saved", exact=True)).to_be_visible()
    other = page.context.new_page()
    other.goto(web_lab.url())
    in_drafts(other).click()
    expect(other.locator(".compose-text[contenteditable=true]")).to_contain_text("Begun.")
    end(page, "Here. ", "Save and close")
    end(other, "There. ", "Save and close")
    in_drafts(page).click()
    expect(page.locator(".compose-text[contenteditable=true]")).to_contain_text("There.")
    assert len(emails(page, "Two windows", "id")) == 2
    other.goto(f"{web_lab.url()}folder/trash")
    expect(other.get_by_role("listitem").filter(has_text="Begun. Here.")).to_be_visible()


def test_what_one_was_writing_is_not_there_for_the_next_who_signs_in(web_lab, sign_in, page, write):
    sign_in()
    write("", "Of Bob alone", "Begun.")
    page.context.request.post(web_lab.url() + "sign-out", headers={"x-postroom": "1"})
    page.keyboard.type(" Nobody else may read this.")
    page.get_by_role("heading", name="Sign in to your mail").wait_for()
    page.on("dialog", lambda dialog: dialog.accept())

    page.route("**/jmap/session*", as_carol)
    page.get_by_label("Address").fill(BOB)
    page.get_by_label("Password").fill(web_lab.password(BOB))
    page.get_by_role("button", name="Sign in").click()
    expect_only_of_bob(page)


def test_nor_for_who_has_signed_in_in_another_tab(sign_in, page, write):
    sign_in()
    write("", "Of Bob alone", "Begun.")
    page.on("dialog", lambda dialog: dialog.accept())
    page.route("**/jmap/session*", as_carol)

    def not_of_carol(route):
        if "Email/set" not in (route.request.post_data or ""):
            return route.continue_()
        calls = route.request.post_data_json["methodCalls"]
        refused = [["error", {"type": "accountNotFound"}, call[2]] for call in calls]
        return route.fulfill(json={"methodResponses": refused, "sessionState": "of Carol"})

    page.route("**/jmap/api*", not_of_carol)
    page.keyboard.type(" Nobody else may read this.")
    expect_only_of_bob(page)


def test_an_answer_goes_to_whom_it_should_and_quotes(web_lab, sign_in, page, row):
    web_lab.send(
        BOB,
        "Mustard",
        "Do you like mustard?",
        html=HOSTILE,
    )
    sign_in()
    row("Mustard").click()
    expect(page.get_by_role("heading", name="Mustard")).to_be_visible()
    page.keyboard.press("r")
    window = page.get_by_role("dialog", name="Re: Mustard")
    expect(window.get_by_role("button", name=re.compile("alice@crepes.test"))).to_be_visible()
    quote = window.locator("blockquote")
    expect(quote.locator("b")).to_have_text("like")
    expect(quote.locator("[style*=position], [style*=url], form, script")).to_have_count(0)
    expect(quote.locator("img")).to_have_attribute("data-src", "https://tracker.test/x.gif")
    assert (
        page.evaluate("window.pwned") is None
    )  # and no request for the picture: the page's policy would have complained
    page.keyboard.type("A lot.")
    window.get_by_role("button", name="Send", exact=True).click()
    expect(page.get_by_text("Message sent")).to_be_visible()
    answer = page.get_by_role("article", name="Message from bob")
    expect(answer.frame_locator("iframe:not([aria-hidden])").locator("body")).to_contain_text("A lot.")


def test_pictures_whose_names_are_no_encoding_can_be_quoted(web_lab, sign_in, page, row):
    letter = EmailMessage()
    letter["Subject"] = "Fifty percent off"
    letter.set_content("<p>Look:<img src='cid:one'><img src='cid:50%off'>", subtype="html")
    for cid in ("one", "50%off"):
        letter.add_related(b"GIF89a", "image", "gif", cid=f"<{cid}>", disposition="inline", filename="a.gif")
    web_lab.hand_in(BOB, letter.as_bytes(policy=SMTP))
    sign_in()
    row("Fifty percent off").click()
    page.get_by_role("button", name="Reply", exact=True).last.click()
    editor = page.get_by_role("textbox", name="Text of the message")
    expect(editor.locator("img")).to_have_count(2)


def test_what_is_missing_is_said_before_it_leaves(sign_in, page, write):
    sign_in()
    window = write("", "", "See the attached file.")
    window = page.get_by_role("dialog", name="New message")
    page.keyboard.press("Control+Enter")
    expect(window.get_by_role("alert")).to_have_text("Say whom the message is for.")
    window.get_by_role("combobox", name="To").fill("nobody at home")
    page.keyboard.press("Control+Enter")
    expect(window.get_by_role("alert")).to_have_text("This is not an address: nobody at home")
    window.get_by_role("button", name=re.compile("^nobody at home")).press("Delete")
    window.get_by_role("combobox", name="To").fill("nobody@hamburger.test")
    page.keyboard.press("Control+Enter")
    expect(window.get_by_role("alertdialog")).to_contain_text("no subject")
    expect(window.get_by_role("button", name="Send anyway")).to_be_focused()
    window.get_by_role("button", name="Send anyway").click()
    expect(window.get_by_role("alertdialog")).to_contain_text("attachment")
    window.get_by_role("button", name="Send anyway").click()
    expect(window.get_by_role("alert")).to_contain_text("nobody@hamburger.test")


def test_a_message_waits_for_its_time(sign_in, page, write):
    sign_in()
    window = write(ALICE, "Good morning", "Rise and shine.")
    window.get_by_role("button", name="Send later").click()
    page.get_by_role("button", name=re.compile("Tomorrow morning")).click()
    expect(page.get_by_text(re.compile("Will be sent on"))).to_be_visible()
    page.get_by_role("link", name="Scheduled 1").click()
    expect(page.get_by_role("heading", name="Scheduled")).to_be_visible()
    expect(page.get_by_text("Good morning")).to_be_visible()
    page.get_by_role("button", name="Cancel and edit").click()
    expect(window.get_by_role("textbox", name="Text of the message")).to_have_text("Rise and shine.")
    expect(page.get_by_text("No message waits for its time.")).to_be_visible()


def test_an_answer_that_is_called_back_later_has_answered_nothing(web_lab, sign_in, page, row):
    web_lab.send(BOB, "Breakfast", "When?")
    sign_in()
    row("Breakfast").click()
    page.get_by_role("button", name="Reply", exact=True).last.click()
    window = page.get_by_role("dialog", name="Re: Breakfast")
    window.get_by_role("button", name="Send later").click()
    page.get_by_role("button", name=re.compile("Tomorrow morning")).click()
    expect(page.get_by_role("link", name="Scheduled 1")).to_be_visible()
    assert emails(page, "Breakfast", "keywords")[-1]["keywords"].get("$answered")
    page.reload()
    page.get_by_role("link", name="Scheduled 1").click()
    page.get_by_role("button", name="Cancel and edit").click()
    expect(page.get_by_text("No message waits for its time.")).to_be_visible()
    expect(window).to_be_visible()
    assert not any("$answered" in one["keywords"] for one in emails(page, "Breakfast", "keywords"))


def test_a_message_goes_on_as_it_is(web_lab, sign_in, page, row):
    web_lab.send(BOB, "For somebody else", "This is for the kitchen.")
    sign_in()
    row("For somebody else").click()
    expect(page.get_by_role("heading", name="For somebody else")).to_be_visible()
    page.keyboard.press("Shift+R")
    dialog = page.get_by_role("dialog", name="Redirect")
    dialog.get_by_role("button", name="Redirect").click()
    expect(dialog.get_by_role("alert")).to_have_text("Say whom the message is for.")
    redirect_to(dialog, ALICE)
    expect(dialog).to_have_count(0)
    undo = page.get_by_text("Message sent").locator("..").get_by_role("button", name="Undo")
    undo.click()
    expect(undo).to_have_count(0)
    page.get_by_role("button", name="More ways to answer").click()
    page.get_by_role("button", name="Redirect").click()
    redirect_to(dialog, ALICE)
    alice = the_other(page, web_lab)
    found = alice.get_by_role("listitem").filter(has_text="For somebody else")
    expect(found).to_have_count(1, timeout=40_000)
    found.click()
    expect(alice.get_by_role("article", name="Message from Alice Crêpe")).to_be_visible()  # its author still
    expect(alice.get_by_text("sent on by bob")).to_be_visible()
    alice.context.close()


def test_links_of_other_pages_open_a_letter_here(web_lab, sign_in, page):
    """RFC 6068, and what the browser is asked to note."""
    page.add_init_script("navigator.registerProtocolHandler = (...given) => { window.noted = given; };")
    sign_in()
    page.goto(web_lab.url() + "settings/identities")
    page.get_by_role("button", name="Open such links here").click()
    scheme, template = page.evaluate("window.noted")
    assert (scheme, template.count("%s")) == ("mailto", 1)
    page.goto(template.replace("%s", "mailto%3Acarol%40x.test%3Fsubject%3DPie"))
    expect(page.get_by_label("Subject")).to_have_value("Pie")
    expect(page.get_by_text("carol@x.test").first).to_be_visible()
