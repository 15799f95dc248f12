"""What the demo shop's colleagues did about its customers: who has them, what is put off and promised."""

from collections.abc import Callable
from datetime import timedelta

from django.utils import timezone

from profiles.models import Profile, StaffMember
from timeline.models import QueueRow
from timeline.work import verbs
from timeline.work.writing import place_of

#: Customers of the month whom somebody has, and who are done with.
MOST_ASSIGNED, MOST_RESOLVED = 6, 4


def work(agent: StaffMember, lead: StaffMember) -> None:
    """The customers who write on every channel, and a few others, have been worked on. Who is not there is left out."""
    deeds: dict[str, Callable[[int], None]] = {
        "Aoife Byrne": lambda pk: _aoife(pk, agent, lead),
        "Jonas Weber": lambda pk: _jonas(pk, agent, lead),
        "سلمى حداد": lambda pk: _salma(pk, agent),
        "Yuki Sato": lambda pk: _yuki(pk, agent),
    }
    current = Profile.objects.filter(display_name__in=deeds, channel_identities__isnull=False).distinct()
    # Of two of one name the older: the younger is who forges their mail.
    known = dict(current.order_by("-id").values_list("display_name", "id"))
    for name, deed in deeds.items():
        if name in known:
            deed(known[name])
    others = QueueRow.objects.exclude(profile_id__in=known.values())
    waiting = others.filter(waiting_since__isnull=False).order_by("waiting_since", "profile_id")
    for number, pk in enumerate(list(waiting.values_list("profile_id", flat=True)[:MOST_ASSIGNED])):
        verbs.assign(pk, (agent, lead)[number % 2], actor=lead)
    answered = others.filter(waiting_since=None).order_by("-last_entry_at", "profile_id")
    for pk in list(answered.values_list("profile_id", flat=True)[:MOST_RESOLVED]):
        verbs.resolve(pk, actor=agent)


def _aoife(pk: int, agent: StaffMember, lead: StaffMember) -> None:
    verbs.assign(pk, agent, actor=agent)
    verbs.tag(pk, "VIP", actor=agent)
    text = f"Pays by company card, the harbour office needs its number on the invoice. @{lead} can you look at it?"
    note = verbs.write_note(place_of(pk), text, actor=agent, mentions=[lead.pk], key="demo")
    verbs.pin(note, actor=agent)
    verbs.promise(pk, timezone.localdate() + timedelta(days=1), text="Invoice as a PDF", actor=agent)


def _jonas(pk: int, agent: StaffMember, lead: StaffMember) -> None:
    verbs.tag(pk, "repair", actor=agent)
    verbs.set_priority(pk, QueueRow.Priority.HIGH, actor=agent)
    verbs.assign(pk, lead, actor=agent, reason="Somebody writes in his name, please look at the forged mail")


def _salma(pk: int, agent: StaffMember) -> None:
    morning = timezone.localtime().replace(hour=9, minute=0, second=0, microsecond=0) + timedelta(days=1)
    verbs.assign(pk, agent, actor=agent)
    verbs.snooze(pk, morning, actor=agent, reason="The courier comes between 9 and 12")


def _yuki(pk: int, agent: StaffMember) -> None:
    verbs.tag(pk, "Japan", actor=agent)
