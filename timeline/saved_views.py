"""Views of the queue that members make for themselves, and leads for everybody."""

from collections.abc import Mapping, Sequence
from typing import Protocol

from django.db import IntegrityError, transaction
from django.db.models import Q, QuerySet
from django.utils import timezone
from django.utils.text import slugify
from django.utils.translation import gettext as _

from profiles.access import JUDGES
from profiles.models import StaffMember
from timeline.models import SavedView
from timeline.queue_views import VIEWS

#: Of one member: more of them find nobody.
MOST_VIEWS = 30
LONGEST_NAME = 60
#: Addresses that are not a saved view's.
TAKEN = frozenset({*VIEWS, "spam"})


class Owned(Protocol):
    """Whose a view is, and whether everybody sees it."""

    @property
    def owner_id(self) -> int: ...
    @property
    def is_shared(self) -> bool: ...


class ViewRefusedError(Exception):
    """A view that cannot be kept; the message says why, to whom it may concern."""


def views_for(member: StaffMember) -> QuerySet[SavedView]:
    """The member's own views and those that were shared, by name."""
    return SavedView.objects.filter(Q(owner=member) | Q(is_shared=True), removed_at=None).order_by("name", "id")


def may_change(view: Owned, member: StaffMember) -> bool:
    """Whether the member may rename, share and remove it: their own, and leads what is shared."""
    return view.owner_id == member.pk or (view.is_shared and member.role in JUDGES)


def save_view(
    name: str,
    *,
    owner: StaffMember,
    view: str,
    filters: Mapping[str, Sequence[str]],
    order: str = "",
    is_shared: bool = False,
) -> SavedView:
    """A new view with an address of its own. Raises ViewRefusedError."""
    if is_shared and owner.role not in JUDGES:
        raise ViewRefusedError(_("Leads and admins share views. You can keep it for yourself."))
    if SavedView.objects.filter(owner=owner, removed_at=None).count() >= MOST_VIEWS:
        raise ViewRefusedError(_("You have %(count)d views. Remove one first.") % {"count": MOST_VIEWS})
    base = slugify(name)[:60] or "view"
    for number in range(1, 1_000):
        slug = base if number == 1 else f"{base}-{number}"
        if slug in TAKEN or SavedView.objects.filter(slug=slug).exists():
            continue
        try:
            with transaction.atomic():
                return SavedView.objects.create(
                    owner=owner,
                    name=name,
                    slug=slug,
                    view=view,
                    filters={key: list(values) for key, values in filters.items()},
                    order=order,
                    is_shared=is_shared,
                )
        except IntegrityError:  # somebody took the address meanwhile
            continue
    raise ViewRefusedError(_("Too many views have this name. Choose another."))


def change_view(view: SavedView, *, name: str, is_shared: bool) -> None:
    """The view has the name, and is everybody's or not; its address stays."""
    SavedView.objects.filter(pk=view.pk).update(name=name, is_shared=is_shared)


def remove_view(view: SavedView) -> None:
    """The view is listed nowhere and its address leads nowhere, until it is brought back."""
    SavedView.objects.filter(pk=view.pk, removed_at=None).update(removed_at=timezone.now())


def bring_back_view(view: SavedView) -> None:
    """A removed view is as it was."""
    SavedView.objects.filter(pk=view.pk).update(removed_at=None)
