from argparse import ArgumentParser
from typing import Any

from django.conf import settings
from django.core.management.base import BaseCommand, CommandError

from channels_ingest.accounts import ConnectError, connect
from channels_ingest.adapters.webchat import PROVIDER as WEBCHAT
from channels_ingest.line_health import embed_of
from channels_ingest.registry import ADAPTERS


class Command(BaseCommand):
    help = "Connect a line (or update it) and print its webhook URL."

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("provider", help=f"one of: {', '.join(sorted(ADAPTERS))}")
        parser.add_argument("--name", required=True, help="what agents call this line")
        parser.add_argument("--set", action="append", default=[], metavar="KEY=VALUE", help="a setting; repeatable")
        parser.add_argument(
            "--forget-old",
            action="store_true",
            help="the secrets given now are the only ones: earlier values of each are removed",
        )

    def handle(self, *args: Any, **options: Any) -> None:
        values = {}
        for pair in options["set"]:
            name, separator, value = pair.partition("=")
            if not separator or not name or not value:
                raise CommandError(f"--set takes NAME=VALUE with a value, got one that is not: {name or '(empty)'}")
            values[name] = value
        try:
            account = connect(
                options["provider"], name=options["name"], values=values, forget_old=options["forget_old"]
            )
        except ConnectError as error:
            raise CommandError(str(error)) from error
        if account.provider == WEBCHAT:
            self.stderr.write(f"connected {account.name}; put this on the site, as docs/web-chat.md says:")
            self.stderr.write(embed_of(account))
            self.stderr.write("its widget key is the last part of this address, to which nobody posts:")
        else:
            self.stderr.write(f"connected {account.name} ({account.provider}); give the provider this webhook URL:")
        self.stdout.write(f"{settings.PUBLIC_BASE_URL}/webhooks/{account.provider}/{account.key}/")
