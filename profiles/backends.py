"""Who is behind a session."""

from django.contrib.auth.backends import ModelBackend
from django.contrib.postgres.expressions import ArraySubquery
from django.db.models import OuterRef

from profiles.models import ChannelAccount, StaffMember


class StaffBackend(ModelBackend):
    """The member, together with the lines they may not read: each page needs both, so that is one query."""

    def get_user(self, user_id: int) -> StaffMember | None:
        """The active member of that id."""
        restricted = ChannelAccount.objects.filter(is_restricted=True).exclude(readers__member=OuterRef("pk"))
        hidden = ArraySubquery(restricted.order_by("id").values("id"))
        member = StaffMember.objects.annotate(not_named_on=hidden).filter(pk=user_id).first()
        return member if member and self.user_can_authenticate(member) else None
