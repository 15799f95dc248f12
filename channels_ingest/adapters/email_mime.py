"""Any mail server: each mail as it is (RFC 5322), posted by the server's pipe with a token of the account.

What the hub believes of a sender is what this server found out: its own Authentication-Results, above the first hop
that is not its own. Everything else in a mail's head its sender may have written.
"""

import hashlib
from collections.abc import Mapping
from datetime import datetime

from channels_ingest.adapters._mime_sending import SmtpSending
from channels_ingest.adapters.base import AccountSettings, Delivery, PayloadError, Setting
from channels_ingest.adapters.mail.headers import addresses_of
from channels_ingest.adapters.mail.items import Arrival, items_of
from channels_ingest.adapters.mail.reading import Mail, read_mail
from channels_ingest.adapters.mail.settings import FROM, FROM_NAME, REPLY_ADDRESS, check_password
from channels_ingest.adapters.mail.verdict import of_authentication_results
from channels_ingest.messages import Located
from channels_ingest.signatures import any_matches, presented_secret

#: A mail has at least one of these; what has none is something else that was posted here.
FIELDS_OF_MAIL = frozenset({"from", "to", "subject", "date", "message-id", "received", "mime-version", "return-path"})


class MimePipe(SmtpSending):
    """The adapter; see `base.Adapter` and `sending.Sends`."""

    provider = "email_mime"
    channel = "email"
    settings: tuple[Setting, ...] = (
        Setting(
            name="token",
            meaning="A long random word of yours; the mail server's pipe presents it with every mail",
            secret=True,
            required=True,
            check=check_password,
        ),
        FROM,
        FROM_NAME,
        REPLY_ADDRESS,
        Setting(name="authserv_id", meaning="The name your server writes into its Authentication-Results field"),
        Setting(name="own_hosts", meaning="Names your servers write into Received, separated by commas"),
        Setting(name="smtp_host", meaning="The server that sends; needed to answer"),
        Setting(name="smtp_port", meaning="Its port; 587 by default, 465 for TLS from the start"),
        Setting(name="smtp_user", meaning="The log-in at that server, if it wants one"),
        Setting(name="smtp_password", meaning="The password of that log-in", secret=True),
    )
    max_body_bytes = 50_000_000
    kept_headers: tuple[str, ...] = ("authorization", "x-envelope-to", "user-agent")
    refusal_status = 401
    route_setting = ""

    def handshake(self, query: Mapping[str, str], account: AccountSettings) -> str | None:
        """There is none."""
        return None

    def verify(self, delivery: Delivery, account: AccountSettings) -> bool:
        """Whether the pipe presents one of the account's tokens, as Bearer or as the password of Basic."""
        presented = presented_secret(delivery.headers.get("authorization", ""))
        tokens = [token for token in account.secrets.get("token", ()) if token]
        return bool(presented) and any_matches(presented, tokens)

    def delivery_key(self, delivery: Delivery) -> str:
        """The digest of the mail and of whom it was for: a pipe gives no id, and runs once for each recipient."""
        digest = hashlib.sha256(delivery.body)
        digest.update(delivery.headers.get("x-envelope-to", "").encode("utf-8", "replace"))
        return digest.hexdigest()

    def normalise(self, delivery: Delivery, account: AccountSettings, received_at: datetime) -> list[Located]:
        """The mail."""
        mail = read_mail(delivery.body)
        check_is_mail(mail)
        own_hosts = account.plain.get("own_hosts", "").split(",")
        arrival = Arrival(
            verdict=of_authentication_results(mail.headers, account.plain.get("authserv_id", ""), own_hosts),
            received_at=received_at,
            envelope_to=addresses_of([delivery.headers.get("x-envelope-to", "").encode("utf-8", "replace")]),
            raw=delivery.body,
        )
        return [Located(item=item, path="mail") for item in items_of(mail, arrival, account)]


def check_is_mail(mail: Mail) -> None:
    """Raises PayloadError for bytes that have no field of a mail's head."""
    if not FIELDS_OF_MAIL.intersection(name for name, _ in mail.headers.fields):
        raise PayloadError("expected a mail (RFC 5322), got bytes without any field of its head")


ADAPTER = MimePipe()
