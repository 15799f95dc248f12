"""What has to be had from a provider off the request: SNS subscriptions to confirm, mails that lie in S3.

An errand is a row written in the transaction of what asked for it. An attempt is counted and committed before anybody
is asked, so a crash costs one of them; running one twice does no harm.
"""

import base64
import json
import logging
import time
from collections.abc import Callable, Mapping, Sequence
from datetime import timedelta
from types import MappingProxyType
from urllib.parse import quote

import httpx
from django.db import transaction
from django.utils import timezone

from channels_ingest import envelopes
from channels_ingest.accounts import settings_of
from channels_ingest.adapters.base import AccountSettings
from channels_ingest.adapters.email_ses import CONFIRM, FETCH
from channels_ingest.adapters.mail.sigv4 import signed_headers
from channels_ingest.adapters.mail.sns import confirmation_url
from channels_ingest.models import Errand
from channels_ingest.signatures import any_matches

log = logging.getLogger("cxhub.errands")

#: Seconds until an attempt that failed is due again, by number of attempts; after the last it is given up.
RETRY_SECONDS = (30, 60, 300, 900, 3_600, 14_400, 43_200)
CONNECT_SECONDS = 5.0
TOTAL_SECONDS = 60.0
LARGEST_MAIL = 42_000_000  # bytes; SES stores mails of up to 40 MB


#: Address, headers and the most bytes to read -> what lies there; raises ErrandError or httpx's errors.
Get = Callable[[str, Mapping[str, str], int], bytes]


class ErrandError(Exception):
    """The errand failed; the message says how, in a code word. It is tried again unless `is_final`."""

    def __init__(self, fault: str, *, is_final: bool = False) -> None:
        super().__init__(fault)
        self.is_final = is_final


def store(errands: Sequence[Errand]) -> None:
    """Each errand will be run; one that was given up begins anew, because what asked for it is worked again."""
    ordered = sorted(errands, key=lambda errand: (errand.account_id, errand.kind, errand.key))
    Errand.objects.bulk_create(ordered, ignore_conflicts=True)
    for errand in ordered:
        same = Errand.objects.filter(account_id=errand.account_id, kind=errand.kind, key=errand.key)
        same.filter(next_attempt_at=None).exclude(fault="").update(
            attempts=0, next_attempt_at=timezone.now(), detail=errand.detail
        )


def run_due(*, limit: int = 20, get: Get | None = None) -> int:
    """Errands that are due have been tried, one by one; returns how many. `get` is the way to the world."""
    done = 0
    while done < limit and (errand := _claim()):
        _run(errand, get or over_http)
        done += 1
    return done


def _claim() -> Errand | None:
    """One due errand; its attempt is counted and committed."""
    with transaction.atomic():
        due = Errand.objects.select_for_update(skip_locked=True, of=("self",)).filter(
            next_attempt_at__lte=timezone.now()
        )
        errand = due.select_related("account").order_by("next_attempt_at").first()
        if errand is not None:
            pause = RETRY_SECONDS[min(errand.attempts, len(RETRY_SECONDS) - 1)]
            errand.attempts += 1
            errand.next_attempt_at = timezone.now() + timedelta(seconds=pause)
            errand.save(update_fields=["attempts", "next_attempt_at"])
        return errand


def _run(errand: Errand, get: Get) -> None:
    try:
        run = _RUNNERS.get(errand.kind)
        if run is None:
            raise ErrandError("unknown_kind", is_final=True)
        run(errand, settings_of(errand.account), get)
    except ErrandError as error:
        is_final = error.is_final or errand.attempts >= len(RETRY_SECONDS)
        log.warning("errand failed", extra={"errand": errand.pk, "fault": str(error), "is_final": is_final})
        errand.fault = str(error)[:200]
    except (httpx.HTTPError, httpx.InvalidURL) as error:
        is_final = errand.attempts >= len(RETRY_SECONDS)
        log.warning("errand failed", extra={"errand": errand.pk, "fault": type(error).__name__, "is_final": is_final})
        errand.fault = type(error).__name__
    else:
        is_final, errand.fault = True, ""
    if is_final:
        errand.next_attempt_at = None
        errand.detail = {} if not errand.fault else errand.detail
    errand.save(update_fields=["next_attempt_at", "fault", "detail"])


def _confirm(errand: Errand, account: AccountSettings, get: Get) -> None:
    """The topic's subscription is confirmed, if the topic is still one of the account's."""
    topic, token = str(errand.detail.get("topic_arn", "")), str(errand.detail.get("token", ""))
    if not any_matches(topic, account.secrets.get("topic_arn", ())):
        raise ErrandError("topic_not_allowed", is_final=True)
    url = confirmation_url(topic, token)
    if not url:
        raise ErrandError("odd_topic_or_token", is_final=True)
    get(url, {}, 100_000)


def _fetch(errand: Errand, account: AccountSettings, get: Get) -> None:
    """The mail lies in the inbox as one notification with its content, and fills the entry that stands for it."""
    bucket, key = str(errand.detail.get("bucket", "")), str(errand.detail.get("key", ""))
    region = account.plain.get("region", "")
    secret = next(iter(account.secrets.get("secret_access_key", ())), "")
    if not (region and secret and account.plain.get("access_key_id")):
        raise ErrandError("no_credentials_for_s3")
    if not bucket.replace("-", "").replace(".", "").isalnum():
        raise ErrandError("odd_bucket", is_final=True)
    url = f"https://s3.{region}.amazonaws.com/{bucket}/{quote(key, safe='/~')}"
    headers = signed_headers(
        "GET",
        url,
        {},
        b"",
        access_key_id=account.plain["access_key_id"],
        secret_access_key=secret,
        region=region,
        service="s3",
        at=timezone.now(),
    )
    raw = get(url, headers, LARGEST_MAIL)
    body = _notification(errand, raw)
    envelopes.store(errand.account_id, f"s3:{errand.key}"[:128], body, {"content-type": "application/json"})


def _notification(errand: Errand, raw: bytes) -> bytes:
    """The notification as SNS would have sent it, had the mail been small enough."""
    told = errand.detail.get("message")
    message = dict(told) if isinstance(told, dict) else {}
    receipt = message.get("receipt")
    action = {"type": "S3", "encoding": "BASE64"}
    message["receipt"] = {**(receipt if isinstance(receipt, dict) else {}), "action": action}
    message["content"] = base64.b64encode(raw).decode()
    return json.dumps({"Type": "Notification", "Message": json.dumps(message)}).encode()


def over_http(url: str, headers: Mapping[str, str], most_bytes: int) -> bytes:
    """What lies there. Raises ErrandError or httpx's errors."""
    deadline = time.monotonic() + TOTAL_SECONDS
    parts: list[bytes] = []
    size = 0
    with (
        httpx.Client(timeout=httpx.Timeout(10.0, connect=CONNECT_SECONDS), follow_redirects=False) as client,
        client.stream("GET", url, headers=dict(headers)) as response,
    ):
        if response.status_code != 200:
            raise ErrandError(f"status_{response.status_code}")
        for part in response.iter_bytes():
            parts.append(part)
            size += len(part)
            if size > most_bytes:
                raise ErrandError("too_large", is_final=True)
            if time.monotonic() > deadline:
                raise ErrandError("too_slow")
    return b"".join(parts)


_RUNNERS: Mapping[str, Callable[[Errand, AccountSettings, Get], None]] = MappingProxyType(
    {CONFIRM: _confirm, FETCH: _fetch}
)
