"""What a test wants to know of a page."""

import re
from html import unescape

from django.http import HttpResponse


def entry_ids(response: HttpResponse) -> list[int]:
    """The entries on the page, in reading order."""
    return [int(number) for number in re.findall(r'id="e-(\d+)"', response.content.decode())]


def row_ids(response: HttpResponse) -> list[int]:
    """The customers in the queue, in order."""
    return [int(number) for number in re.findall(r'id="row-(\d+)"', response.content.decode())]


def link_to_more(response: HttpResponse) -> str | None:
    """Where the page's "load more" button leads."""
    found = re.search(r'hx-get="([^"]*(?:before|after)=[^"]+)"', response.content.decode())
    return unescape(found.group(1)) if found else None


def words(response: HttpResponse) -> str:
    """The visible words, with single spaces."""
    text = re.sub(r"<(script|style|svg)\b.*?</\1>|<[^>]+>", " ", response.content.decode(), flags=re.DOTALL)
    return " ".join(unescape(text).split())
