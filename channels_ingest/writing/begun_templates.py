"""Templates that are half filled in: kept like drafts, for their author and one address."""

from collections.abc import Iterable, Mapping
from datetime import timedelta

from django.utils import timezone

from channels_ingest.adapters.base import clean
from channels_ingest.writing.drafts import KEPT_DAYS
from channels_ingest.writing.models import BegunTemplate, MessageTemplate
from profiles.models import StaffMember


def keep(author: StaffMember, channel_identity_id: int, row: MessageTemplate, values: Mapping[str, str]) -> None:
    """This is begun at the address, in place of another; without any value nothing is."""
    said = {place: clean(value) for place, value in values.items() if value.strip()}
    if not said:
        drop(author, channel_identity_id)
        return
    defaults = {"template": row, "values": said, "saved_at": timezone.now()}
    BegunTemplate.objects.update_or_create(author=author, channel_identity_id=channel_identity_id, defaults=defaults)


def drop(author: StaffMember, channel_identity_id: int) -> None:
    """Nothing is begun there."""
    BegunTemplate.objects.filter(author=author, channel_identity_id=channel_identity_id).delete()


def begun_of(author: StaffMember, channel_identity_ids: Iterable[int]) -> list[BegunTemplate]:
    """What the author has begun at these addresses, with its template; the newest last."""
    rows = BegunTemplate.objects.filter(author=author, channel_identity_id__in=list(channel_identity_ids))
    return list(rows.select_related("template").order_by("saved_at"))


def begun_values(author: StaffMember, channel_identity_id: int, row: MessageTemplate) -> dict[str, str]:
    """What was filled in so far; empty if this template is not begun."""
    found = BegunTemplate.objects.filter(author=author, channel_identity_id=channel_identity_id, template=row).first()
    values = found.values if found is not None and isinstance(found.values, dict) else {}
    return {str(place): str(value) for place, value in values.items()}


def forget_old() -> int:
    """What nobody touched for a month is gone; returns how many."""
    old = BegunTemplate.objects.filter(saved_at__lt=timezone.now() - timedelta(days=KEPT_DAYS))
    return old.delete()[0]
