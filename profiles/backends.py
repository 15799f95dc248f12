"""Who is behind a session."""

from django.contrib.auth.backends import ModelBackend

from profiles.models import StaffMember

#: In SQL, because each request asks: to put it together cost more than to answer it.
_MEMBER = """
SELECT m.*, ARRAY(
    SELECT a.id FROM profiles_channelaccount a WHERE a.is_restricted AND NOT EXISTS (
        SELECT FROM profiles_accountreader r WHERE r.account_id = a.id AND r.member_id = m.id
    ) ORDER BY a.id
) AS not_named_on
FROM profiles_staffmember m WHERE m.id = %s
"""


class StaffBackend(ModelBackend):
    """The member, together with the lines they may not read: each page needs both, so that is one query."""

    def get_user(self, user_id: int) -> StaffMember | None:
        """The active member of that id."""
        member = next(iter(StaffMember.objects.raw(_MEMBER, [user_id])), None)
        return member if member and self.user_can_authenticate(member) else None
