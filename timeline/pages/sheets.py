"""A question in a dialog of the page that asked it, or on a page of its own without a script."""

from collections.abc import Mapping
from typing import Any

from django.http import HttpRequest, HttpResponse
from django.shortcuts import render

from timeline.pages.agents import is_fragment


def sheet(request: HttpRequest, part: str, context: Mapping[str, Any], *, status: int = 200) -> HttpResponse:
    """The template `part`, alone for the page's script."""
    if is_fragment(request):
        return render(request, part, dict(context))
    return render(request, "identity/sheet_page.html", {**context, "part": part}, status=status)
