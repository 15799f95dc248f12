"""The demo's month: believable in numbers, understood by the adapter, and the same every time it is told."""

import json
from collections import Counter
from datetime import UTC, datetime, timedelta

import pytest

from channels_ingest.adapters.base import AccountSettings, Delivery
from channels_ingest.adapters.whatsapp_cloud import ADAPTER
from channels_ingest.messages import Item, Message, NotUnderstood
from channels_ingest.simulator.payloads import Happening, Line, payload_of
from channels_ingest.simulator.plots import plots
from channels_ingest.simulator.stories import CLOSINGS, DAYS, deliveries, happenings

ANCHOR = datetime(2026, 11, 22, 15, 0, tzinfo=UTC)
LINES = {
    word: Line(account_id="1", number_id=f"10{number}", display_number=f"4670174060{number}")
    for number, word in enumerate(("orders", "repairs", "wholesale"), start=5)
}


@pytest.fixture(scope="module")
def told() -> list[Happening]:
    return happenings(LINES, ANCHOR)


@pytest.fixture(scope="module")
def items(told: list[Happening]) -> list[Item]:
    found: list[Item] = []
    for line in LINES.values():
        for batch in deliveries([one for one in told if one.line == line]):
            delivery = Delivery(body=json.dumps(payload_of(batch)).encode(), headers={})
            found += [located.item for located in ADAPTER.normalise(delivery, AccountSettings(), ANCHOR)]
    return found


def test_everything_told_is_understood(items: list[Item]) -> None:
    assert [item for item in items if isinstance(item, NotUnderstood)] == []


def test_there_are_about_two_hundred_customers_and_two_thousand_entries(items: list[Item]) -> None:
    messages = [item for item in items if isinstance(item, Message)]
    assert 1500 <= len(messages) <= 2500
    assert 180 <= len({message.sender.address for message in messages}) <= 230


def test_no_id_is_used_twice(items: list[Item]) -> None:
    ids = Counter(item.provider_message_id for item in items if isinstance(item, Message))
    assert ids.most_common(1)[0][1] == 1


def test_everything_happened_in_the_month_before_the_anchor_and_much_of_it_lately(told: list[Happening]) -> None:
    assert ANCHOR - timedelta(days=DAYS + 1) < told[0].at <= told[-1].at <= ANCHOR
    assert sum(one.at > ANCHOR - timedelta(days=3) for one in told) > len(told) / 5


def test_a_month_is_told_the_same_way_again(told: list[Happening]) -> None:
    assert happenings(LINES, ANCHOR) == told
    later = happenings(LINES, ANCHOR + timedelta(hours=1))
    assert not {one.piece["id"] for one in told if "id" in one.piece} & {
        one.piece["id"] for one in later if "id" in one.piece
    }


def test_every_kind_of_thing_happens(told: list[Happening]) -> None:
    kinds = {(one.listed, one.piece.get("type") or one.piece.get("status")) for one in told}
    customers = (
        "text image audio video document sticker location contacts interactive button order reaction edit revoke system"
    )
    assert {("messages", kind) for kind in customers.split()} <= kinds
    assert {("statuses", state) for state in ("sent", "delivered", "read", "failed")} <= kinds
    assert ("user_preferences", None) in kinds
    assert any("group_id" in one.piece for one in told)
    assert any("from" not in one.piece for one in told if one.listed == "messages")


def test_some_people_write_to_two_numbers(told: list[Happening]) -> None:
    lines_of: dict[str, set[str]] = {}
    for one in told:
        if one.listed == "messages" and "from" in one.piece:
            lines_of.setdefault(one.piece["from"], set()).add(one.line.number_id)
    assert sum(len(lines) > 1 for lines in lines_of.values()) >= 5


def test_shop_can_say_goodbye_in_every_language_it_speaks() -> None:
    assert {plot.language for plot in plots()} <= set(CLOSINGS)


def test_plots_speak_of_known_lines_only() -> None:
    spoken_of = {plot.line for plot in plots()} | {beat.line for plot in plots() for beat in plot.beats if beat.line}
    assert spoken_of == set(LINES)
