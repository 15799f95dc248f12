"""Settings > Channels > one line: what it is configured with. Secrets are rotated without a gap, with the verbs of
`connect`: a new value counts beside the old ones until those are forgotten.
"""

import logging
from collections.abc import Callable

from django.contrib import messages
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import redirect
from django.utils.translation import gettext as _
from django.views.decorators.http import require_POST

from channels_ingest import accounts
from channels_ingest.adapters.base import Setting
from channels_ingest.line_health import settings_of_line
from channels_ingest.line_pages import account_of, line_page
from profiles.models import ChannelAccount
from timeline.pages.agents import actor_of, admin_page

log = logging.getLogger("cxhub.lines")


def _of_secret(
    view: Callable[[HttpRequest, ChannelAccount, Setting], HttpResponse],
) -> Callable[..., HttpResponse]:
    """The view answers an admin's POST about a secret that the line's adapter has."""

    def found(request: HttpRequest, *, account_id: int, name: str) -> HttpResponse:
        account = account_of(account_id)
        settings = (each.setting for each in settings_of_line(account) if each.setting.secret)
        setting = next((each for each in settings if each.name == name), None)
        if setting is None:
            raise Http404("no such secret of this line")
        return view(request, account, setting)

    return require_POST(admin_page(found))


@_of_secret
def add_secret(request: HttpRequest, account: ChannelAccount, setting: Setting) -> HttpResponse:
    """The line takes the new value too; what it sends is proved with it from now on."""
    value = request.POST.get("value", "").strip()
    try:
        if not value:
            raise accounts.ConnectError(_("The new value is missing."))
        accounts.connect(account.provider, name=account.name, values={setting.name: value})
    except accounts.ConnectError as error:
        return line_page(request, account, fault=(setting.name, str(error)), status=422)
    _log("secret added", request, account, setting)
    messages.info(request, _("The new value counts. The old one does too, until you forget it."))
    return redirect("line", account_id=account.pk)


@_of_secret
def forget_old_secret(request: HttpRequest, account: ChannelAccount, setting: Setting) -> HttpResponse:
    """Only the newest value counts."""
    if accounts.forget_old(account, setting.name):
        _log("old secret forgotten", request, account, setting)
        messages.info(request, _("Only the newest value counts now."))
    return redirect("line", account_id=account.pk)


@_of_secret
def reveal_secret(request: HttpRequest, account: ChannelAccount, setting: Setting) -> HttpResponse:
    """The page with the newest value, where the provider asks for it to be typed there. That it was read is logged."""
    if not setting.is_repeated:
        raise Http404("this secret is never shown")
    _log("secret revealed", request, account, setting)
    values = accounts.settings_of(account).secrets.get(setting.name, ())
    return line_page(request, account, revealed=(setting.name, next(iter(values), "")))


def _log(what: str, request: HttpRequest, account: ChannelAccount, setting: Setting) -> None:
    log.info(what, extra={"account": account.pk, "setting": setting.name, "member": actor_of(request).pk})
