"""Where a request came from, as far as that can be known."""

import ipaddress
from collections.abc import Mapping
from typing import Any

from django.conf import settings
from django.http import HttpRequest


def address_of(request: HttpRequest) -> str:
    """Where it came from, an IPv6 address by its /64, which one customer of a provider has to itself.

    Behind the proxy that an https address implies it is the last that `X-Forwarded-For` names: the proxy's own word.
    Without that header it is unknown and empty, since the connection's address is everybody's.
    """
    return address_in(request.META)


def address_in(environ: Mapping[str, Any]) -> str:
    """The same, by what the server knows of the request."""
    if settings.SECURE_PROXY_SSL_HEADER:
        text = str(environ.get("HTTP_X_FORWARDED_FOR", "")).rpartition(",")[2].strip()
    else:
        text = str(environ.get("REMOTE_ADDR", ""))
    try:
        address = ipaddress.ip_address(text)
    except ValueError:
        return text
    return str(address if address.version == 4 else ipaddress.ip_network((int(address), 64), strict=False))
