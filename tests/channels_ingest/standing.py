"""What deliveries left behind in the database, in the words of `payloads/entries/PROVIDER.json`."""

from typing import Any

from channels_ingest.models import AccountNotice, Envelope
from profiles.models import Boundary, ConsentEvent
from profiles.reading import describe
from timeline.models import Amendment, Entry


def standing() -> dict[str, Any]:
    """Everything that stands now; empty parts are left out. `received` is the time the delivery came."""
    came_at = dict(Envelope.objects.values_list("id", "received_at"))
    entries = Entry.objects.select_related("channel_identity").order_by("occurred_at", "id")
    found = {
        "entries": [
            " | ".join(
                part
                for part in (
                    "received"
                    if entry.occurred_at == came_at.get(entry.envelope_id)
                    else entry.occurred_at.strftime("%Y-%m-%dT%H:%M:%SZ"),
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
