"""Redirecting a message from the web mail, where the network is slow or fails on the way."""

from playwright.sync_api import Locator, Page, Request, Route, expect

from web_window import BOB, keys, redirect_to, stay

ALICE = "alice@crepes.test"


def sending_on(page: Page, web_lab, subject: str) -> Locator:
    """The dialog that asks for whom a message is."""
    web_lab.send(BOB, subject, "Soup.")
    stay(page, web_lab, stays=False)
    keys(page, subject, "Shift+R")
    return page.get_by_role("dialog", name="Redirect")


def test_addresses_of_ones_own_that_come_late_are_waited_for(window: Page, web_lab):
    held: list[Route] = []

    def asks_for_them(request: Request) -> bool:
        return "Identity/get" in (request.post_data or "")

    def hold(route: Route) -> None:
        if asks_for_them(route.request):
            held.append(route)
        else:
            route.continue_()

    window.route("**/jmap/api*", hold)
    with window.expect_request(asks_for_them):
        dialog = sending_on(window, web_lab, "Of whom, it is not known yet")
    redirect_to(dialog, ALICE)
    window.wait_for_timeout(300)
    for route in held:
        route.continue_()
    expect(window.get_by_text("Message sent")).to_be_visible()
    expect(dialog).to_have_count(0)


def test_what_has_gone_is_not_asked_for_again(window: Page, web_lab):
    """The dialog is over with what it asks; that the message could not be marked as forwarded is said beside it."""
    dialog = sending_on(window, web_lab, "Gone, and not marked")
    window.route(
        "**/jmap/api*",
        lambda route: route.abort() if "$forwarded" in (route.request.post_data or "") else route.continue_(),
    )
    redirect_to(dialog, ALICE)
    expect(dialog).to_have_count(0)
    expect(window.get_by_text("Message sent")).to_be_visible()
    expect(window.locator(".toast.problem")).to_be_visible()


def test_pressing_again_after_a_lost_answer_sends_nobody_a_second_copy(window: Page, web_lab):
    """Who was added meanwhile gets it, too."""
    dialog = sending_on(window, web_lab, "Whose answer was lost")
    handed_in: list[str] = []

    def lose(route: Route) -> None:
        asked = route.request.post_data or ""
        if "Email/redirect" not in asked:
            return route.continue_()
        handed_in.append(asked)
        if len(handed_in) > 1:
            return route.continue_()
        route.fetch()
        return route.abort()

    window.route("**/jmap/api*", lose)
    redirect_to(dialog, ALICE)
    expect(dialog.get_by_role("alert")).not_to_be_empty()
    redirect_to(dialog, BOB)
    expect(dialog).to_have_count(0)
    assert [(ALICE in asked, BOB in asked) for asked in handed_in] == [(True, False), (False, True)]


def test_what_has_gone_although_the_answer_was_lost_is_not_sent_again(window: Page, web_lab):
    dialog = sending_on(window, web_lab, "Gone without an answer")
    handed_in: list[str] = []

    def lose(route: Route) -> None:
        if "Email/redirect" not in (route.request.post_data or ""):
            return route.continue_()
        handed_in.append(route.request.post_data or "")
        route.fetch()
        return route.abort()

    window.route("**/jmap/api*", lose)
    redirect_to(dialog, ALICE)
    expect(dialog.get_by_role("alert")).not_to_be_empty()
    dialog.get_by_role("button", name="Redirect").click()
    expect(dialog).to_have_count(0)
    expect(window.get_by_text("Message sent")).to_be_visible()
    assert len(handed_in) == 1
