"""From the inbox to the timeline: once, in any order, and never held up by a neighbour."""

import itertools
import json
import random
import threading
import tracemalloc
from collections.abc import Callable, Iterator
from contextlib import suppress
from datetime import timedelta
from functools import partial
from typing import Any

import pytest
from django.db import connection
from django.utils import timezone

from channels_ingest import envelopes, pipeline
from channels_ingest.accounts import connect
from channels_ingest.models import Envelope
from profiles.components import connected, outcome_of
from profiles.identity.policy import Policy
from profiles.merging import merge, unmerge
from profiles.models import ChannelAccount, ChannelIdentity, Role, StaffMember
from profiles.operations import VerbRefusedError
from profiles.reading import current_profile_id, describe
from tests.conftest import APP_SECRET, VERIFY_TOKEN, Deliver, whatsapp_change, whatsapp_text
from timeline.models import Entry, QueueRow

CUSTOMER = "15550100001"
AT = 1_760_000_000


def status(wamid: str, state: str, at: int, **more: Any) -> dict[str, Any]:
    return whatsapp_change(
        statuses=[{"id": wamid, "status": state, "timestamp": str(at), "recipient_id": CUSTOMER, **more}]
    )


def echo(wamid: str, text: str, at: int) -> dict[str, Any]:
    message = {"from": "15550783881", "to": CUSTOMER, "id": wamid, "timestamp": str(at), "type": "text"}
    return whatsapp_change("smb_message_echoes", message_echoes=[{**message, "text": {"body": text}}])


def done(kind: str, wamid: str, target: str, at: int, **content: Any) -> dict[str, Any]:
    key = "message_id" if kind == "reaction" else "original_message_id"
    message = {"from": CUSTOMER, "id": wamid, "timestamp": str(at), "type": kind, kind: {key: target, **content}}
    return whatsapp_change(messages=[message], contacts=[{"profile": {"name": "Mira Lind"}, "wa_id": CUSTOMER}])


def edit(wamid: str, target: str, text: str, at: int) -> dict[str, Any]:
    return done("edit", wamid, target, at, message={"type": "text", "text": {"body": text}})


HISTORY = [
    whatsapp_text("Where is my parcel?", wamid="in.1", at=AT),
    edit("edit.1", "in.1", "Where is my parcel 1042?", AT + 20),
    edit("edit.2", "in.1", "Where is parcel 1042?", AT + 40),
    edit("edit.3", "edit.2", "Where is 1042?", AT + 45),  # names the edit before it
    echo("out.1", "On its way.", AT + 60),
    status("out.1", "delivered", AT + 62),
    status("out.1", "read", AT + 65),
    status("out.1", "sent", AT + 61),
    done("reaction", "react.1", "out.1", AT + 70, emoji="👍"),
    done("reaction", "react.2", "out.1", AT + 80, emoji="🙏"),
    whatsapp_text("Thanks!!", wamid="in.2", at=AT + 90),
    edit("edit.4", "in.2", "Thanks!", AT + 92),
    done("revoke", "revoke.1", "edit.4", AT + 95),
]


def stand() -> list[tuple[Any, ...]]:
    rows = Entry.objects.order_by("occurred_at", "provider_message_id")
    return [
        (r.provider_message_id, r.direction, r.text, r.delivery, json.dumps(r.detail, sort_keys=True), r.is_placeholder)
        for r in rows
    ]


def work(deliver: Deliver, deliveries: list[dict[str, Any]], *, at_once: bool) -> None:
    for each in deliveries:
        assert deliver(each).status_code == 200
        if not at_once:
            pipeline.drain()
    pipeline.drain()


def test_history_reads_as_it_happened(deliver: Deliver) -> None:
    work(deliver, HISTORY, at_once=False)
    first, reply, last = Entry.objects.order_by("occurred_at")
    assert first.text == "Where is 1042?"
    replaced = [e["previous_text"] for e in first.detail["edits"]]
    assert replaced == ["Where is my parcel?", "Where is my parcel 1042?", "Where is parcel 1042?"]
    assert (reply.direction, reply.delivery) == ("out", "read")
    assert [r["emoji"] for r in reply.detail["reactions"]] == ["🙏"]
    times = reply.detail["delivery_times"]
    assert sorted(times, key=times.__getitem__) == ["sent", "delivered", "read"]
    assert last.text == "Thanks!"
    assert last.detail["revoked_at"].startswith("2025-10-09T08:54:55")


@pytest.mark.parametrize("seed", range(12))
def test_any_order_and_any_repetition_give_the_same_timeline(deliver: Deliver, seed: int) -> None:
    work(deliver, HISTORY, at_once=False)
    expected, queue = stand(), list(QueueRow.objects.values_list("last_entry__provider_message_id", "waiting_since"))
    folds = list(ChannelIdentity.objects.values_list("first_seen", "last_seen", "last_inbound_at", "last_outbound_at"))
    for model in (QueueRow, Entry):
        model.objects.all().delete()
    with connection.cursor() as cursor:
        cursor.execute("DELETE FROM timeline_amendment")
        cursor.execute(
            "UPDATE profiles_channelidentity SET first_seen=NULL, last_seen=NULL, last_inbound_at=NULL,"
            " last_outbound_at=NULL"
        )
    Envelope.objects.all().delete()
    shuffled = HISTORY + random.Random(seed).sample(HISTORY, 4)
    random.Random(seed).shuffle(shuffled)
    work(deliver, shuffled, at_once=seed % 2 == 0)
    assert stand() == expected, f"seed {seed}"
    assert list(QueueRow.objects.values_list("last_entry__provider_message_id", "waiting_since")) == queue
    assert (
        list(ChannelIdentity.objects.values_list("first_seen", "last_seen", "last_inbound_at", "last_outbound_at"))
        == folds
    )


@pytest.mark.parametrize("order", list(itertools.permutations(["sent", "delivered", "failed"])))
def test_failed_does_not_undo_delivered_and_sent_does_not_revive_failed(
    deliver: Deliver, order: tuple[str, ...]
) -> None:
    work(deliver, [echo("out.1", "Hello", AT)], at_once=False)
    work(deliver, [status("out.1", state, AT + 1) for state in order], at_once=False)
    assert Entry.objects.get().delivery == "delivered"
    work(deliver, [echo("out.2", "Hello again", AT + 9)], at_once=False)
    work(deliver, [status("out.2", state, AT + 10) for state in order if state != "delivered"], at_once=False)
    assert Entry.objects.get(provider_message_id="out.2").delivery == "failed"


def test_statuses_of_a_stranger_make_nobody_a_customer(deliver: Deliver) -> None:
    work(deliver, [status("out.unknown", "delivered", AT)], at_once=False)
    assert not ChannelIdentity.objects.exists()


def test_text_that_postgresql_cannot_hold_is_cleaned_and_its_batch_survives(deliver: Deliver) -> None:
    messages = [
        {"from": CUSTOMER, "id": f"w.{n}", "timestamp": str(AT + n), "type": "text", "text": {"body": text}}
        for n, text in enumerate(["nul \0 lone \ud800", "fine"])
    ]
    assert deliver(whatsapp_change(messages=messages)).status_code == 200
    pipeline.drain()
    assert list(Entry.objects.order_by("occurred_at").values_list("text", flat=True)) == ["nul  lone ?", "fine"]


def test_foreign_body_is_not_understood_and_can_be_replayed(deliver: Deliver) -> None:
    deliver(b'{"object": "page", "entry": []}')
    deliver(whatsapp_text("hello", wamid="w.1"))
    pipeline.drain()
    odd = Envelope.objects.get(state="not_understood")
    assert "whatsapp_business_account" in odd.fault
    assert Entry.objects.count() == 1
    assert envelopes.replay([odd.pk]) == 1
    assert pipeline.drain().envelopes == 1


def test_replay_of_a_learnt_type_fills_the_entry_it_left(deliver: Deliver, whatsapp: ChannelAccount) -> None:
    message = {"from": CUSTOMER, "id": "w.1", "timestamp": str(AT), "type": "hologram", "hologram": {"x": 1}}
    deliver(whatsapp_change(messages=[message]))
    pipeline.drain()
    entry = Entry.objects.get()
    assert (entry.is_placeholder, entry.detail["type"]) == (True, "unsupported")
    # The adapter has learnt the type: the same message now comes out with content.
    Envelope.objects.update(body=json.dumps(whatsapp_text("hello from a hologram", wamid="w.1", at=AT)).encode())
    envelopes.replay(Envelope.objects.values_list("id", flat=True))
    pipeline.drain()
    entry.refresh_from_db()
    assert (entry.is_placeholder, entry.text) == (False, "hello from a hologram")
    assert Envelope.objects.get().state == "processed"


def test_envelope_that_fails_five_times_is_a_dead_letter_and_its_neighbours_are_worked(deliver: Deliver) -> None:
    deliver(whatsapp_text("poison", wamid="w.poison", wa_id="15550100666"))
    deliver(whatsapp_text("good", wamid="w.good"))
    with connection.cursor() as cursor:  # the database itself refuses one text, whatever the code does
        cursor.execute("ALTER TABLE timeline_entry ADD CONSTRAINT no_poison CHECK (text <> 'poison')")
    for attempt in range(1, 7):
        pipeline.drain()
        assert list(Entry.objects.values_list("text", flat=True)) == ["good"]
        Envelope.objects.update(next_attempt_at=timezone.now() - timedelta(minutes=1))
        poison = Envelope.objects.get(delivery_key=Envelope.objects.order_by("id").first().delivery_key)  # type: ignore[union-attr]
        assert (poison.state, poison.attempts) == ("dead" if attempt >= 5 else "received", min(attempt, 5))
        assert "poison" not in poison.fault
    with connection.cursor() as cursor:
        cursor.execute("SET CONSTRAINTS ALL IMMEDIATE; ALTER TABLE timeline_entry DROP CONSTRAINT no_poison")
    envelopes.replay([poison.pk])
    pipeline.drain()
    assert sorted(Entry.objects.values_list("text", flat=True)) == ["good", "poison"]


def test_good_items_of_a_failing_envelope_are_recorded(deliver: Deliver) -> None:
    messages = [
        {"from": CUSTOMER, "id": f"w.{n}", "timestamp": str(AT + n), "type": "text", "text": {"body": text}}
        for n, text in enumerate(["one", "poison", "three"])
    ]
    deliver(whatsapp_change(messages=messages))
    with connection.cursor() as cursor:
        cursor.execute("ALTER TABLE timeline_entry ADD CONSTRAINT no_poison CHECK (text <> 'poison')")
    pipeline.drain()
    assert sorted(Entry.objects.values_list("text", flat=True)) == ["one", "three"]
    assert Envelope.objects.get().state == "received"


def test_worker_that_died_leaves_its_envelopes_due_again(deliver: Deliver) -> None:
    deliver(whatsapp_text("hello", wamid="w.1"))
    assert envelopes.claim(10)  # and then the worker is gone
    assert not envelopes.claim(10)
    assert not envelopes.claim_alone()
    Envelope.objects.update(next_attempt_at=timezone.now())
    assert pipeline.drain().envelopes == 1
    Envelope.objects.update(state="received", attempts=5, next_attempt_at=timezone.now())
    assert envelopes.bury_exhausted() == 1


def test_one_callback_serves_many_lines_that_share_its_secret_only(deliver: Deliver, whatsapp: ChannelAccount) -> None:
    whatsapp.settings["phone_number_id"] = "1001"
    whatsapp.save()
    values = {"app_secret": APP_SECRET, "verify_token": VERIFY_TOKEN}
    repairs = connect("whatsapp_cloud", name="Repairs", values={**values, "phone_number_id": "1002"})
    connect("whatsapp_cloud", name="Foreign", values={**values, "app_secret": "other", "phone_number_id": "1003"})
    for number in (1001, 1002, 1003, 1004):
        message = {"from": CUSTOMER, "id": f"w.{number}", "timestamp": str(AT), "type": "text", "text": {"body": "hi"}}
        deliver(whatsapp_change(phone_number_id=str(number), messages=[message]))
    pipeline.drain()
    accounts = dict(Entry.objects.values_list("provider_message_id", "account__name"))
    assert accounts == {"w.1001": "Orders", "w.1002": "Repairs"}
    refused = Envelope.objects.filter(state="not_understood")
    assert refused.count() == 2
    assert all("connect it and replay" in envelope.fault for envelope in refused)
    connect("whatsapp_cloud", name="Wholesale", values={**values, "phone_number_id": "1004"})
    envelopes.replay(refused.values_list("id", flat=True))
    pipeline.drain()
    assert Entry.objects.filter(account__name="Wholesale", provider_message_id="w.1004").count() == 1
    # The same phone on both lines is one person, with a channel identity on each.
    profile = describe(current_profile_id(ChannelIdentity.objects.get(account=repairs).pk) or 0)
    assert profile is not None
    assert {view.account for view in profile.channel_identities} == {"Orders", "Repairs", "Wholesale"}


def test_a_number_that_changed_hands_is_two_people(deliver: Deliver) -> None:
    new = "12195550358"
    system = {"type": "user_changed_number", "wa_id": new, "body": f"User changed from {CUSTOMER} to {new}"}
    change = {"from": CUSTOMER, "id": "sys.1", "timestamp": str(AT + 100), "type": "system", "system": system}
    work(
        deliver,
        [
            whatsapp_text("it is me", wamid="w.1", at=AT),
            whatsapp_change(messages=[change]),
            whatsapp_text("me again, new number", wamid="w.2", wa_id=new, at=AT + 200),
            whatsapp_text("who is this?", wamid="w.3", at=AT + 300),
            whatsapp_text("late, but from before", wamid="w.4", at=AT + 50),
        ],
        at_once=False,
    )
    people = {
        frozenset(
            Entry.objects.filter(channel_identity__profile_id=pk, kind="message").values_list(
                "provider_message_id", flat=True
            )
        )
        for pk in ChannelIdentity.objects.values_list("profile_id", flat=True)
    }
    assert people == {frozenset({"w.1", "w.2", "w.4"}), frozenset({"w.3"})}


def test_group_message_stands_with_its_sender_and_refuses_replies(deliver: Deliver) -> None:
    work(
        deliver,
        [
            whatsapp_text("private", wamid="w.1"),
            whatsapp_text("to all", wamid="w.2", at=AT + 1, group_id="group-1"),
        ],
        at_once=True,
    )
    profile = describe(ChannelIdentity.objects.values_list("profile_id", flat=True).distinct().get())
    assert profile is not None
    assert {(v.address, v.reply_refusal) for v in profile.channel_identities} == {
        (CUSTOMER, ""),
        (f"group-1:{CUSTOMER}", "group"),
    }


def test_raw_bodies_are_pruned_after_their_time_and_keys_stay(deliver: Deliver) -> None:
    message = whatsapp_text("hello", wamid="w.1")
    deliver(message)
    pipeline.drain()
    assert envelopes.prune(90) == 0
    Envelope.objects.update(processed_at=timezone.now() - timedelta(days=91))
    assert envelopes.prune(90) == 1
    assert Envelope.objects.get().body is None
    deliver(message)
    assert Envelope.objects.count() == 1


def oldest_unanswered(profile_id: int) -> object:
    """When the oldest message was written that nobody answered, computed the plain way."""
    messages = Entry.objects.filter(channel_identity__profile_id=profile_id, kind="message", is_backfilled=False)
    answered = messages.filter(direction="out").exclude(delivery="failed").order_by("-occurred_at").first()
    waiting = messages.filter(direction="in", channel_identity__reply_refusal="")
    if answered:
        waiting = waiting.filter(occurred_at__gt=answered.occurred_at)
    first = waiting.order_by("occurred_at").first()
    return first.occurred_at if first else None


def crossing_deliveries(chance: random.Random, count: int) -> Iterator[dict[str, Any]]:
    """Texts of ten people with changing names, some with a username two share, answers, and reactions to any text."""
    for n in range(count):
        person = chance.randrange(10)
        more = {"from_user_id": f"US.{person // 2}"} if chance.random() < 0.2 else {}
        message = whatsapp_text(
            f"text {n}", wamid=f"w.{n}", wa_id=f"1555010000{person}", at=AT + chance.randrange(500), **more
        )
        message["entry"][0]["changes"][0]["value"]["contacts"][0]["profile"]["name"] = f"Name {chance.randrange(4)}"
        yield message
        if chance.random() < 0.2:
            answer = echo(f"out.{n}", "Hello", AT + chance.randrange(500))
            answer["entry"][0]["changes"][0]["value"]["message_echoes"][0]["to"] = f"1555010000{person}"
            yield answer
        if chance.random() < 0.3:
            yield done("reaction", f"r.{n}", f"w.{chance.randrange(count)}", AT + 600, emoji="👍")


def merge_or_unmerge(lead: StaffMember, chance: random.Random) -> None:
    """Two customers become one, or somebody's channel identities are divided at random."""
    now = dict(ChannelIdentity.objects.order_by("id").values_list("id", "profile_id"))
    if len(now) < 2:
        return
    one, other = chance.sample(sorted(now), 2)
    mine = [pk for pk, profile in now.items() if profile == now[one]]
    with suppress(VerbRefusedError):
        if chance.random() < 0.5:
            merge(one, other, actor=lead)
        else:
            unmerge(one, mine[: chance.randint(1, len(mine))], actor=lead)


def judge_until_drained(lead: StaffMember, chance: random.Random, faults: list[object]) -> None:
    while Envelope.objects.filter(state="received").exists() and not faults:
        merge_or_unmerge(lead, chance)


def drain_without_fault() -> None:
    worked = pipeline.Worked()
    while pipeline.work_once(worked):
        pass
    assert not worked.faults, worked


def noting(faults: list[object], work: Callable[[], None]) -> None:
    """Runs in a thread of its own, whose error would else be lost."""
    try:
        work()
    except BaseException as error:
        faults.append(error)
    finally:
        connection.close()


@pytest.mark.django_db(transaction=True)
def test_workers_side_by_side_neither_deadlock_nor_lose(deliver: Deliver) -> None:
    """New names, joins, amendments and shared customers at once, and two leads: what two lock orders would break."""
    seed = random.randrange(10**6)
    for delivery in crossing_deliveries(random.Random(seed), 400):
        deliver(delivery)
    faults: list[object] = []

    lead = StaffMember.objects.create_staff("lead@example.com", role=Role.LEAD)
    threads = [threading.Thread(target=noting, args=(faults, drain_without_fault)) for _ in range(6)]
    for n in range(2):
        judge = partial(judge_until_drained, lead, random.Random(seed + n), faults)
        threads.append(threading.Thread(target=noting, args=(faults, judge)))
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert not faults, f"seed {seed}: {faults[:1]}"
    assert not Envelope.objects.exclude(state="processed").exists(), f"seed {seed}"
    assert Entry.objects.filter(is_placeholder=False, kind="message", direction="in").count() == 400
    stored = dict(ChannelIdentity.objects.values_list("id", "profile_id"))
    assert outcome_of(connected(stored, Policy())).targets == stored, f"seed {seed}"
    for row in QueueRow.objects.select_related("last_entry"):
        assert row.waiting_since == oldest_unanswered(row.profile_id), f"seed {seed}"
        newest = Entry.objects.filter(channel_identity__profile_id=row.profile_id, kind="message").order_by(
            "-occurred_at", "-id"
        )
        assert row.last_entry == newest[0], f"seed {seed}"


def test_envelope_that_kills_its_worker_takes_no_neighbour_along(deliver: Deliver) -> None:
    deliver(whatsapp_text("poison", wamid="w.poison", wa_id="15550100666"))
    for n in range(5):
        deliver(whatsapp_text(f"good {n}", wamid=f"w.{n}"))
    poison = Envelope.objects.earliest("id").pk
    for _ in range(30):
        Envelope.objects.filter(state="received").update(next_attempt_at=timezone.now() - timedelta(minutes=9))
        envelopes.bury_exhausted()
        if envelopes.claim(10):
            continue  # the poison is among them: the worker dies
        for pk in envelopes.claim_alone():
            if pk != poison:
                pipeline._work_alone(pk, pipeline.Worked())
    assert list(Envelope.objects.filter(state="dead").values_list("id", flat=True)) == [poison]
    assert sorted(Entry.objects.values_list("text", flat=True)) == [f"good {n}" for n in range(5)]


def test_delivery_of_a_million_empty_things_is_a_dead_letter_and_costs_no_memory(deliver: Deliver) -> None:
    nothing = b"{}," * 1_300_000
    deliver(b'{"object":"whatsapp_business_account","entry":[' + nothing + b"{}]}")
    tracemalloc.start()
    pipeline.drain()
    peak_bytes = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    envelope = Envelope.objects.get()
    assert envelope.state == "not_understood"
    assert envelope.fault == "expected at most 200,000 objects and lists in one delivery, got 1,300,003"
    assert envelope.body is not None
    assert peak_bytes < 40_000_000  # the body itself, some times over


def test_delivery_of_many_small_messages_is_worked_in_parts(deliver: Deliver) -> None:
    messages = [
        {"from": CUSTOMER, "id": f"m{n}", "timestamp": str(AT + n), "type": "text", "text": {"body": "a"}}
        for n in range(2_500)
    ]
    assert deliver(whatsapp_change(messages=messages)).status_code == 200
    worked = pipeline.drain()
    assert (worked.envelopes, worked.entries, worked.faults) == (1, 2_500, 0)
    assert Entry.objects.count() == 2_500


def test_claim_takes_no_more_than_can_be_worked_soon(deliver: Deliver) -> None:
    for n in range(4):
        deliver(whatsapp_text("x" * 300_000, wamid=f"w.{n}"))
    assert len(envelopes.claim(200)) == 2
    assert len(envelopes.claim(200)) == 2


@pytest.mark.parametrize("order", [(0, 1), (1, 0)])
def test_late_sighting_of_another_line_joins_the_owner_of_its_time(
    deliver: Deliver, whatsapp: ChannelAccount, order: tuple[int, int]
) -> None:
    other = connect("whatsapp_cloud", name="B", values={"app_secret": APP_SECRET, "verify_token": VERIFY_TOKEN})
    system = {"type": "user_changed_number", "wa_id": "12195550358", "body": "moved"}
    change = {"from": CUSTOMER, "id": "sys.1", "timestamp": str(AT + 100), "type": "system", "system": system}
    moved = [whatsapp_text("old owner", wamid="w.1"), whatsapp_change(messages=[change])]
    work(deliver, [*moved, whatsapp_text("new owner", wamid="w.2", at=AT + 300)], at_once=False)
    on_other_line = [whatsapp_text("before", wamid="b.1", at=AT + 50), whatsapp_text("after", wamid="b.2", at=AT + 400)]
    for number in order:
        deliver(on_other_line[number], account=other)
        pipeline.drain()
    people = dict(
        Entry.objects.filter(kind="message").values_list("provider_message_id", "channel_identity__profile_id")
    )
    assert people["w.1"] != people["w.2"]
    assert people["b.1"] == people["b.2"] == people["w.1"], "one sender of a line is one person until a boundary there"


@pytest.mark.parametrize("order", list(itertools.permutations(range(3))))
def test_shown_name_is_the_newest_whatever_came_first(deliver: Deliver, order: tuple[int, ...]) -> None:
    told = [("A", AT), ("B", AT + 50), ("A", AT + 100)]
    for number in order:
        name, at = told[number]
        message = whatsapp_text("x", wamid=f"w.{number}", at=at)
        message["entry"][0]["changes"][0]["value"]["contacts"][0]["profile"]["name"] = name
        deliver(message)
        pipeline.drain()
    assert ChannelIdentity.objects.get().profile.display_name == "A"


def test_answer_that_failed_leaves_the_customer_waiting(deliver: Deliver) -> None:
    work(deliver, [whatsapp_text("hello?", wamid="in.1", at=AT), echo("out.1", "Hi", AT + 10)], at_once=False)
    assert QueueRow.objects.get().waiting_since is None
    work(deliver, [status("out.1", "failed", AT + 11)], at_once=False)
    assert QueueRow.objects.get().waiting_since is not None
    work(deliver, [status("out.1", "delivered", AT + 12)], at_once=False)
    assert QueueRow.objects.get().waiting_since is None


def test_message_with_the_id_of_another_customers_is_not_dropped_without_a_word(deliver: Deliver) -> None:
    deliver(whatsapp_text("Mine", wamid="in.1", at=AT))
    other = whatsapp_change(
        messages=[{"from": "15550100002", "id": "in.1", "timestamp": str(AT), "type": "text", "text": {"body": "No"}}],
        contacts=[{"profile": {"name": "Tomas"}, "wa_id": "15550100002"}],
    )
    deliver(other)
    pipeline.drain()
    assert [entry.text for entry in Entry.objects.all()] == ["Mine"]
    envelope = Envelope.objects.latest("id")
    assert envelope.state == Envelope.State.NOT_UNDERSTOOD
    assert envelope.fault == "a message has the id of another customer's message; the first one is kept"


def test_delivery_of_more_items_than_anybody_sends_is_kept_and_not_read(deliver: Deliver) -> None:
    deliver(whatsapp_change(messages=[{}] * 50_002))
    pipeline.drain()
    envelope = Envelope.objects.get()
    assert (envelope.state, envelope.fault) == ("not_understood", "more than 50,000 items in one delivery")
    assert envelope.body is not None
    envelopes.replay([envelope.pk])
    pipeline.drain()
    assert Envelope.objects.get().fault == "more than 50,000 items in one delivery"
