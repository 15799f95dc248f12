"""Search: a sheet over any page, and a page of its own with all results."""

from typing import Any

from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import render
from django.views.decorators.http import require_GET

from profiles.searching import find_customers
from timeline.pages.agents import agent_page, is_fragment
from timeline.search.finding import LONGEST_ASKED, search_entries
from timeline.search.rows import customer_row, entry_row, recent_rows
from timeline.snapshots import CursorError

#: Of each in the sheet, and on the page.
SHEET_CUSTOMERS, SHEET_ENTRIES = 5, 8
PAGE_CUSTOMERS, PAGE_ENTRIES = 12, 25


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
        return {"asked": "", "recent": recent_rows()}
    return _customers(asked, customers) | _entries(asked, entries)


def _customers(asked: str, most: int | None) -> dict[str, Any]:
    """The best `most` customers, or all that a search gives."""
    found = find_customers(asked)
    shown = found[:most]
    return {"asked": asked, "customers": [customer_row(each) for each in shown], "has_more": len(found) > len(shown)}


def _entries(asked: str, limit: int, before: str | None = None) -> dict[str, Any]:
    try:
        found = search_entries(asked, before=before, limit=limit)
    except CursorError as error:
        raise Http404("not a cursor") from error
    return {"asked": asked, "entries": [entry_row(each) for each in found.entries], "found": found}
