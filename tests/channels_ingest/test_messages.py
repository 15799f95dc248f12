"""What an adapter makes is frozen, and shows no file's content."""

from datetime import UTC, datetime

import pytest
from msgspec.structs import replace

from channels_ingest.messages import Message, Part
from profiles.identity.values import Sender
from timeline.entries import Direction

MESSAGE = Message(
    sender=Sender(address="+14155550123"),
    provider_message_id="SM1",
    occurred_at=datetime(2026, 11, 20, 12, 0, tzinfo=UTC),
    direction=Direction.IN,
)


def test_a_message_is_never_changed_but_copied() -> None:
    with pytest.raises(AttributeError):
        MESSAGE.text = "Hello"
    assert replace(MESSAGE, text="Hello").text == "Hello"
    assert MESSAGE.text == ""


def test_a_part_in_a_log_tells_neither_its_name_nor_its_content() -> None:
    part = Part(role="attachment", name="diagnosis.pdf", mime_type="application/pdf", content=b"%PDF-1.7")
    assert repr(part) == "Part(attachment, application/pdf, 8 bytes)"
