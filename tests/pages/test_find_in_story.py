"""Searching one customer's story: every hit of the whole history, and the way to each."""

from collections.abc import Callable

import pytest
from django.test import Client
from playwright.sync_api import Page, expect

from profiles.models import ChannelIdentity
from tests.pages.conftest import Born, Say
from tests.pages.reading_html import words
from timeline.search import finding, index
from timeline.search.within import search_within


@pytest.fixture
def mira(born: Born) -> ChannelIdentity:
    return born("Mira Lind", address="4915112345678")


def indexed() -> None:
    while index.step():
        pass


def test_hits_are_of_this_customer_only_the_newest_first(
    mira: ChannelIdentity, born: Born, say: Say, monkeypatch: pytest.MonkeyPatch
) -> None:
    noah = born("Noah Smith")
    first = say(mira, "The blue jacket, please")
    say(noah, "A blue jacket too", minute=1)
    say(mira, "Thanks", minute=2)
    second = say(mira, "The jacket is not Blue", minute=3)
    indexed()
    late = say(mira, "blue jackets", minute=4)  # not indexed yet
    found = [hit.entry.pk for hit in search_within(mira.pk, "blue jacket").hits]
    assert found == [late.pk, second.pk, first.pk]
    monkeypatch.setattr(finding, "MOST_SORTED", 0)  # as if the word were common: the customer's own entries are walked
    assert [hit.entry.pk for hit in search_within(mira.pk, "blue jacket").hits] == found
    assert search_within(mira.pk, "  ").hits == []


def test_fragment_counts_and_links_to_the_hits(pages: Client, mira: ChannelIdentity, say: Say) -> None:
    asked = [say(mira, f"jacket {number}", minute=number) for number in range(3)]
    answer = pages.get(f"/customers/{mira.pk}/find/?find=jacket&show=messages", headers={"HX-Request": "true"})
    assert "3 found" in words(answer)
    assert (
        f'href="/inbox/all/{mira.pk}/?entry={asked[2].pk}&amp;show=messages#e-{asked[2].pk}"' in answer.content.decode()
    )
    around = pages.get(f"/customers/{mira.pk}/story/?entry={asked[1].pk}&find=jacket", headers={"HX-Request": "true"})
    assert "2 of 3" in words(around)
    nothing = pages.get(f"/customers/{mira.pk}/find/?find=trousers", headers={"HX-Request": "true"})
    assert "Nothing found in this story" in words(nothing)
    whole = pages.get(f"/customers/{mira.pk}/story/?view=all&find=jacket")
    assert whole["Location"] == f"/inbox/all/{mira.pk}/?find=jacket"
    assert "3 found" in words(pages.get(whole["Location"]))


@pytest.mark.browser
@pytest.mark.django_db(transaction=True, serialized_rollback=False)
def test_hits_are_stepped_through_by_keys(open_page: Callable[..., Page], mira: ChannelIdentity, say: Say) -> None:
    old = say(mira, "A jacket, long ago", minute=-900)
    for number in range(120):
        say(mira, f"message {number}", minute=number)
    new = say(mira, "The jacket again", minute=200)
    page = open_page(f"/inbox/all/{mira.pk}/")
    page.locator("#tl").focus()
    page.keyboard.press("f")
    expect(page.locator("#find")).to_be_focused()
    page.keyboard.type("jacket")
    expect(page.locator("#hits")).to_contain_text("2 found")
    page.keyboard.press("Enter")
    expect(page.locator(f"#e-{new.pk} article")).to_be_focused()
    expect(page.locator("#hits")).to_contain_text("1 of 2")
    page.keyboard.press("n")
    expect(page.locator(f"#e-{old.pk} article")).to_be_focused()
    expect(page.locator(f"#e-{old.pk}")).to_be_in_viewport()
    expect(page.locator("#hits")).to_contain_text("2 of 2")
    assert f"entry={old.pk}" in page.url
    page.keyboard.press("p")
    expect(page.locator(f"#e-{new.pk} article")).to_be_focused()
    page.keyboard.press("Escape")
    expect(page.locator("#hits")).to_have_text("")
