from argparse import ArgumentParser
from typing import Any

from django.core.management.base import BaseCommand, CommandError

from cxhub.management.commands.create_user import find_or_make
from profiles.access import WIDTH
from profiles.models import ApiToken, Role


class Command(BaseCommand):
    help = "Print a new API token for a member of staff, who is made if missing. It is shown this once."

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("email")
        parser.add_argument("--role", choices=[str(role) for role in Role], default=None)

    def handle(self, *args: Any, **options: Any) -> None:
        member = find_or_make(options["email"], options["role"] or Role.AGENT)
        role = Role(options["role"] or member.role)
        if WIDTH[role] > WIDTH[Role(member.role)]:
            raise CommandError(
                f"{member.email} is {member.role} and cannot hold a token for {role}; first:"
                f" create_user {member.email} --role {role}"
            )
        self.stderr.write(f"token for {member.email} with role {role}; it is stored as a hash and not shown again:")
        self.stdout.write(ApiToken.issue(member, role))
