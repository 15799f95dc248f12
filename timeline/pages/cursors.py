"""Cursors that come back from the browser."""

from collections.abc import Callable
from functools import wraps
from typing import Concatenate, ParamSpec

from django.http import Http404, HttpRequest, HttpResponse

from timeline.snapshots import CursorError

P = ParamSpec("P")


def refuses_odd_cursors(
    view: Callable[Concatenate[HttpRequest, P], HttpResponse],
) -> Callable[Concatenate[HttpRequest, P], HttpResponse]:
    """A cursor that the hub did not make is an address that does not exist."""

    @wraps(view)
    def reading(request: HttpRequest, /, *args: P.args, **kwargs: P.kwargs) -> HttpResponse:
        try:
            return view(request, *args, **kwargs)
        except CursorError as error:
            raise Http404("not a cursor") from error

    return reading
