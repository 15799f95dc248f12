"""A member's own page: preferences, keys, password, sessions, tokens."""

from collections.abc import Callable
from typing import Any

import pytest
from django.test import Client
from playwright.sync_api import Page, expect

from profiles.models import ApiToken, Role, StaffMember
from profiles.preferences import Preferences, prefer, preferences_of
from tests.pages.conftest import NOON, PASSWORD, Born, Say
from timeline.keys import KeyConflictError, checked, commands, meaning_of

Open = Callable[..., Page]
LOOK = {"name": "Ana Duarte", "theme": "", "density": "", "language": "", "zone": ""}


def fresh(member: StaffMember) -> StaffMember:
    return StaffMember.objects.get(pk=member.pk)


def test_page_shows_what_can_be_chosen(pages: Client) -> None:
    page = pages.get("/me/").content.decode()
    for words in ("Theme", "Time zone", "Keys", "Notices on the desktop", "Log out everywhere", "API tokens"):
        assert words in page


def test_look_is_kept_and_pages_follow(pages: Client, agent: StaffMember, born: Born, say: Say) -> None:
    said = LOOK | {"theme": "dark", "density": "compact", "language": "de", "zone": "Asia/Tokyo", "name": "Ana <D>"}
    answer: Any = pages.post("/me/look/", said)
    assert answer.status_code == 302
    assert answer.cookies["theme"].value == "dark"
    mine = preferences_of(fresh(agent))
    assert (mine.density, mine.language, mine.zone) == ("compact", "de", "Asia/Tokyo")
    mira = born("Mira")
    say(mira, "Hello")
    assert NOON.hour == 12
    page = pages.get(f"/inbox/all/{mira.pk}/").content.decode()
    assert 'lang="de"' in page
    assert 'data-density="compact"' in page
    assert 'data-theme="dark"' in page
    assert ">21:00<" in page
    assert "Ana &lt;D&gt;" in pages.get("/me/").content.decode()
    pages.post("/me/look/", LOOK)
    assert preferences_of(fresh(agent)) == Preferences()
    assert fresh(agent).preferences == {}


@pytest.mark.parametrize(
    "odd",
    [{"zone": "../../etc/passwd"}, {"zone": "Mars/Base"}, {"theme": "pink"}, {"language": "xx"}, {"density": "9"}],
)
def test_odd_choices_are_refused(pages: Client, agent: StaffMember, odd: dict[str, str]) -> None:
    assert pages.post("/me/look/", LOOK | odd).status_code == 422
    assert fresh(agent).preferences == {}


@pytest.mark.parametrize(
    "stored", [None, [], {"keys": 7, "zone": "Mars/Base", "theme": 3, "density": [], "has_keys": None}]
)
def test_odd_preferences_in_the_table_count_as_none(pages: Client, agent: StaffMember, stored: Any) -> None:
    agent.preferences = stored or {}
    agent.save()
    assert pages.get("/me/").status_code == 200


def fields(**changed: str) -> dict[str, str]:
    chosen = {command.key: command.key for command in commands()} | changed
    return {"form": "1", "has_keys": "on", **{f"key {key}": value for key, value in chosen.items()}}


def test_keys_are_remapped_and_the_help_says_so(pages: Client, agent: StaffMember) -> None:
    assert pages.post("/me/keys/", fields(a="w", J="g j")).status_code == 302
    assert preferences_of(fresh(agent)).keys == {"a": "w", "J": "g j"}
    page = pages.get("/me/").content.decode()
    assert "data-meaning=" in page
    assert "<dt><kbd>w</kbd></dt><dd>Assign to me</dd>" in page
    assert "<dt><kbd>g</kbd> <kbd>j</kbd></dt><dd>Open the next customer</dd>" in page
    assert pages.post("/me/keys/", {"reset": "1"}).status_code == 302
    assert preferences_of(fresh(agent)).keys == {}


def test_two_commands_with_one_key_are_refused_in_words(pages: Client, agent: StaffMember) -> None:
    answer = pages.post("/me/keys/", fields(a="e"))
    assert answer.status_code == 422
    page = answer.content.decode()
    assert "“e” would do two things: “Resolve and open the next” and “Assign to me”." in page
    assert 'name="key a" value="e"' in page
    assert fresh(agent).preferences == {}


@pytest.mark.parametrize("odd", ["g", "7", "ab", "g ab", "h x", "g  ", "\x00", "gg"])
def test_what_is_no_key_is_refused(odd: str) -> None:
    with pytest.raises(KeyConflictError):
        checked({"a": odd})


def test_keys_can_be_swapped() -> None:
    changed = checked({"a": "e", "e": "a"})
    assert changed == {"a": "e", "e": "a"}
    assert meaning_of(changed) == {"e": "a", "a": "e"}
    assert meaning_of({"a": "x"}) == {"a": "", "x": "a"}


def test_switch_behind_the_question_mark_is_kept(pages: Client, agent: StaffMember) -> None:
    assert pages.post("/me/keys/", {"has_keys": "off"}).status_code == 204
    assert preferences_of(fresh(agent)).has_keys is False
    assert 'data-keys="off"' in pages.get("/me/").content.decode()
    pages.post("/me/keys/", {"has_keys": "on"})
    assert fresh(agent).preferences == {}


def test_password_is_changed_by_who_knows_it_and_others_are_logged_out(pages: Client, agent: StaffMember) -> None:
    other = Client()
    other.force_login(agent)
    wrong = pages.post("/me/password/", {"old": "x", "password": "another kettle of violets"})
    assert (wrong.status_code, fresh(agent).check_password(PASSWORD)) == (422, True)
    assert "That is not your password." in wrong.content.decode()
    assert pages.post("/me/password/", {"old": PASSWORD, "password": "short"}).status_code == 422
    done = pages.post("/me/password/", {"old": PASSWORD, "password": "another kettle of violets"})
    assert done.status_code == 302
    assert fresh(agent).check_password("another kettle of violets")
    assert fresh(agent).access_revision == 1
    assert pages.get("/me/").status_code == 200
    assert other.get("/me/").status_code == 302


def test_log_out_everywhere_ends_every_session(pages: Client, agent: StaffMember) -> None:
    other = Client()
    other.force_login(agent)
    assert other.get("/me/").status_code == 200
    assert pages.post("/me/log-out-everywhere/").status_code == 302
    assert pages.get("/me/").status_code == 302
    assert other.get("/me/").status_code == 302
    assert fresh(agent).access_revision == 1
    other.force_login(fresh(agent))
    assert other.get("/me/").status_code == 200


def test_own_tokens_are_revoked_and_nobody_elses(pages: Client, agent: StaffMember) -> None:
    token = ApiToken.issue(agent, Role.AGENT)
    stranger = StaffMember.objects.create_staff("x@example.com")
    ApiToken.issue(stranger, Role.AGENT)
    mine, theirs = ApiToken.objects.get(member=agent), ApiToken.objects.get(member=stranger)
    headers = {"Authorization": f"Bearer {token}"}
    assert Client().get("/api/v1/queue/", headers=headers).status_code == 200
    assert f"/me/tokens/{mine.pk}/revoke/" in pages.get("/me/").content.decode()
    assert pages.post(f"/me/tokens/{theirs.pk}/revoke/").status_code == 404
    assert pages.post(f"/me/tokens/{2**63}/revoke/").status_code == 404
    assert pages.post(f"/me/tokens/{mine.pk}/revoke/").status_code == 302
    assert pages.post(f"/me/tokens/{mine.pk}/revoke/").status_code == 404
    assert Client().get("/api/v1/queue/", headers=headers).status_code == 401


def test_nothing_is_shown_to_who_is_not_logged_in(client: Client) -> None:
    assert client.get("/me/").status_code == 302
    assert client.post("/me/keys/", {"has_keys": "off"}).status_code == 302


@pytest.mark.browser
@pytest.mark.django_db(transaction=True)
def test_keys_are_as_chosen_in_the_browser(open_page: Open, agent: StaffMember, born: Born, say: Say) -> None:
    say(born("Mira"), "Hello")
    agent.preferences = {"keys": {"/": "w"}}
    agent.save()
    page = open_page("/inbox/all/")
    expect(page.locator(".status-word")).to_have_text("Live")
    page.keyboard.press("/")
    page.wait_for_timeout(200)
    expect(page.locator("#sheet")).not_to_be_visible()
    page.keyboard.press("w")
    expect(page.locator("#sheet #q")).to_be_focused()
    page.keyboard.press("Escape")
    expect(page.locator("#sheet")).not_to_be_visible()
    page.keyboard.press("?")
    expect(page.locator("#help")).to_be_visible()
    with page.expect_response("**/me/keys/"):
        page.get_by_label("Single-key shortcuts on").uncheck()
    page.keyboard.press("Escape")
    page.reload()
    expect(page.locator(".status-word")).to_have_text("Live")
    page.keyboard.press("w")
    page.wait_for_timeout(200)
    expect(page.locator("#sheet")).not_to_be_visible()


def test_hints_name_the_members_own_keys_and_none_when_keys_are_off(
    pages: Client, agent: StaffMember, born: Born, say: Say
) -> None:
    mira = born("Mira")
    entry = say(mira, "Hello")
    prefer(agent, keys={"a": "m", "m": "a", "A": "g a", "z": "Z", ".": "'"})
    page = pages.get(f"/inbox/all/{mira.pk}/").content.decode()
    assert 'title="Assign to me (m)"' in page
    assert 'title="Assign (g a)"' in page
    assert 'title="What can be done with it (&#x27;)"' in page
    assert 'title="Tags (t)"' in page
    assert 'title="Resolve and stay here (Shift E)"' in page
    assert "<kbd>y</kbd>" in pages.get(f"/entries/{entry.pk}/menu/", headers={"HX-Request": "true"}).content.decode()
    prefer(agent, has_keys=False)
    page = pages.get(f"/inbox/all/{mira.pk}/").content.decode()
    assert 'title="Assign to me"' in page
    assert 'title="What can be done with it"' in page
    assert (
        "<kbd>y</kbd>" not in pages.get(f"/entries/{entry.pk}/menu/", headers={"HX-Request": "true"}).content.decode()
    )
