"""Deciding who is who in Chromium: by keyboard, with the undo in reach."""

import re
from collections.abc import Callable
from datetime import timedelta

import pytest
from playwright.sync_api import Page, expect

from profiles.correcting import draw_boundary, mark, undo
from profiles.merging import merge, tell_apart
from profiles.models import ChannelIdentity, Review, Sighting
from tests.pages.identity_cast import Town, open_review, town

__all__ = ["town"]

pytestmark = [pytest.mark.browser, pytest.mark.django_db(transaction=True, serialized_rollback=False)]


def test_lead_reviews_by_keyboard(open_page: Callable[..., Page], town: Town) -> None:
    first = town.claim(name="Mira Lind", number="46701740611")
    second = town.claim(name="Bo Ek", number="46701740622")
    page = open_page("/inbox/all/", member=town.lead)
    page.keyboard.press("g")
    page.keyboard.press("m")
    page.wait_for_url("**/merges/")
    page.keyboard.press("j")
    page.keyboard.press("Enter")
    page.wait_for_url(f"**/merges/{open_review().pk}/")
    page.keyboard.press("j")
    expect(page.get_by_text("2 of 2 to review")).to_be_visible()
    page.keyboard.press("k")
    expect(page.get_by_text("1 of 2 to review")).to_be_visible()
    page.keyboard.press("ArrowDown")
    expect(page.locator("[type=radio]:focus")).to_be_checked()
    kept = page.locator("td.result [data-result-for=name]").inner_text()
    page.keyboard.press("ArrowRight")
    expect(page.locator("td.result [data-result-for=name]")).not_to_have_text(kept)
    expect(page.locator("[data-rule]")).to_have_text("your choice")
    page.keyboard.press("v")
    expect(page.locator(".sides-row").first).to_be_visible()
    page.keyboard.press("m")
    expect(page.locator(".toast")).to_contain_text("Merged Bo Ek and Bo Ek (work)")
    assert town.profile(second[1]) == second[0]
    expect(page.get_by_text("1 of 1 to review")).to_be_visible()
    page.keyboard.press("d")
    expect(page.locator(".toast")).to_contain_text("are different people")
    page.keyboard.press("z")
    expect(page.locator(".toast")).to_contain_text("Undone")
    assert town.profile(first[1]) == first[1]
    expect(page.get_by_text("1 of 1 to review")).to_be_visible()


def test_typing_a_reason_presses_no_key(open_page: Callable[..., Page], town: Town) -> None:
    _, other = town.claim()
    page = open_page(f"/merges/{open_review().pk}/", member=town.lead)
    page.locator("[name=reason]").fill("")
    page.locator("[name=reason]").press_sequentially("mdlz")
    page.keyboard.press("Enter")
    expect(page.locator("[name=reason]")).to_have_value("mdlz")
    assert town.profile(other) == other
    assert Review.objects.get().later_until is None


def test_toast_leaves_after_half_a_minute(open_page: Callable[..., Page], town: Town) -> None:
    town.claim()
    page = open_page(f"/merges/{open_review().pk}/", member=town.lead)
    page.clock.install()
    page.keyboard.press("l")
    expect(page.locator(".toast")).to_contain_text("Put off for a week")
    page.clock.run_for(29_000)
    expect(page.locator(".toast")).to_be_visible()
    page.clock.run_for(2_000)
    expect(page.locator(".toast")).to_have_count(0)


def test_merge_from_a_customers_page_and_undo_from_the_timeline(open_page: Callable[..., Page], town: Town) -> None:
    one, other = town.claim()
    page = open_page(f"/inbox/all/{one}/", member=town.lead)
    page.get_by_role("link", name="Merge with …").click()
    search = page.locator("#sheet[open]").get_by_role("searchbox")
    expect(search).to_be_focused()
    search.press_sequentially("(work)")
    page.locator("#sheet .people a").click()
    page.wait_for_url(f"**/merges/compare/{one}/{other}/")
    page.get_by_label("Why?").fill("she called")
    page.get_by_role("button", name="Merge").click()
    page.wait_for_url(f"**/inbox/all/{one}/")
    expect(page.locator(".toast")).to_contain_text("Merged Mira Lind and Mira Lind (work)")
    expect(page.locator(".identity-line")).to_have_count(1)
    expect(page.locator(".identity-line")).to_contain_text(re.compile("by Elias Berg.*she called"))
    page.locator(".identity-line").get_by_role("button", name="Undo").click()
    expect(page.locator(".toast")).to_contain_text("Undone")
    assert page.url.endswith(f"/inbox/all/{one}/")
    assert town.profile(other) == other


def test_customer_merged_meanwhile_is_said_on_the_open_page(open_page: Callable[..., Page], town: Town) -> None:
    one, other = town.claim()
    page = open_page(f"/inbox/all/{other}/", member=town.lead)
    expect(page.locator(".status-word")).to_have_text("Live")
    merge(one, other, actor=town.lead)
    page.wait_for_url(f"**/inbox/all/{one}/")
    expect(page.locator(".toast")).to_contain_text("This customer was merged into")


def test_correction_asks_in_a_dialog_that_escape_closes(open_page: Callable[..., Page], town: Town) -> None:
    one, _ = town.claim()
    page = open_page(f"/customers/{one}/identity/", member=town.lead)
    opener = page.get_by_role("link", name="Somebody else writes from here since")
    opener.click()
    expect(page.locator("#sheet[open] [type=datetime-local]")).to_be_visible()
    page.keyboard.press("Escape")
    expect(page.locator("#sheet[open]")).to_have_count(0)
    expect(opener).to_be_focused()


def test_separation_shows_at_once_who_keeps_what(open_page: Callable[..., Page], town: Town) -> None:
    one, other = town.claim()
    merge(one, other, actor=town.lead)
    page = open_page(f"/customers/{one}/separate/", member=town.lead)
    expect(page.get_by_text("here you will see who keeps what")).to_be_visible()
    page.get_by_label("E-mail").check()
    expect(page.locator(".part").nth(1)).to_contain_text("Mira Lind (work)")
    page.get_by_label("Why?").fill("sisters")
    page.get_by_role("button", name="Separate").click()
    expect(page.locator(".toast")).to_contain_text("Separated")
    assert town.profile(other) == other


def test_every_page_of_doubts_fits_at_three_widths(open_page: Callable[..., Page], town: Town) -> None:
    paths = scene(town)
    page = open_page("/inbox/all/", member=town.lead)
    for name, path in paths.items():
        page.goto(path)
        for width, height in ((1440, 900), (1024, 768), (390, 844)):
            page.set_viewport_size({"width": width, "height": height})
            assert page.evaluate("document.documentElement.scrollWidth <= innerWidth"), (name, width)


def scene(town: Town) -> dict[str, str]:
    """A shop with a morning's worth of doubts; the pages to look at, by name."""
    mira, mira_work = town.claim(name="Mira Lind", number="46701740611")
    tell_apart(mira, mira_work, actor=town.lead, reason="she says that the work address is her sister's")
    town.seen(
        "email",
        "46701740611@posteo.example",
        ("email", "46701740611@posteo.example", "proved"),
        ("phone", "+46701740611", "proved"),
        days=0.4,
    )
    long = "José Ángel Fernández-Hernández de la Cruz y Montenegro"
    one = town.seen(
        "store", "c-2001", ("customer_id", "c-2001", "proved"), ("whatsapp_user", "ES.77", "proved"), name=long, days=90
    )
    town.seen(
        "store",
        "c-2002",
        ("customer_id", "c-2002", "proved"),
        ("whatsapp_user", "ES.77", "proved"),
        name="Jose Fernandez",
        days=2,
    )
    conflict = open_review().pk
    arabic = town.seen("sms", "+966501234567", ("phone", "+966501234567", "weak"), name="محمد العلي", days=12)
    town.said(arabic, "مرحبا، أين طلبي؟", "> أهلا محمد، وصل طلبك إلى المستودع.", days=12)
    emoji = town.seen("chat", "visitor-1", ("phone", "+966501234567", "claimed"), name="🌊 Moe", days=1)
    town.said(emoji, "hi, it's me again 🙂 any news?", days=1)
    kajsa = town.seen(
        "whatsapp",
        "46701740688",
        ("phone", "+46701740688", "proved"),
        name="Kajsa Öberg",
        days=60,
        traits={"language": "sv", "city": "Malmö"},
    )
    town.said(kajsa, "Hej! Finns Fjällvind i storlek M?", "> Ja, på lager i Malmö.", "Toppen, jag tar den!", days=60)
    town.said(kajsa, "Can I still change the address to Mill Lane 4? The parcel left on Tuesday I think.", days=9)
    chat = town.seen(
        "chat", "v-2214", ("phone", "+46701740688", "proved"), ("email", "family@oberg.example", "claimed")
    )
    town.said(chat, "Do you ship to Åland?", days=30)
    work = town.seen(
        "email",
        "kajsa@oberg.example",
        ("email", "kajsa@oberg.example", "proved"),
        ("phone", "+46701740688", "claimed"),
        name="K. Öberg, Öberg & Co",
        days=4,
        traits={"language": "en", "company": "Öberg & Co"},
    )
    town.said(work, "We need an invoice for the order of last week.", "> Here it is.", days=4)
    town.consents(kajsa, is_granted=True)
    town.consents(work, is_granted=False)
    rich = open_review().pk
    number = ("phone", "+46701740655", "weak")
    text = town.seen("sms", "+46701740655", number, name="Ulf", days=80)
    town.said(text, "Ulf here. Thanks for the boots!", days=80)
    town.seen("sms", "+46701740655", number, name="Kajsa", days=20)
    town.said(text, "Hi, Kajsa here, my other phone", days=20)
    mark("email", "", "family@oberg.example", "generic", actor=town.lead, reason="the whole family reads it")
    merge(kajsa, text, actor=town.lead, reason="she said so on the phone, and the delivery address is the same")
    done = merge(kajsa, emoji, actor=town.lead, reason="wrong row")
    assert done.operation
    undo(done.operation, actor=town.lead)
    draw_boundary(
        ChannelIdentity.objects.get(pk=text),
        town.now - timedelta(days=45),
        actor=town.lead,
        reason="number handed on to her",
    )
    shared = ("email", "home@berg.example", "proved")
    for name, number in (("Tone Berg", "c-31"), ("Ola Berg", "c-32")):
        town.seen("store", number, ("customer_id", number, "proved"), shared, name=name)
    house = town.seen("email", "home@berg.example", shared, name="Familie Berg", days=1)
    town.said(house, "Hei, when will our parcel arrive?", days=1)
    for number, review in enumerate(Review.objects.order_by("-id")):
        Review.objects.filter(pk=review.pk).update(raised_at=town.now - timedelta(hours=3 + 20 * number))
    sighting = Sighting.objects.filter(channel_identity_id=chat, grade="proved").latest("id").pk
    return {
        "queue": "/merges/",
        "compare": f"/merges/{rich}/",
        "conflict": f"/merges/{conflict}/",
        "log": "/merges/log/",
        "why": f"/customers/{kajsa}/identity/",
        "customer": f"/inbox/all/{kajsa}/",
        "who": f"/inbox/all/{house}/",
        "question": f"/identity/sightings/{sighting}/withdraw/",
        "since": f"/identity/addresses/{text}/since/",
        "separate": f"/customers/{kajsa}/separate/?identity={text}",
        "merge-with": f"/customers/{kajsa}/merge-with/?q=berg",
        "one": f"/customers/{one}/identity/",
    }
