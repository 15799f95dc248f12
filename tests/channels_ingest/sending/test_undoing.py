"""Taking a message back before it leaves: it is sent or taken back, never both, whoever races."""

import json
import os
import subprocess
import sys
import time
from collections.abc import Callable
from functools import partial
from typing import Any

import pytest
from django.conf import settings as django_settings
from django.db import connection, connections, transaction
from django.test import Client

from channels_ingest.models import OutboxMessage, SavedDraft, SimulatedMessage, TakenBack
from channels_ingest.sending import outbox
from channels_ingest.sending.composing import send
from channels_ingest.sending.courier import Courier, send_due, send_one
from channels_ingest.sending.undoing import take_back
from channels_ingest.sending.wishes import Draft, SendRefusedError, Wish
from channels_ingest.writing.drafts import Words, save
from profiles.models import ChannelIdentity, StaffMember
from tests.channels_ingest.sending.conftest import Answer, bearer, together
from timeline.models import Entry, QueueRow

pytestmark = pytest.mark.django_db(transaction=True)


def held(
    row: ChannelIdentity, author: StaffMember, text: str = "On its way.", *, key: str = "", hold: float = 30
) -> Entry:
    wish = Wish(author=author, key=key or None, hold_seconds=hold)
    return send(row.profile_id, Draft(channel_identity_id=row.pk, text=text), wish)


def test_held_message_waits_and_its_customer_counts_as_answered(mira: ChannelIdentity, nora: StaffMember) -> None:
    held(mira, nora)
    assert send_due() == 0
    assert Entry.objects.get(direction="out").delivery == "queued"
    assert QueueRow.objects.get().waiting_since is None
    assert 28 < (outbox.due_in() or 0) <= 30


def test_taken_back_it_is_gone_and_the_customer_waits_again(mira: ChannelIdentity, nora: StaffMember) -> None:
    waited = QueueRow.objects.get().waiting_since
    entry = held(mira, nora, key="k1")
    taken = take_back(entry.pk, nora)
    assert (taken.profile_id, taken.channel_identity_id) == (mira.profile_id, mira.pk)
    assert not Entry.objects.filter(direction="out").exists()
    assert not OutboxMessage.objects.exists()
    assert QueueRow.objects.get().waiting_since == waited
    mira.refresh_from_db()
    assert mira.last_outbound_at is None
    assert SavedDraft.objects.get(author=nora, channel_identity=mira).text == "On its way."
    assert send_due() == 0


def test_same_request_again_does_not_send_what_was_taken_back(mira: ChannelIdentity, nora: StaffMember) -> None:
    take_back(held(mira, nora, key="k1").pk, nora)
    with pytest.raises(SendRefusedError, match="taken back"):
        held(mira, nora, key="k1")
    assert TakenBack.objects.get().idempotency_key == "k1"
    assert not OutboxMessage.objects.exists()


def test_text_comes_before_what_was_written_since(mira: ChannelIdentity, nora: StaffMember) -> None:
    entry = held(mira, nora)
    save(nora, mira.pk, Words(text="And another thing"), is_note=False)
    take_back(entry.pk, nora)
    assert SavedDraft.objects.get().text == "On its way.\n\nAnd another thing"


def test_nobody_takes_back_a_colleagues_message_or_one_that_left(
    mira: ChannelIdentity, nora: StaffMember, elias: StaffMember, simulated: str
) -> None:
    entry = held(mira, nora)
    with pytest.raises(SendRefusedError):
        take_back(entry.pk, elias)
    OutboxMessage.objects.update(next_attempt_at="2020-01-01T00:00Z")
    assert send_due() == 1
    with pytest.raises(SendRefusedError, match="Too late"):
        take_back(entry.pk, nora)
    assert Entry.objects.get(direction="out").delivery == "sent"


def test_of_a_sender_and_its_author_one_has_the_message(
    mira: ChannelIdentity, nora: StaffMember, simulated: str
) -> None:
    """The sender claims in the moment in which the author thinks better of it; thirty times, in threads."""
    outcomes = []
    for number in range(30):
        entry = held(mira, nora, f"message {number}", hold=0)
        told = together([send_one, partial(_taken, entry.pk, nora)])
        outcomes.append(told[1])
        assert Entry.objects.filter(pk=entry.pk).exists() is (not told[1])
        assert SimulatedMessage.objects.filter(text=f"message {number}").exists() is (not told[1])
    assert send_due() == 0
    assert not OutboxMessage.objects.exclude(state="sent").exists()


def _taken(entry_id: int, author: StaffMember) -> bool:
    try:
        take_back(entry_id, author)
    except SendRefusedError:
        return False
    return True


SENDER = """
import django, time
django.setup()
from channels_ingest.sending import outbox
from channels_ingest.sending.courier import Courier, send_one
sender = Courier(send_one, due_in=outbox.due_in)
print("sending", flush=True)
while True:
    sender.wake()
    time.sleep(0.02)
"""


def test_real_senders_never_send_what_was_taken_back(mira: ChannelIdentity, nora: StaffMember, simulated: str) -> None:
    """Another process sends what falls due; messages are taken back within milliseconds of that."""
    database = connection.settings_dict
    environment = os.environ | {
        "DATABASE_URL": f"postgresql://{database['USER']}@/{database['NAME']}?host={database['HOST']}",
        "REDIS_URL": django_settings.REDIS_URL,
        "SECRET_KEY": django_settings.SECRET_KEY,
        "PUBLIC_BASE_URL": simulated,
        "CXHUB_LOOPBACK_URL": simulated,
    }
    process = subprocess.Popen([sys.executable, "-c", SENDER], env=environment, stdout=subprocess.PIPE)
    assert process.stdout is not None
    try:
        process.stdout.readline()
        verdicts: dict[str, bool] = {}
        for number in range(24):
            entry = held(mira, nora, f"race {number}", hold=0.25)
            time.sleep(0.21 + number % 8 * 0.012)
            verdicts[f"race {number}"] = _taken(entry.pk, nora)
        deadline = time.monotonic() + 20
        while not outbox.is_idle() and time.monotonic() < deadline:
            time.sleep(0.05)
    finally:
        process.kill()
        process.communicate(timeout=10)
    sent = set(SimulatedMessage.objects.values_list("text", flat=True))
    assert {text for text, was_taken in verdicts.items() if not was_taken} == {t for t in sent if t.startswith("race")}
    assert len(set(verdicts.values())) == 2, "expected some of both: the race was not one"


def test_courier_wakes_by_itself_when_a_held_message_is_due(
    mira: ChannelIdentity, nora: StaffMember, simulated: str
) -> None:

    def closing(work: Callable[[], Any]) -> Callable[[], Any]:
        """`work`, after which its thread leaves no connection to the test's database."""

        def run() -> Any:
            try:
                return work()
            finally:
                connections.close_all()

        return run

    courier = Courier(closing(send_one), threads=1, due_in=closing(outbox.due_in))
    held(mira, nora, hold=0.6)
    courier.wake()
    deadline = time.monotonic() + 10
    while not SimulatedMessage.objects.exists() and time.monotonic() < deadline:
        time.sleep(0.02)
    assert OutboxMessage.objects.get().state in ("sending", "sent")
    while not outbox.is_idle() and time.monotonic() < deadline:
        time.sleep(0.02)


def test_message_that_would_have_replaced_a_failed_one_can_be_sent_again(
    mira: ChannelIdentity, nora: StaffMember
) -> None:
    failed = held(mira, nora, "first")
    OutboxMessage.objects.update(state="failed")
    Entry.objects.filter(pk=failed.pk).update(delivery="failed")
    row = OutboxMessage.objects.get()
    wish = Wish(author=nora, replaces=row, hold_seconds=5)
    again = send(mira.profile_id, Draft(channel_identity_id=mira.pk, text="second"), wish)
    assert Entry.objects.get(pk=failed.pk).detail["replaced_by"] == again.pk
    with transaction.atomic():
        take_back(again.pk, nora)
    assert Entry.objects.get(pk=failed.pk).detail["replaced_by"] is None


def test_program_holds_and_takes_back(answer: Answer, client: Client, nora: StaffMember, elias: StaffMember) -> None:
    told = answer("Later", hold_seconds=20)
    assert (told.status_code, send_due()) == (201, 0)
    entry = json.loads(told.content)["id"]
    url = f"/api/v1/messages/{entry}/take-back/"
    assert client.post(url, headers=bearer(elias)).status_code == 409
    taken = client.post(url, headers=bearer(nora))
    assert (taken.status_code, sorted(json.loads(taken.content))) == (200, ["channel_identity", "profile"])
    assert client.post(url, headers=bearer(nora)).status_code == 409
    assert not Entry.objects.filter(pk=entry).exists()
    assert answer("x", hold_seconds=31).status_code == 400
