"""A line's templates as its provider lists them, and those that an admin wrote down."""

import logging
from collections.abc import Iterable

import httpx
from django.db import transaction
from django.utils.translation import gettext as _

from channels_ingest.adapters.sending import CannotSendError, ListedTemplate, ListsTemplates
from channels_ingest.sending.lines import SIMULATOR_HEADER, sending_line, simulator_secret
from channels_ingest.sending.posting import ask
from channels_ingest.writing.models import MessageTemplate
from profiles.models import Channel, ChannelAccount

log = logging.getLogger("cxhub.sending")

MOST_PAGES = 40


class NotListedError(Exception):
    """The provider did not list them; the message says why. What was known stays."""


def can_refresh(account: ChannelAccount) -> bool:
    """Whether the account's provider lists templates."""
    line = sending_line(account)
    adapter: object = line.adapter if line else None
    return isinstance(adapter, ListsTemplates)


def refresh(account: ChannelAccount) -> int:
    """The templates are as the provider has them now; returns how many. Raises NotListedError."""
    line = sending_line(account)
    adapter: object = line.adapter if line else None
    if line is None or line.adapter is None or not isinstance(adapter, ListsTemplates):
        raise NotListedError(_("This line has no templates."))
    extra = {SIMULATOR_HEADER: simulator_secret(account.key)} if line.is_simulated else None
    api_url = line.api_url or line.adapter.api_url
    found: list[ListedTemplate] = []
    page = ""
    try:
        for _number in range(MOST_PAGES):
            request = adapter.templates_request(line.settings, api_url=api_url, page=page)
            told = adapter.read_templates(ask(request, extra=extra))
            found += told.templates
            page = told.next_page
            if not page:
                break
    except CannotSendError as error:
        raise NotListedError(_(str(error))) from error
    except (httpx.HTTPError, httpx.InvalidURL, TimeoutError) as error:
        log.warning("templates not listed", extra={"account": account.pk, "fault": type(error).__name__})
        raise NotListedError(_("The provider cannot be reached.")) from error
    _store(account, found, is_whole=not page)
    return len(found)


def _store(account: ChannelAccount, found: Iterable[ListedTemplate], *, is_whole: bool) -> None:
    """What is listed is known, and what was listed before and is no more is gone; what was written by hand stays."""
    with transaction.atomic():
        kept = []
        for each in sorted(found, key=lambda one: (one.name, one.language)):
            row, _made = MessageTemplate.objects.update_or_create(
                account=account,
                name=each.name[:512],
                language=each.language[:20],
                defaults={
                    "shown_name": each.shown_name[:512],
                    "category": each.category[:40],
                    "status": each.status[:40],
                    "components": [dict(part) for part in each.components],
                    "source": MessageTemplate.Source.PROVIDER,
                },
            )
            kept.append(row.pk)
        if is_whole:
            listed = MessageTemplate.objects.filter(account=account, source=MessageTemplate.Source.PROVIDER)
            listed.exclude(pk__in=kept).delete()


def refresh_all() -> None:
    """Every line that lists templates has been asked; a fault of one does not keep the others."""
    for account in ChannelAccount.objects.filter(channel=Channel.WHATSAPP, is_enabled=True):
        if can_refresh(account):
            try:
                refresh(account)
            except NotListedError as error:
                log.warning("templates not listed", extra={"account": account.pk, "fault": type(error).__name__})
