from argparse import ArgumentParser
from typing import Any

from django.core.exceptions import ValidationError
from django.core.management.base import BaseCommand, CommandError
from django.core.validators import validate_email

from cxhub.firstrun import login_url
from profiles.models import Role, StaffMember
from profiles.models.staff import LOGIN_LINK_HOURS

PEOPLE = (Role.AGENT, Role.LEAD, Role.ADMIN)


def find_or_make(email: str, role: str) -> StaffMember:
    """The member with this address, made with `role` if missing. Raises CommandError for what is no address."""
    try:
        validate_email(email)
    except ValidationError as error:
        raise CommandError("expected an e-mail address") from error
    member = StaffMember.objects.filter(email=email.strip().lower()).first()
    return member or StaffMember.objects.create_staff(email, role=Role(role))


class Command(BaseCommand):
    help = "Make a member of staff (or find the one there is) and print a one-time log-in link."

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("email")
        parser.add_argument("--role", choices=[str(role) for role in PEOPLE], default=None)

    def handle(self, *args: Any, **options: Any) -> None:
        member = find_or_make(options["email"], options["role"] or Role.AGENT)
        if options["role"] and member.role != options["role"]:
            # Live streams and sessions look at the revision, so a narrower role counts from the next request on.
            member.role, member.access_revision = options["role"], member.access_revision + 1
            member.save(update_fields=["role", "access_revision"])
        self.stderr.write(f"{member.email} is {member.role}; this link logs in once within {LOGIN_LINK_HOURS} hours:")
        self.stdout.write(login_url(member))
