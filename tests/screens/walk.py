"""The screens by name, and how a person gets there."""

from collections.abc import Callable

from playwright.sync_api import Page, expect

Step = Callable[[Page], None]


def _at(path: str) -> Step:
    return lambda page: _go(page, path)


def _go(page: Page, path: str) -> None:
    page.goto(path)
    page.wait_for_load_state("load")
    page.wait_for_timeout(400)  # fragments that the page fetches


def _customer(name: str) -> Step:
    def open_them(page: Page) -> None:
        _go(page, f"/search/?q={name}")
        page.locator("[data-hit]").first.click()
        expect(page.locator("#customer")).to_be_visible()
        expect(page.locator("#box, .compose-wait")).to_be_visible()
        page.wait_for_timeout(400)

    return open_them


def _then(first: Step, *keys: str, shown: str) -> Step:
    """After `first` these keys are pressed, and `shown` can be seen."""

    def pressing(page: Page) -> None:
        first(page)
        for key in keys:
            page.keyboard.press(key)
        expect(page.locator(shown).first).to_be_visible()
        page.wait_for_timeout(200)

    return pressing


def _first_review(page: Page) -> None:
    _go(page, "/merges/")
    page.locator(".pair a").first.click()
    expect(page.locator("[name=reason]")).to_be_visible()


def _why(page: Page) -> None:
    _customer("Aoife")(page)
    _go(page, page.url.replace("/inbox/all", "/customers").split("?")[0] + "identity/")


def _print(page: Page) -> None:
    HERO(page)
    _go(page, f"/customers/{page.locator('#customer').get_attribute('data-profile')}/print/")


def _first_line(page: Page) -> None:
    _go(page, "/settings/channels/")
    page.locator("main a[href^='/settings/channels/']:not([aria-current])").first.click()
    page.wait_for_load_state("load")


def _log_in(page: Page) -> None:
    page.context.clear_cookies()
    _go(page, "/login/")
    expect(page.get_by_label("Password")).to_be_visible()


HERO = _customer("Aoife")

#: Every main screen. A name that ends in `*` is a dialog over a screen.
SCREENS: dict[str, Step] = {
    "inbox": _at("/inbox/all/"),
    "waiting": _at("/inbox/waiting/"),
    "mine": _at("/inbox/mine/"),
    "unassigned": _at("/inbox/unassigned/"),
    "due": _at("/inbox/breaching/"),
    "snoozed": _at("/inbox/snoozed/"),
    "mentions": _at("/inbox/mentions/"),
    "spam": _at("/inbox/spam/"),
    "customer": HERO,
    "customer-help*": _then(HERO, "?", shown="#help[open]"),
    "assign*": _then(HERO, "A", shown="#sheet[open]"),
    "snooze*": _then(HERO, "s", shown="#sheet[open]"),
    "tags*": _then(HERO, "t", shown="#sheet[open]"),
    "note": _then(HERO, "n", shown="#box.noting"),
    "print": _print,
    "palette*": _then(HERO, "Control+k", shown="#sheet[open] input"),
    "start*": _then(_at("/inbox/all/"), "+", shown="#sheet[open] input"),
    "search*": _then(_at("/inbox/all/"), "/", shown="#sheet[open] #q"),
    "search": _at("/search/?q=order"),
    "why": _why,
    "merges": _at("/merges/"),
    "compare": _first_review,
    "log": _at("/merges/log/"),
    "me": _at("/me/"),
    "channels": _at("/settings/channels/"),
    "channel": _first_line,
    "team": _at("/settings/team/"),
    "snippets": _at("/snippets/"),
    "simulator": _at("/simulator/"),
    "not-found": _at("/nowhere/"),
    "login": _log_in,  # the last: nobody is logged in any more
}
