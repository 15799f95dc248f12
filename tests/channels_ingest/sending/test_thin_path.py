"""An answer by the API goes through the outbox to the simulator, and its statuses come back."""

from typing import Any

import pytest

from channels_ingest.models import OutboxMessage, SimulatedMessage
from profiles.models import ChannelIdentity, StaffMember
from tests.channels_ingest.sending.conftest import CUSTOMER, Answer, the_answer, the_message, work
from timeline.models import QueueRow

pytestmark = pytest.mark.django_db(transaction=True)


def test_answer_reaches_the_customer_and_is_read(
    answer: Answer, mira: ChannelIdentity, nora: StaffMember, simulated: str
) -> None:
    assert QueueRow.objects.get().waiting_since is not None
    told = answer("On its way. 📦")
    assert told.status_code == 201, told.content
    document: dict[str, Any] = told.json()
    assert (document["direction"], document["delivery"], document["text"]) == ("out", "queued", "On its way. 📦")
    assert document["detail"]["by"] == {"id": nora.pk, "name": "Nora Holm"}
    assert document["channel_identity"] == mira.pk
    assert QueueRow.objects.get().waiting_since is None
    work()
    entry, message = the_answer(), the_message()
    taken = SimulatedMessage.objects.get()
    assert (taken.to, taken.text) == (CUSTOMER, "On its way. 📦")
    assert taken.reference == str(message.reference)
    assert (message.state, message.attempts) == (OutboxMessage.State.SENT, 1)
    assert (entry.id, entry.delivery) == (document["id"], "read")
    assert entry.provider_message_id == taken.message_id
    assert entry.detail["is_simulated"] is True
    assert sorted(entry.detail["delivery_times"]) == ["delivered", "read", "sent"]
