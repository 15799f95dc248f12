"""Lines that only named colleagues may read.

Everybody who reads customers reads every line, unless an admin restricts one to named members; leads and admins read
everything. What others may not read is withheld where entries are loaded (`timeline.models.Entry.from_db`), for the
whole of a request, so that a page which forgets to ask shows nothing.
"""

from collections.abc import Callable, Collection
from contextvars import ContextVar

from django.db import transaction
from django.http import HttpRequest, HttpResponse
from django.utils.translation import gettext as _

from profiles.access import JUDGES, READERS
from profiles.models import AccountReader, ChannelAccount, StaffMember

#: The request that is being answered; None in workers and commands, which read for nobody.
_answering: ContextVar[HttpRequest | None] = ContextVar("answering", default=None)


def hidden_accounts(member: StaffMember) -> frozenset[int]:
    """The lines whose entries the member may not read."""
    if acting_role(member) in JUDGES:
        return frozenset()
    known = getattr(member, "not_named_on", None)  # came along with the session's member
    if known is not None:
        return frozenset(known)
    rows = ChannelAccount.objects.filter(is_restricted=True)
    if acting_role(member) in READERS:
        rows = rows.exclude(readers__member=member)
    return frozenset(rows.values_list("id", flat=True))


def hidden_now() -> frozenset[int]:
    """The lines hidden from who asks in this request; none outside of one, and for visitors of a web chat."""
    request = _answering.get()
    if request is None or not isinstance(request.user, StaffMember):
        return frozenset()
    who = (request.user.pk, acting_role(request.user))
    known: dict[tuple[int, str], frozenset[int]] = request.__dict__.setdefault("_hidden_accounts", {})
    if who not in known:
        known[who] = hidden_accounts(request.user)
    return known[who]


def words_for_restricted(account: ChannelAccount) -> str:
    """Why nobody else writes on the line, or sends on what came there."""
    return _("The line %(line)s is restricted to named colleagues.") % {"line": account.name}


def acting_role(member: StaffMember) -> str:
    """The member's role, or the narrower one of the token they ask with."""
    return member.token_role or member.role


@transaction.atomic
def restrict(account: ChannelAccount, members: Collection[StaffMember]) -> None:
    """Only the members, leads and admins read the line, and answer on it."""
    ChannelAccount.objects.filter(pk=account.pk).update(is_restricted=True)
    AccountReader.objects.filter(account=account).exclude(member__in=members).delete()
    rows = [AccountReader(account=account, member=member) for member in members]
    AccountReader.objects.bulk_create(rows, ignore_conflicts=True)


@transaction.atomic
def open_to_all(account: ChannelAccount) -> None:
    """Everybody who reads customers reads the line again."""
    ChannelAccount.objects.filter(pk=account.pk).update(is_restricted=False)
    AccountReader.objects.filter(account=account).delete()


class ReadingRightsMiddleware:
    """Keeps in mind who asks while a request is answered."""

    def __init__(self, get_response: Callable[[HttpRequest], HttpResponse]) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        token = _answering.set(request)
        try:
            return self.get_response(request)
        finally:
            _answering.reset(token)
