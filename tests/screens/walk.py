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


def _log_in(page: Page) -> None:
    page.context.clear_cookies()
    _go(page, "/login/")
    expect(page.get_by_label("Password")).to_be_visible()


HERO = _customer("Aoife")

#: Every main screen. A name that ends in `*` is a dialog over a screen.
SCREENS: dict[str, Step] = {
    "inbox": _at("/inbox/all/"),
    "waiting": _at("/inbox/waiting/"),
    "spam": _at("/inbox/spam/"),
    "customer": HERO,
    "customer-help*": _then(HERO, "?", shown="#help[open]"),
    "search*": _then(_at("/inbox/all/"), "/", shown="#sheet[open] #q"),
    "search": _at("/search/?q=order"),
    "why": _why,
    "merges": _at("/merges/"),
    "compare": _first_review,
    "log": _at("/merges/log/"),
    "simulator": _at("/simulator/"),
    "not-found": _at("/nowhere/"),
    "login": _log_in,  # the last: nobody is logged in any more
}
