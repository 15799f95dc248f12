"""The palette: what it answers, and by keyboard in Chromium."""

from collections.abc import Callable

import pytest
from django.test import Client
from playwright.sync_api import Page, expect

from profiles.models import ChannelIdentity, StaffMember, Trait
from tests.pages.conftest import NOON, Born, Say
from timeline.models import LastSeen
from timeline.saved_views import save_view
from timeline.search import palette

FRAGMENT = {"HX-Request": "true"}
Open = Callable[..., Page]


@pytest.fixture
def mira(born: Born, say: Say) -> ChannelIdentity:
    mira = born("Mira Lind")
    Trait.objects.create(
        channel_identity=mira, name="name", value="Mira Lind", source="profile", first_seen=NOON, last_seen=NOON
    )
    say(mira, "Where is my umbrella?")
    return mira


def asked(client: Client, words: str) -> str:
    answer = client.get("/palette/", {"q": words}, headers=FRAGMENT)
    assert answer.status_code == 200
    return answer.content.decode()


@pytest.mark.django_db
def test_recent_customers_come_first_on_an_empty_question(pages: Client, mira: ChannelIdentity) -> None:
    found = asked(pages, "")
    assert found.index("Recent customers") < found.index("Mira Lind") < found.index("Go to")
    assert 'href="/inbox/waiting/"' in found


@pytest.mark.django_db
def test_whom_the_agent_read_last_comes_before_who_was_active_last(
    pages: Client, agent: StaffMember, mira: ChannelIdentity, born: Born, say: Say
) -> None:
    for name in ("Tomas", "Aoife"):
        say(born(name), "Hello", minute=30)
    LastSeen.objects.create(member=agent, channel_identity=mira, seen_at=NOON, seen_in=1, entry_id=1)
    found = asked(pages, "")
    assert found.index("Mira Lind") < found.index("Tomas")
    assert found.count("Mira Lind") == 1


@pytest.mark.django_db
def test_customers_places_and_messages_are_found(pages: Client, mira: ChannelIdentity) -> None:
    assert f'href="/inbox/all/{mira.pk}/"' in asked(pages, "mira")
    assert "<mark>umbrella</mark>" in asked(pages, "umbrella")
    assert 'href="/customers/new/"' in asked(pages, "new conv")
    assert "Messages" not in asked(pages, "um")
    assert "&lt;script&gt;" in asked(pages, "<script>")


@pytest.mark.django_db
def test_places_are_those_of_the_role(pages: Client, client: Client, mira: ChannelIdentity) -> None:
    assert "/merges/" not in asked(pages, "merges")
    lead = StaffMember.objects.create_staff("l@example.com", role="lead")  # type: ignore[arg-type]
    client.force_login(lead)
    assert "/merges/" in asked(client, "merges")


@pytest.mark.django_db
def test_views_are_places_saved_ones_too(pages: Client, agent: StaffMember, mira: ChannelIdentity) -> None:
    assert 'href="/inbox/snoozed/"' in asked(pages, "snoo")
    view = save_view("VIPs who wait", owner=agent, view="waiting", filters={})
    assert f'href="/inbox/{view.slug}/"' in asked(pages, "vips")


@pytest.mark.django_db
def test_page_without_script_has_the_same(pages: Client, mira: ChannelIdentity) -> None:
    page = pages.get("/palette/", {"q": "mira"}).content.decode()
    assert "<html" in page
    assert "Mira Lind" in page


@pytest.mark.django_db
@pytest.mark.parametrize("words", ["\x00", "…", "🙂", "a" * 2000, "%", "' OR 1=1", "مرحبا"])
def test_any_question_is_answered(pages: Client, words: str) -> None:
    asked(pages, words)


def test_every_place_has_a_name_and_no_two_the_same_key() -> None:
    keys = [place.key for place in palette.ALL_PLACES if place.key]
    assert len(keys) == len(set(keys))
    assert all(str(place.name) for place in palette.ALL_PLACES)


@pytest.mark.browser
@pytest.mark.django_db(transaction=True)
class TestByKeyboard:
    def opened(self, open_page: Open, path: str = "/inbox/all/", **more: object) -> Page:
        page = open_page(path, **more)
        expect(page.locator(".status-word")).to_have_text("Live")
        page.keyboard.press("Control+k")
        expect(page.locator("#palette-q")).to_be_focused()
        return page

    def test_customer_is_opened(self, open_page: Open, mira: ChannelIdentity) -> None:
        page = self.opened(open_page)
        expect(page.locator("#palette-found [aria-selected=true]")).to_contain_text("Mira Lind")
        page.keyboard.type("lind")
        page.keyboard.press("Enter")  # maybe before the answer: it is pressed for what was typed
        page.wait_for_url(f"**/inbox/all/{mira.pk}/")

    def test_arrows_choose_and_the_reader_is_told(self, open_page: Open, mira: ChannelIdentity) -> None:
        page = self.opened(open_page)
        page.keyboard.type("wait")
        chosen = page.locator("#palette-found [aria-selected=true]")
        expect(chosen).to_contain_text("Waiting")
        identifier = chosen.get_attribute("id")
        assert page.locator("#palette-q").get_attribute("aria-activedescendant") == identifier
        page.keyboard.press("ArrowUp")
        expect(chosen).to_contain_text("All results for")
        page.keyboard.press("ArrowDown")
        page.keyboard.press("Enter")
        page.wait_for_url("**/inbox/waiting/")

    def test_command_presses_the_pages_own_control(self, open_page: Open, mira: ChannelIdentity) -> None:
        page = self.opened(open_page)
        page.keyboard.type("new conversation")
        expect(page.locator("#palette-found [aria-selected=true]")).to_contain_text("New conversation")
        page.keyboard.press("Enter")
        expect(page.locator("#sheet input[name=q]")).to_be_focused()
        expect(page.locator("#sheet")).to_contain_text("New conversation")

    def test_command_of_the_open_customer_is_offered_with_its_key(self, open_page: Open, mira: ChannelIdentity) -> None:
        page = open_page(f"/inbox/all/{mira.pk}/")
        expect(page.locator(".status-word")).to_have_text("Live")
        page.keyboard.press("Control+k")
        expect(page.locator("#palette-q")).to_be_focused()
        page.keyboard.type("assi")
        expect(page.locator("#palette-found [aria-selected=true] .hit-main")).to_have_text("Assign to me")
        expect(page.locator("#palette-found [aria-selected=true] kbd")).to_have_text("a")
        page.keyboard.press("Enter")
        expect(page.locator("#sheet")).not_to_be_visible()
        expect(page.locator("#tl")).to_contain_text("took this customer")

    def test_theme_is_changed_and_keys_are_listed(self, open_page: Open, mira: ChannelIdentity) -> None:
        page = self.opened(open_page)
        page.keyboard.type("theme")
        expect(page.locator("#palette-found [aria-selected=true]")).to_contain_text("Change the theme")
        page.keyboard.press("Enter")
        expect(page.locator("html")).to_have_attribute("data-theme", "light")
        page.keyboard.press("Control+k")
        expect(page.locator("#palette-q")).to_be_focused()
        page.keyboard.type("keyboard")
        expect(page.locator("#palette-found [aria-selected=true]")).to_contain_text("Keyboard shortcuts")
        page.keyboard.press("Enter")
        expect(page.locator("#help")).to_be_visible()

    def test_escape_closes_and_a_phone_shows_it_whole(self, open_page: Open, mira: ChannelIdentity) -> None:
        page = self.opened(open_page, width=390, height=760)
        size = page.locator("#sheet").bounding_box()
        assert size is not None
        assert (size["width"], size["height"]) == (390, 760)
        page.keyboard.type("ana")  # words in the box do not keep it
        page.keyboard.press("Escape")
        expect(page.locator("#sheet")).not_to_be_visible()


@pytest.mark.django_db
def test_what_was_done_is_taken_back_from_the_palette_once(pages: Client, mira: ChannelIdentity) -> None:
    assert "Recent actions" not in asked(pages, "")
    pages.post("/work/priority/", {"priority": "3", "profile": mira.pk, "open": "1"}, headers=FRAGMENT)
    pages.post("/work/assign/", {"to": "me", "profile": mira.pk, "open": "1"}, headers=FRAGMENT)
    found = asked(pages, "")
    assert found.count('data-submit="recent-') == 2
    assert found.index("Recent customers") < found.index("Recent actions") < found.index("Go to")
    assert asked(pages, "undo").count('data-submit="recent-') == 2
    assert asked(pages, "zebra").count('data-submit="recent-') == 0
    token = found.split('name="token" value="')[1].split('"')[0]
    pages.post("/work/undo/", {"token": token, "view": "all"}, headers=FRAGMENT)
    assert (mira.profile.queue_row.assignee, mira.profile.queue_row.priority) == (None, 3)
    assert asked(pages, "").count('data-submit="recent-') == 1


@pytest.mark.browser
@pytest.mark.django_db(transaction=True, serialized_rollback=False)
def test_action_whose_toast_is_gone_is_undone_from_the_palette(open_page: Open, mira: ChannelIdentity) -> None:
    page = open_page(f"/inbox/all/{mira.pk}/")
    expect(page.locator(".status-word")).to_have_text("Live")
    page.locator("#tl").click()
    page.keyboard.press("a")
    page.locator(".toast.success").get_by_role("button", name="Close").click()
    page.keyboard.press("Control+k")
    page.keyboard.type("undo mira")
    expect(page.locator("[aria-selected=true]")).to_contain_text("Undo")
    page.keyboard.press("Enter")
    expect(page.locator(".toast")).to_contain_text("Taken back")
    expect(page.locator("#sheet")).to_be_hidden()
    mira.profile.queue_row.refresh_from_db()
    assert mira.profile.queue_row.assignee is None
