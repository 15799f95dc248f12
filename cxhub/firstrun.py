"""What a hub that nobody has logged in to yet tells the person who started it."""

from django.conf import settings

from profiles.models import LoginLink, Role, StaffMember

FIRST_ADMIN = "admin@localhost.localdomain"


def login_url(member: StaffMember) -> str:
    """A one-time log-in link for `member`."""
    return f"{settings.PUBLIC_BASE_URL}/login/link/{LoginLink.issue(member)}/"


def announce() -> str | None:
    """A log-in link for the first admin, whom this makes, on a hub without users; else None."""
    if StaffMember.objects.exclude(email=FIRST_ADMIN, last_login=None).exists():
        return None
    member = StaffMember.objects.filter(email=FIRST_ADMIN).first()
    return login_url(member or StaffMember.objects.create_staff(FIRST_ADMIN, role=Role.ADMIN, name="First admin"))
