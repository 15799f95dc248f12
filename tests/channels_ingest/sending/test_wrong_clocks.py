"""A provider whose clock is wrong: who is answered waits no longer, and the order stays the one in which they spoke."""

import time
from datetime import timedelta

import pytest
from django.utils import timezone

from channels_ingest import pipeline
from channels_ingest.models import Envelope
from profiles.models import ChannelAccount, ChannelIdentity
from tests.channels_ingest.sending.conftest import Answer, the_answer
from tests.conftest import Deliver, whatsapp_text
from timeline.models import Entry, QueueRow

HOUR = 3600


@pytest.mark.parametrize("ahead", [HOUR // 4, HOUR, 23 * HOUR, 300 * HOUR])
def test_message_dated_in_the_future_is_of_its_receipt_and_answered_by_an_answer(
    deliver: Deliver, mira: ChannelIdentity, answer: Answer, ahead: int
) -> None:
    deliver(whatsapp_text("Hello?", wamid="in.2", at=int(time.time()) + ahead))
    pipeline.drain()
    question = Entry.objects.get(provider_message_id="in.2")
    assert question.occurred_at == Envelope.objects.get(pk=question.envelope_id).received_at
    assert answer().status_code == 201
    deliver(whatsapp_text("Thanks", wamid="in.3", at=int(time.time()) + ahead))
    pipeline.drain()
    told = Entry.objects.filter(kind="message").order_by("occurred_at", "id")
    assert [entry.text for entry in told] == ["Where is my parcel?", "Hello?", "On its way.", "Thanks"]
    row = QueueRow.objects.get(profile_id=mira.profile_id)
    assert (row.waiting_since, row.last_entry_at) == (told[3].occurred_at, told[3].occurred_at)
    assert answer("You are welcome.").status_code == 201
    row.refresh_from_db()
    assert row.waiting_since is None


def test_answer_on_another_channel_answers_whoever_is_minutes_ahead(
    deliver: Deliver, mira: ChannelIdentity, answer: Answer
) -> None:
    """Up to ten minutes a provider's time is kept as told, and ours gives way, whichever channel it goes out on."""
    ahead = int(time.time()) + 480
    deliver(whatsapp_text("Hello?", wamid="in.2", at=ahead))
    pipeline.drain()
    chat = ChannelAccount.objects.create(provider="webchat", channel="webchat", name="Shop chat")
    seat = ChannelIdentity.objects.create(
        account=chat, address="visitor 1", profile_id=mira.profile_id, epoch_start=mira.epoch_start
    )
    ChannelIdentity.objects.filter(pk=seat.pk).update(last_inbound_at=timezone.now() - timedelta(minutes=2))
    assert answer(channel_identity=seat.pk).status_code == 201
    assert the_answer().occurred_at.timestamp() == pytest.approx(ahead, abs=0.001)
    assert the_answer().occurred_at > Entry.objects.get(provider_message_id="in.2").occurred_at
    assert QueueRow.objects.get(profile_id=mira.profile_id).waiting_since is None
