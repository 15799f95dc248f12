"""Every documented payload goes in over HTTP, and what stands on timelines afterwards is written out beside it."""

import json
from typing import Any

import pytest

from channels_ingest import pipeline
from channels_ingest.models import AccountNotice, Envelope
from profiles.models import Boundary, ConsentEvent
from profiles.reading import describe
from tests.conftest import PAYLOADS, Deliver, payload
from timeline.models import Amendment, Entry

NAMES = sorted(path.name for path in PAYLOADS.glob("meta-*.json") if not path.name.endswith(".expected.json"))
EXPECTED = json.loads((PAYLOADS / "entries.json").read_text())


def standing() -> dict[str, Any]:
    """What the payload left behind, in the words of `entries.json`; empty parts are left out."""
    entries = Entry.objects.select_related("channel_identity").order_by("occurred_at", "id")
    found = {
        "entries": [
            " | ".join(
                part
                for part in (
                    entry.occurred_at.strftime("%Y-%m-%dT%H:%M:%SZ"),
                    f"{entry.kind} {entry.direction}",
                    str(entry.detail.get("type", "")),
                    entry.channel_identity.address,
                    entry.text,
                    entry.delivery or "",
                    "placeholder" if entry.is_placeholder else "",
                    "history" if entry.is_backfilled else "",
                )
                if part
            )
            for entry in entries
        ],
        "customers": sorted(
            f"{view.display_name}: " + ", ".join(f"{i.kind} {i.value} ({i.grade})" for i in view.identifiers)
            for profile_id in set(entries.values_list("channel_identity__profile_id", flat=True))
            if (view := describe(profile_id))
        ),
        "waiting_amendments": [
            f"{kind} of {target}"
            for kind, target in Amendment.objects.order_by("occurred_at", "id").values_list("kind", "target_message_id")
            if not Entry.objects.filter(provider_message_id=target).exists()
        ],
        "boundaries": list(Boundary.objects.order_by("address").values_list("address", flat=True)),
        "consents": [f"{e.purpose} {'granted' if e.is_granted else 'withdrawn'}" for e in ConsentEvent.objects.all()],
        "notices": [notice.kind for notice in AccountNotice.objects.order_by("id")],
        "faults": [envelope.fault for envelope in Envelope.objects.exclude(state="processed")],
    }
    return {name: value for name, value in found.items() if value}


@pytest.mark.parametrize("name", NAMES)
def test_payload_leaves_exactly_what_is_written_out(deliver: Deliver, name: str) -> None:
    assert deliver(payload(name)).status_code == 200
    pipeline.drain()
    assert standing() == EXPECTED[name]
    assert deliver(payload(name)).status_code == 200
    pipeline.drain()
    assert standing() == EXPECTED[name]


def test_every_payload_has_its_expectation_and_every_expectation_its_payload() -> None:
    assert sorted(EXPECTED) == NAMES
