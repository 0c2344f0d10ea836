"""Signing in with a code and with a passkey, and what can be done about one's own account, in Chromium."""

import base64
import re
import time

import pytest
from playwright.sync_api import expect

from postroom.store.login import totp
from web_window import stay

ALICE = "alice@crepes.test"
BOB = "bob@hamburger.test"


@pytest.fixture
def settings(sign_in):
    """A part of the settings, of somebody who has just signed in."""

    def work(part: str, address: str = BOB):
        page = sign_in(address)
        page.get_by_role("button", name="Account").click()
        page.get_by_role("link", name="Settings").click()
        page.get_by_role("navigation", name="Settings").get_by_role("link", name=part).click()
        page.get_by_role("heading", name=part, level=1).wait_for()
        return page

    return work


def code_of(secret: str, ahead: int = 0) -> str:
    raw = base64.b32decode(secret.replace(" ", "") + "=" * (-len(secret.replace(" ", "")) % 8))
    return totp.code(raw, int(time.time()) // totp.STEP_SECONDS + ahead)


def section(page, name):
    return page.get_by_role("region", name=name, exact=True)


def test_codes_are_set_up_asked_for_and_turned_off(settings, page, web_lab):
    settings("Account and security")
    codes = section(page, "One-time codes")
    codes.get_by_role("button", name="Set up codes").click()
    expect(codes.get_by_role("img", name="QR code")).to_be_visible()
    secret = codes.locator("code.secret").inner_text()
    codes.get_by_label("Code from your authenticator app").fill(code_of(secret))
    codes.get_by_role("button", name="Turn codes on").click()
    expect(page.get_by_text("You are asked for codes from now on")).to_be_visible()
    page.get_by_role("button", name="Account").click()
    page.get_by_role("button", name="Sign out", exact=True).click()
    page.get_by_label("Address").fill(BOB)
    page.get_by_label("Password").fill(web_lab.password(BOB))
    page.get_by_role("button", name="Sign in").click()
    field = page.get_by_label("Code from your authenticator app")
    expect(field).to_be_focused()
    field.fill(code_of(secret, ahead=1))  # the clock's own was used to confirm
    page.get_by_role("button", name="Sign in").click()
    page.get_by_role("heading", name="Inbox").wait_for()
    page.goto(f"{web_lab.url()}settings/security")
    section(page, "One-time codes").get_by_role("button", name="Turn codes off").click()
    expect(page.get_by_text("You are not asked for codes any more")).to_be_visible()


def test_a_passkey_is_made_and_signs_in(page, web_lab):
    devtools = page.context.new_cdp_session(page)
    devtools.send("WebAuthn.enable")
    options = {
        "protocol": "ctap2", "transport": "internal", "hasResidentKey": True, "hasUserVerification": True,
        "isUserVerified": True, "automaticPresenceSimulation": True,
    }  # fmt: skip
    devtools.send("WebAuthn.addVirtualAuthenticator", {"options": options})
    page.goto(web_lab.url(ALICE).replace("127.0.0.1", "localhost"))
    page.get_by_label("Address").fill(ALICE)
    page.get_by_label("Password").fill(web_lab.password(ALICE))
    page.get_by_role("button", name="Sign in", exact=True).click()
    page.get_by_role("heading", name="Inbox").wait_for()
    page.goto(page.url.replace("/folder/inbox", "/settings/security"))
    keys = section(page, "Passkeys")
    keys.get_by_label("Name of the new passkey").fill("This laptop")
    keys.get_by_role("button", name="Add a passkey").click()
    expect(keys.get_by_role("listitem").filter(has_text="This laptop")).to_contain_text("never used")
    page.get_by_role("button", name="Account").click()
    page.get_by_role("button", name="Sign out", exact=True).click()
    page.get_by_role("button", name="Sign in with a passkey").click()
    page.get_by_role("heading", name="Inbox").wait_for()
    page.goto(page.url.replace("/folder/inbox", "/settings/security"))
    browsers = section(page, "Signed-in browsers").get_by_role("listitem").filter(has_text="This browser")
    expect(browsers).to_contain_text("by passkey This laptop")
    expect(section(page, "Logins").get_by_role("cell", name="passkey: This laptop")).to_be_visible()
    section(page, "Passkeys").get_by_role("button", name="Remove This laptop").click()
    section(page, "Passkeys").get_by_role("button", name="Really remove This laptop?").click()
    expect(page.get_by_text("Passkey removed")).to_be_visible()


def test_another_browser_is_signed_out(settings, chromium, web_lab):
    other = chromium.new_context()
    there = other.new_page()
    there.goto(web_lab.url())
    there.get_by_label("Address").fill(BOB)
    there.get_by_label("Password").fill(web_lab.password(BOB))
    there.get_by_role("button", name="Sign in").click()
    there.get_by_role("heading", name="Inbox").wait_for()
    page = settings("Account and security")
    rows = section(page, "Signed-in browsers").get_by_role("listitem")
    expect(rows.filter(has_text="This browser")).to_have_count(1)
    others = rows.filter(has_not_text="This browser")
    for left in range(others.count() - 1, -1, -1):
        others.first.get_by_role("button").click()
        expect(others).to_have_count(left)
    there.reload()
    expect(there.get_by_role("heading", name="Sign in to your mail")).to_be_visible()
    other.close()


def test_a_fresh_proof_is_asked_for_and_an_app_password_shown_once(settings, page, web_lab):
    settings("Account and security")
    refused = re.compile(r'"AppPassword/set"')
    asked = []

    def once(route):  # as if ten minutes had passed
        body = route.request.post_data or ""
        if refused.search(body) and not asked:
            asked.append(body)
            told = '{"methodResponses":[["error",{"type":"confirmationNeeded"},"%s"]],"sessionState":"x"}'
            route.fulfill(body=told % re.search(r'"(c\d+)"\]', body)[1], content_type="application/json")
        else:
            route.continue_()

    page.route("**/jmap/api", once)
    keys = section(page, "App passwords")
    keys.get_by_label("What is it for?").fill("Phone")
    keys.get_by_role("button", name="Make an app password").click()
    dialog = page.get_by_role("dialog", name="Is it you?")
    dialog.get_by_label("Password").fill("wrong")
    dialog.get_by_role("button", name="Go on").click()
    expect(dialog.get_by_role("alert")).to_have_text("The password is wrong.")
    dialog.get_by_label("Password").fill(web_lab.password(BOB))
    dialog.get_by_role("button", name="Go on").click()
    secret = keys.get_by_role("status").locator("code")
    expect(secret).to_have_text(re.compile("^.{43}$"))
    expect(keys.get_by_role("listitem").filter(has_text="Phone")).to_contain_text("IMAP, SMTP")
    keys.get_by_role("button", name="Remove Phone").click()
    keys.get_by_role("button", name="Really remove Phone?").click()
    expect(secret).to_have_count(0)


def test_a_folder_is_downloaded(settings, web_lab):
    web_lab.send(BOB, "Keep me", "From here to eternity\nFrom there")
    page = settings("Export")
    with page.expect_download() as download:
        page.get_by_role("link", name="Download Inbox").click()
    assert download.value.suggested_filename == "INBOX.mbox"
    text = download.value.path().read_text("utf-8")
    assert "Subject: Keep me\n" in text
    assert "\n>From here to eternity\n>From there\n" in text


def test_appearance_is_kept(settings):
    page = settings("Appearance")
    page.get_by_role("radio", name="Dark").check()
    with page.expect_response(lambda answer: "compact" in (answer.request.post_data or "")):
        page.get_by_role("radio", name="Compact").check()
    page.reload()
    expect(page.get_by_role("radio", name="Compact")).to_be_checked()
    expect(page.locator("html")).to_have_attribute("data-theme", "dark")
    expect(page.locator("html")).to_have_attribute("data-density", "compact")
    with page.expect_response(lambda answer: "comfortable" in (answer.request.post_data or "")):
        page.get_by_role("radio", name="Comfortable").check()  # for those who come later, too
    expect(page.locator("html")).to_have_attribute("data-density", "comfortable")


def test_the_password_is_changed_and_this_browser_stays(settings, page, web_lab):
    settings("Account and security", ALICE)
    new = "a longer password"
    form = section(page, "Password")
    form.get_by_label("New password", exact=True).fill(new)
    form.get_by_label("New password, once more").fill("another password")
    form.get_by_role("button", name="Change the password").click()
    expect(form.get_by_role("alert")).to_have_text("The two are not the same.")
    form.get_by_label("New password, once more").fill(new)
    form.get_by_role("button", name="Change the password").click()
    expect(page.get_by_text("Password changed")).to_be_visible()
    expect(section(page, "Signed-in browsers").get_by_role("listitem")).to_have_count(1)
    web_lab.facts["accounts"][ALICE] = new  # for those who come later
    page.get_by_role("button", name="Account").click()
    page.get_by_role("button", name="Sign out", exact=True).click()
    page.get_by_label("Address").fill(ALICE)
    page.get_by_label("Password").fill(new)
    page.keyboard.press("Enter")
    page.get_by_role("heading", name="Inbox").wait_for()


def test_who_could_not_be_signed_out_is_told(window, web_lab):
    stay(window, web_lab, stays=False)
    busy = '{"message": "The server is busy, try again later"}'
    window.route("**/mail/sign-out", lambda route: route.fulfill(status=503, body=busy))
    window.get_by_role("button", name="Account").click()
    window.get_by_role("button", name="Sign out", exact=True).click()
    expect(window.get_by_text("The server is busy, try again later")).to_be_visible()
    expect(window.get_by_role("heading", name="Inbox")).to_be_visible()


def test_a_signature_is_kept(settings, page):
    settings("Addresses and signatures")
    own = section(page, BOB)
    own.get_by_label("Your name, as others see it").fill("Bob Burger")
    own.get_by_label("Signature").fill("Bob\nHamburger House")
    own.get_by_role("button", name="Save").click()
    expect(page.get_by_text("Saved")).to_be_visible()
    page.reload()
    expect(own.get_by_label("Signature")).to_have_value("Bob\nHamburger House")
    another = section(page, "Another address")
    another.get_by_label("Address").fill("eve@crepes.test")
    another.get_by_role("button", name="Add the address").click()
    expect(page.get_by_text("is not an address of bob@hamburger.test")).to_be_visible()
    another.get_by_label("Address").fill("bob+shop@hamburger.test")
    another.get_by_role("button", name="Add the address").click()
    expect(section(page, "bob+shop@hamburger.test")).to_be_visible()
    added = section(page, "bob+shop@hamburger.test")
    added.get_by_role("button", name="Remove bob+shop@hamburger.test").click()
    added.get_by_role("button", name="Really remove bob+shop@hamburger.test?").click()
    expect(added).to_have_count(0)
    for field in ("Your name, as others see it", "Signature"):
        own.get_by_label(field).fill("")
    with page.expect_response(lambda answer: "Identity/set" in (answer.request.post_data or "")):
        own.get_by_role("button", name="Save").click()


def test_what_is_not_changed_of_an_address_stays_as_another_window_has_set_it(window, web_lab):
    stay(window, web_lab, stays=False)
    window.goto(web_lab.url() + "settings/identities")
    own = section(window, BOB)
    expect(own.get_by_label("Signature")).to_be_visible()
    identity(window, {"textSignature": "Best, Bob", "htmlSignature": "<i>Best, Bob</i>"})
    own.get_by_label("Your name, as others see it").fill("Robert")
    own.get_by_role("button", name="Save").click()
    expect(window.get_by_text("Saved")).to_be_visible()
    before = {
        "name": "",
        "textSignature": "",
        "htmlSignature": "",
    }  # for whoever writes in this lab after him
    found = identity(window, {})
    identity(window, before)
    assert (found["name"], found["textSignature"]) == ("Robert", "Best, Bob")


def identity(window, patch):
    """Bob's own address under which he writes, as another window of his sees it after changing it."""
    return window.evaluate(
        """async ([email, patch]) => {
            const headers = { "x-postroom": "1", "content-type": "application/json" };
            const session = await (await fetch("/jmap/session", { headers })).json();
            const [accountId] = Object.keys(session.accounts);
            const using = Object.keys(session.capabilities);
            const call = async (name, args) => {
                const body = JSON.stringify({ using, methodCalls: [[name, { accountId, ...args }, "c"]] });
                return (await (await fetch(new URL(session.apiUrl).pathname, { method: "POST", headers, body })).json()).methodResponses[0][1];
            };
            const own = async () => (await call("Identity/get", {})).list.find((one) => one.email === email);
            await call("Identity/set", { update: { [(await own()).id]: patch } });
            return own();
        }""",
        [BOB, patch],
    )
