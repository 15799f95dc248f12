"""A message that is somebody else's: reported by who noticed, put right by who may judge.

Two of three faults are about who uses an address and are put right by the verbs of `profiles`; what is only one
message, forwarded or sent by mistake, is marked as such and stays where it is.
"""

from django.db import connection, transaction
from django.utils import timezone
from django.utils.translation import gettext as _

from profiles.correcting import draw_boundary
from profiles.locking import lock_rows
from profiles.merging import unmerge
from profiles.models import ChannelIdentity, StaffMember
from profiles.operations import Done, VerbRefusedError
from profiles.review_queue import OPEN_COUNT
from timeline.entries import EntryKind
from timeline.models import Entry, MessageReport
from timeline.outgoing import mark
from timeline.work.writing import write

SINCE, APART = MessageReport.Suspicion.SINCE, MessageReport.Suspicion.APART
#: What is marked on an entry that is not its sender's own.
MISTAKEN = "mistaken"


@transaction.atomic
def report(entry: Entry, suspicion: str, *, actor: StaffMember, reason: str = "") -> bool:
    """The suspicion waits for who may judge, and stands on the timeline; False if one waits already."""
    identity = _held(entry)
    if MessageReport.objects.filter(entry=entry, settled_at=None).exists():
        return False
    MessageReport.objects.create(entry=entry, suspicion=suspicion, actor=actor, reason=reason[:500])
    _say(identity, "reported", entry, actor=actor, reason=reason)
    return True


@transaction.atomic
def put_right(entry: Entry, suspicion: str, *, actor: StaffMember, reason: str = "") -> Done:
    """It is as suspected, as one operation that can be undone; a report that waited is settled by it.

    Raises VerbRefusedError: an address that is all there is of a customer cannot be taken from them.
    """
    entry = Entry.objects.select_related("channel_identity").get(id=entry.pk)
    identity = entry.channel_identity
    if suspicion == SINCE:
        done = draw_boundary(identity, entry.occurred_at, actor=actor, reason=reason)
    else:
        done = unmerge(identity.profile_id, [identity.pk], actor=actor, reason=reason)
    _settle(entry, actor=actor, operation_id=done.operation.pk if done.operation else None)
    return done


@transaction.atomic
def dismiss(entry: Entry, *, actor: StaffMember, reason: str = "") -> bool:
    """Nothing was wrong; False if nothing waited."""
    identity = _held(entry)
    if not _settle(entry, actor=actor, operation_id=None):
        return False
    _say(identity, "report_dismissed", entry, actor=actor, reason=reason)
    return True


@transaction.atomic
def mark_mistaken(entry: Entry, *, actor: StaffMember, is_mistaken: bool = True, reason: str = "") -> bool:
    """Only this message was somebody else's: forwarded, or written on the wrong phone. Or it was not, after all.

    It stays where it is, marked; False if it was so already.
    """
    identity = _held(entry)
    entry.refresh_from_db()
    if bool(entry.detail.get(MISTAKEN)) == is_mistaken:
        return False
    told = {"by": str(actor), "actor": actor.pk, "at": timezone.now().isoformat()} if is_mistaken else None
    mark(entry.pk, {MISTAKEN: told}, profile_id=identity.profile_id)
    _settle(entry, actor=actor, operation_id=None)
    _say(identity, "mistaken" if is_mistaken else "not_mistaken", entry, actor=actor, reason=reason)
    return True


_TO_JUDGE = f"""
SELECT ({OPEN_COUNT}) + (
    SELECT count(*) FROM (SELECT FROM timeline_messagereport WHERE settled_at IS NULL LIMIT %(most)s) reported
)
"""  # noqa: S608


def count_to_judge(*, at_most: int) -> int:
    """How many pairs and reports wait, each counted no further; in one query, since every page of a judge asks."""
    with connection.cursor() as cursor:
        cursor.execute(_TO_JUDGE, {"most": at_most})
        return int(cursor.fetchone()[0])


def _held(entry: Entry) -> ChannelIdentity:
    """The entry's channel identity, with its row and its profile's held. Raises VerbRefusedError for what is no message
    of a customer."""
    if entry.kind != EntryKind.MESSAGE or entry.is_withheld:
        raise VerbRefusedError(_("Only a message can be somebody else's."))
    while True:
        with transaction.atomic():
            home = Entry.objects.values_list("channel_identity_id", flat=True).get(id=entry.pk)
            lock_rows("profiles_channelidentity", [home])
            if Entry.objects.values_list("channel_identity_id", flat=True).get(id=entry.pk) == home:
                identity = ChannelIdentity.objects.select_related("account").get(id=home)
                lock_rows("profiles_profile", [identity.profile_id])
                return identity
            transaction.set_rollback(True)  # a boundary moved it meanwhile


def _settle(entry: Entry, *, actor: StaffMember, operation_id: int | None) -> bool:
    waiting = MessageReport.objects.filter(entry=entry, settled_at=None)
    return bool(waiting.update(settled_at=timezone.now(), settled_by=actor, operation_id=operation_id))


def _say(identity: ChannelIdentity, what: str, entry: Entry, *, actor: StaffMember, reason: str) -> None:
    detail = {
        "type": what,
        "by": str(actor),
        "actor": actor.pk,
        "entry": entry.pk,
        "channel_identities": [identity.pk],
        "reason": reason[:500],
    }
    write(identity, detail, kind=EntryKind.WORK)
