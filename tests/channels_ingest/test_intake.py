"""What the receiver does off the request: the nudge goes at once, whatever else waits."""

import uuid
from typing import Any

import pytest
import redis

from channels_ingest import intake
from channels_ingest.models import IntakeCount


@pytest.fixture
def queue(settings: Any, monkeypatch: pytest.MonkeyPatch) -> Any:
    """A queue that no worker takes from; `take()` waits for its next nudge."""
    name = f"test-{uuid.uuid4()}"
    monkeypatch.setattr(intake, "QUEUE", name)
    with redis.Redis.from_url(settings.REDIS_URL) as valkey:
        yield lambda: valkey.blpop([name], timeout=20)
        valkey.delete(name)


def test_counts_that_wait_to_be_written_hold_up_no_nudge(queue: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(intake, "FLUSH_SECONDS", 3_600.0)
    receiver = intake.Intake()
    receiver.count(1, IntakeCount.Outcome.ACCEPTED)  # cannot be written: this test has no database
    for _ in range(3):
        receiver.nudge()
        assert queue() is not None
    assert receiver._counts == {(1, "accepted"): 1}
