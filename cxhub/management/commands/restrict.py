"""`manage.py restrict LINE [--member EMAIL ...] [--open]`: who may read a line."""

from argparse import ArgumentParser
from typing import Any

from django.core.management.base import BaseCommand, CommandError
from django.db.models import Q

from profiles.models import ChannelAccount, StaffMember
from profiles.reading_rights import open_to_all, restrict


class Command(BaseCommand):
    help = "Restricts a line to named members (leads and admins read every line), or opens it to all again."

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("line", help="its key or its name")
        parser.add_argument("--member", action="append", default=[], metavar="EMAIL", help="who may read it; repeat")
        parser.add_argument("--open", action="store_true", help="everybody may read it again")

    def handle(self, *args: Any, line: str, member: list[str], open: bool, **options: Any) -> None:
        found = list(ChannelAccount.objects.filter(Q(key=line) | Q(name=line))[:2])
        if len(found) != 1:
            raise CommandError("expected the key or the name of one line; `manage.py doctor` lists them")
        if open:
            open_to_all(found[0])
            self.stderr.write(f"{found[0].name}: read by everybody")
            return
        members = list(StaffMember.objects.filter(email__in=member))
        if missing := sorted(set(member) - {one.email for one in members}):
            raise CommandError(f"no such member: {', '.join(missing)}")
        restrict(found[0], members)
        self.stderr.write(f"{found[0].name}: read by leads, admins and {len(members)} named")
