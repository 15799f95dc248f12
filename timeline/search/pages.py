"""Search: a sheet over any page, and a page of its own with all results."""

from dataclasses import dataclass
from datetime import datetime
from typing import Any

from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import render
from django.urls import reverse
from django.views.decorators.http import require_GET

from profiles.searching import CustomerFound, Matched, find_customers
from timeline.models import QueueRow
from timeline.pages.agents import agent_page, is_fragment
from timeline.pages.panel import AddressRow, name_of
from timeline.reading import CursorError
from timeline.search.finding import LONGEST_ASKED, EntryFound, Segment, search_entries
from timeline.search.people import addresses_of
from timeline.showing.wording import TRAITS, channel_of, identifier_of, shown_address, words_of

#: Of each in the sheet, and on the page.
SHEET_CUSTOMERS, SHEET_ENTRIES = 5, 8
PAGE_CUSTOMERS, PAGE_ENTRIES = 12, 25
RECENT = 6


@dataclass(frozen=True, slots=True)
class MatchedRow:
    """What of a customer was found, in words; `is_ltr` for what is no language."""

    icon: str
    word: str
    value: str
    is_past: bool
    is_ltr: bool


@dataclass(frozen=True, slots=True)
class CustomerRow:
    """A customer that was found; `matched` says by what, unless their name says it: then `addresses` tell more."""

    id: int
    name: str
    matched: list[MatchedRow]
    addresses: list[AddressRow]


@dataclass(frozen=True, slots=True)
class EntryRow:
    """An entry that was found; `url` opens its customer's timeline there."""

    id: int
    url: str
    name: str
    channel: str
    icon: str
    word: str
    is_out: bool
    at: datetime
    snippet: tuple[Segment, ...]


@require_GET
@agent_page
def search(request: HttpRequest) -> HttpResponse:
    """The page with what was found; for its script the results alone, more of them, or the sheet to ask in."""
    asked = request.GET.get("q", "").replace("\0", " ")[:LONGEST_ASKED]
    if not is_fragment(request):
        return render(request, "search/page.html", _results(asked, PAGE_CUSTOMERS, PAGE_ENTRIES) | {"here": "search"})
    if before := request.GET.get("before"):
        return render(request, "search/entries.html", _entries(asked, PAGE_ENTRIES, before))
    if request.GET.get("of") == "customers":
        return render(request, "search/customers.html", _customers(asked, None))
    is_sheet = "page" not in request.GET
    sizes = (SHEET_CUSTOMERS, SHEET_ENTRIES) if is_sheet else (PAGE_CUSTOMERS, PAGE_ENTRIES)
    context = _results(asked, *sizes) | {"is_sheet": is_sheet}
    return render(request, "search/results.html" if "q" in request.GET else "search/sheet.html", context)


def _results(asked: str, customers: int, entries: int) -> dict[str, Any]:
    if not asked.strip():
        return {"asked": "", "recent": _recent()}
    return _customers(asked, customers) | _entries(asked, entries)


def _customers(asked: str, most: int | None) -> dict[str, Any]:
    """The best `most` customers, or all that a search gives."""
    found = find_customers(asked)
    shown = found[:most]
    return {"asked": asked, "customers": [_customer(each) for each in shown], "has_more": len(found) > len(shown)}


def _entries(asked: str, limit: int, before: str | None = None) -> dict[str, Any]:
    try:
        found = search_entries(asked, before=before, limit=limit)
    except CursorError as error:
        raise Http404("not a cursor") from error
    return {"asked": asked, "entries": [_entry(each) for each in found.entries], "found": found}


def _recent() -> list[CustomerRow]:
    """Who was active last: what most people look for."""
    rows = QueueRow.objects.order_by("-last_entry_at", "-profile_id").select_related("profile")[:RECENT]
    return [
        CustomerRow(row.profile_id, name_of(row.profile.display_name), [], addresses_of(row.profile_id)) for row in rows
    ]


def _customer(found: CustomerFound) -> CustomerRow:
    matched = [_matched(each) for each in found.matched if each.value != found.display_name]
    addresses = [] if matched else addresses_of(found.profile_id)
    return CustomerRow(found.profile_id, name_of(found.display_name), matched[:3], addresses)


def _matched(found: Matched) -> MatchedRow:
    if found.kind in TRAITS and found.kind not in ("email", "phone"):
        return MatchedRow("user", words_of(TRAITS, found.kind), found.value, found.is_past, is_ltr=False)
    if found.kind == "profile":
        return MatchedRow("id-card", "", found.value, found.is_past, is_ltr=True)
    icon, word = identifier_of(found.kind)
    value = shown_address("sms", found.value) if found.kind == "phone" else found.value
    return MatchedRow(icon, word, value, found.is_past, is_ltr=True)


def _entry(found: EntryFound) -> EntryRow:
    entry = found.entry
    icon, word = channel_of(entry.account.channel)
    return EntryRow(
        id=entry.pk,
        url=f"{reverse('inbox-customer', args=['all', found.profile_id])}?entry={entry.pk}#e-{entry.pk}",
        name=name_of(found.display_name),
        channel=entry.account.channel,
        icon=icon,
        word=word,
        is_out=entry.direction == "out",
        at=entry.occurred_at,
        snippet=found.snippet,
    )
