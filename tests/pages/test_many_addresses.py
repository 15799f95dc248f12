"""A customer with three hundred addresses: what nobody reads costs neither the page nor the agent anything."""

from collections.abc import Callable

import pytest
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext
from playwright.sync_api import Page, expect

from profiles.models import ChannelIdentity, Identifier, Sighting
from tests.pages.conftest import Born, Say

FRAGMENT = {"HX-Request": "true"}


@pytest.fixture
def crowd(born: Born, say: Say) -> ChannelIdentity:
    """Born 2001 to 2300: the one who wrote last has the address 15550102001, the first 15550102300."""
    newest = born("Acme Purchasing")
    say(newest, "Hello")
    for number in range(1, 300):
        one = born("", profile=newest.profile)
        said = say(one, "Hi there", minute=-number)
        value = f"+{one.address}"
        known = Identifier.objects.create(kind="phone", scope="", value=value, join_key=value)
        Sighting.objects.create(channel_identity=one, identifier=known, grade="proved", occurred_at=said.occurred_at)
    return newest


def test_the_page_lists_a_few_of_three_hundred_addresses_and_leads_to_the_rest(
    pages: Client, crowd: ChannelIdentity
) -> None:
    url = f"/inbox/all/{crowd.profile_id}/"
    pages.get(url)
    with CaptureQueriesContext(connection) as asked:
        page = pages.get(url).content.decode()
    assert len(asked) <= 12
    assert len(page) < 120_000
    assert page.count('class="reach-row') == 8
    assert page.count(f'hx-get="/customers/{crowd.profile_id}/addresses/"') == 2
    assert "292 more …" in page
    assert "295 more …" in page  # of 299 identifiers four are shown
    beside = pages.get(f"/customers/{crowd.profile_id}/reach/", headers=FRAGMENT).content.decode()
    assert beside.count('class="reach-row') == 8
    assert "292 more …" in beside


def test_all_addresses_come_a_page_at_a_time_each_with_a_way_to_write_there(
    pages: Client, crowd: ChannelIdentity
) -> None:
    url = f"/customers/{crowd.profile_id}/addresses/"
    first = pages.get(url, headers=FRAGMENT).content.decode()
    assert first.count('class="reach-row') == 50
    assert f"{url}?from=50" in first
    assert "?from=0" not in first
    last = pages.get(f"{url}?from=250").content.decode()  # a page of its own without the script
    assert last.count('class="reach-row') == 50
    assert f"{url}?from=200" in last
    assert "?from=300" not in last
    assert pages.get(f"{url}?from=9999999").status_code == 200
    assert pages.get("/customers/9999999/addresses/").status_code == 404


def test_the_reply_box_offers_an_address_beyond_the_twelve_if_it_is_asked_for(
    pages: Client, crowd: ChannelIdentity, born: Born
) -> None:
    url = f"/customers/{crowd.profile_id}/composer/"
    assert pages.get(url).content.decode().count('name="channel_identity"') == 12
    asked = pages.get(f"{url}?channel_identity=2300").content.decode()
    assert asked.count('name="channel_identity"') == 13
    assert 'value="2300" checked' in asked
    stranger = born("Somebody else")
    assert f'value="{stranger.pk}"' not in pages.get(f"{url}?channel_identity={stranger.pk}").content.decode()


def test_a_doubt_about_consent_is_never_beyond_the_list(pages: Client, crowd: ChannelIdentity) -> None:
    held = ChannelIdentity.objects.get(pk=2300)
    held.consent_events.create(purpose="hold", is_granted=False, source="keyword", occurred_at=held.first_seen)
    page = pages.get(f"/inbox/all/{crowd.profile_id}/").content.decode()
    assert page.count('class="reach-row') == 8
    assert 'id="reach-2300"' in page


@pytest.mark.browser
@pytest.mark.django_db(transaction=True)
@pytest.mark.parametrize("width", [1440, 390])
def test_any_of_the_addresses_is_written_to_from_the_list(
    open_page: Callable[..., Page], crowd: ChannelIdentity, width: int
) -> None:
    page = open_page(f"/inbox/all/{crowd.profile_id}/", width=width, height=900)
    expect(page.locator("#box")).to_be_visible()
    if width < 1000:
        page.get_by_role("button", name="Customer details").click()
    page.get_by_role("link", name="292 more …").click()
    sheet = page.locator("#sheet")
    sheet.get_by_role("link", name="More").last.click()
    expect(sheet).to_have_js_property("scrollTop", 0)
    sheet.get_by_role("link", name="Write here").filter(has_text="+1 555-010-2100").click()
    expect(sheet).not_to_be_visible()
    expect(page.locator("#reach input:checked")).to_have_value("2100")
    expect(page.locator("#answer")).to_be_focused()
    page.keyboard.type("Hello")
    expect(page.locator("#answer")).to_have_value("Hello")
