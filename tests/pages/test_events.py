"""What customers do on the site and in the shop, on the timeline and in the side panel."""

from datetime import timedelta
from typing import Any

import pytest
from django.test import Client
from django.utils import timezone

from profiles.models import ChannelAccount, ChannelIdentity
from tests.pages.conftest import NOON, Born, Say
from tests.pages.reading_html import words
from timeline.models import Entry

ORDER = {
    "number": "1042",
    "state": "shipped",
    "currency": "EUR",
    "total": "129.90",
    "items": [{"name": "Blue jacket", "quantity": 2, "price": 49.95}, {"sku": "SHELL"}],
}


@pytest.fixture
def mira(born: Born) -> ChannelIdentity:
    shop = ChannelAccount.objects.create(provider="trusted_server", channel="store", name="shop")
    return born("Mira Lind", account=shop, address="42", reply_refusal="store")


def did(mira: ChannelIdentity, kind: str, detail: dict[str, Any], *, text: str = "", at: Any = NOON) -> Entry:
    return Entry.objects.create(
        channel_identity=mira,
        account=mira.account,
        kind=kind,
        direction="none",
        occurred_at=at,
        text=text,
        detail=detail,
    )


def page(pages: Client, mira: ChannelIdentity) -> str:
    answer = pages.get(f"/inbox/all/{mira.profile_id}/")
    assert answer.status_code == 200
    return answer.content.decode()


SHOWN: list[tuple[str, dict[str, Any], str, str]] = [
    ("page_view", {"url": "https://s.example/jackets/blue/"}, "Jackets",
     "Looked at Jackets (opens in a new tab) s.example/jackets/blue 12:00"),
    ("page_view", {"url": "https://s.example/caf%C3%A9"}, "",
     "Looked at s.example/café (opens in a new tab) 12:00"),
    ("page_view", {"url": "//["}, "", "A page 12:00"),
    ("order", ORDER, "", "2 × Blue jacket 99.90 EUR 1 × SHELL 12:00"),
    ("order", {}, "", "Order 12:00"),
    ("order", {"total": {"odd": 1}, "items": "odd", "currency": 5, "state": []}, "", "Order 12:00"),
    ("order", {"number": "7", "total": 1500, "currency": "JPY", "state": "canceled"}, "", "Order 7 Cancelled 1,500"),
    ("payment", {"amount": 59.9, "currency": "EUR", "state": "captured", "order": "1042"}, "",
     "Payment Received 59.90 EUR for order 1042 12:00"),
    ("custom", {"name": "Plan changed", "plan": "pro", "is_trial": False, "more": {}}, "Plan changed",
     "Plan changed plan: pro · is trial: no 12:00"),
]  # fmt: skip


@pytest.mark.parametrize(("kind", "detail", "text", "shown"), SHOWN)
def test_event_is_told_in_words(
    pages: Client, mira: ChannelIdentity, kind: str, detail: dict[str, Any], text: str, shown: str
) -> None:
    did(mira, kind, detail, text=text)
    assert shown in words(pages.get(f"/inbox/all/{mira.profile_id}/"))


def test_address_of_a_page_is_a_link_unless_a_part_of_it_is_hidden(pages: Client, mira: ChannelIdentity) -> None:
    did(mira, "page_view", {"url": "https://shop.example/a"}, text="<b>A</b>")
    did(mira, "page_view", {"url": "https://shop.example/reset/…"}, text="B")
    did(mira, "page_view", {"url": "javascript:alert(1)"}, text="C")
    html = page(pages, mira)
    assert 'href="https://shop.example/a"' in html
    assert "&lt;b&gt;A&lt;/b&gt;" in html
    assert 'href="https://shop.example/reset' not in html
    assert 'href="javascript' not in html


def test_side_panel_has_the_newest_pages_and_each_order_once(pages: Client, mira: ChannelIdentity) -> None:
    now = timezone.now()
    for minute in range(5, 15):
        did(
            mira,
            "page_view",
            {"url": f"https://s.example/{minute}"},
            text=f"P{minute}",
            at=now - timedelta(minutes=minute),
        )
    did(mira, "page_view", {"url": "https://s.example/old"}, text="Old", at=now - timedelta(days=31))
    for hours, state in ((9, "created"), (5, "paid"), (1, "shipped")):
        did(mira, "order", {**ORDER, "state": state}, at=now - timedelta(hours=hours))
    payment = {"amount": "129.90", "currency": "EUR", "state": "captured", "order": "1042"}
    did(mira, "payment", payment, at=now - timedelta(hours=4))
    did(mira, "payment", {"amount": "5", "currency": "EUR"}, at=now - timedelta(days=2))
    side = pages.get(f"/customers/{mira.profile_id}/side/", headers={"HX-Request": "true"}).content.decode()
    orders, _, recent = side.partition('id="side-orders"')[2].partition('id="side-pages"')
    assert [f"P{n}" in recent for n in range(5, 11)] == [True] * 5 + [False]
    assert "5 minutes ago" in recent
    assert orders.count("Order 1042") == 1
    assert orders.index("Order 1042") < orders.index("Shipped") < orders.index("Payment: received, 129.90 EUR")
    assert "5.00 EUR" in orders


def test_order_says_in_the_queue_what_became_of_it(pages: Client, mira: ChannelIdentity, say: Say) -> None:
    say(mira, kind="order", direction="none", detail=ORDER)
    assert "Order · 1042 · Shipped · 129.90 EUR" in words(pages.get("/inbox/all/"))


def test_customer_who_browsed_much_costs_no_more_queries(
    pages: Client, mira: ChannelIdentity, django_assert_max_num_queries: Any
) -> None:
    for number in range(60):
        did(mira, "page_view", {"url": f"https://s.example/{number}"}, at=timezone.now())
        did(mira, "order", {**ORDER, "number": str(number)})
    with django_assert_max_num_queries(12):
        page(pages, mira)
