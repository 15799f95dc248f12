import json
from argparse import ArgumentParser
from pathlib import Path
from typing import Any

from django.core.management.base import BaseCommand, CommandError

from channels_ingest.writing.listing_templates import NotListedError, refresh
from channels_ingest.writing.models import MessageTemplate
from profiles.models import Channel, ChannelAccount


class Command(BaseCommand):
    help = "List a WhatsApp line's templates, ask its provider for them, or write one down by hand."

    def add_arguments(self, parser: ArgumentParser) -> None:
        verbs = parser.add_subparsers(dest="verb", required=True)
        for name, about in (("show", "print them"), ("refresh", "ask the provider and keep what it lists")):
            verb = verbs.add_parser(name, help=about)
            verb.add_argument("line", help="the line's name or key")
        add = verbs.add_parser("add", help="keep one from a file: an object with name, language, category, components")
        add.add_argument("line", help="the line's name or key")
        add.add_argument("file", type=Path)
        remove = verbs.add_parser("remove", help="forget one that was written down by hand")
        remove.add_argument("line", help="the line's name or key")
        remove.add_argument("name")
        remove.add_argument("language")

    def handle(self, *args: Any, **options: Any) -> None:
        account = self._line(options["line"])
        verb = options["verb"]
        if verb == "refresh":
            try:
                self.stderr.write(f"{refresh(account)} templates are listed")
            except NotListedError as error:
                raise CommandError(str(error)) from error
        elif verb == "add":
            self._add(account, options["file"])
        elif verb == "remove":
            rows = MessageTemplate.objects.filter(account=account, source=MessageTemplate.Source.HAND)
            if not rows.filter(name=options["name"], language=options["language"]).delete()[0]:
                raise CommandError("no such template was written down by hand")
        for row in MessageTemplate.objects.filter(account=account) if verb == "show" else ():
            self.stdout.write(f"{row.name} {row.language} {row.category or '-'} {row.status} {row.source}")

    def _line(self, word: str) -> ChannelAccount:
        rows = ChannelAccount.objects.filter(channel=Channel.WHATSAPP)
        found = [row for row in rows if word in (row.key, row.name)]
        if len(found) != 1:
            names = ", ".join(sorted(row.name for row in rows)) or "none"
            raise CommandError(f"expected the name or key of one WhatsApp line; there are: {names}")
        return found[0]

    def _add(self, account: ChannelAccount, file: Path) -> None:
        try:
            said = json.loads(file.read_text("utf-8"))
            name, language = str(said["name"])[:512], str(said["language"])[:20]
            components = [part for part in said["components"] if isinstance(part, dict)]
        except (OSError, ValueError, KeyError, TypeError) as error:
            raise CommandError(f"{file}: expected name, language and components as Meta writes them") from error
        MessageTemplate.objects.update_or_create(
            account=account,
            name=name,
            language=language,
            defaults={
                "shown_name": str(said.get("shown_name", ""))[:512],
                "category": str(said.get("category", "")).upper()[:40],
                "status": str(said.get("status", "APPROVED")).upper()[:40],
                "components": components,
                "source": MessageTemplate.Source.HAND,
            },
        )
        self.stderr.write(f"{name} ({language}) is kept")
