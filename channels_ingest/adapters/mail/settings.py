"""Settings that mail providers share, and the log-in of those that sign nothing."""

from channels_ingest.adapters.base import AccountSettings, Delivery, Setting
from channels_ingest.signatures import any_matches, presented_secret

FROM = Setting(name="from", meaning="The mailbox's address, under which answers are sent; needed to send")
FROM_NAME = Setting(name="from_name", meaning="The name that answers are sent under")
REPLY_ADDRESS = Setting(
    name="reply_address", meaning="The address whose mail comes to the hub, where it is not the one mails are sent from"
)
PASSWORD = "password"  # noqa: S105
#: The line's address holds 64 random bits already, so a short word is a second lock and not the only one; a word that
#: is hardly one is refused all the same.
SHORTEST_PASSWORD = 8


def password(provider: str) -> Setting:
    """The password in the webhook's address: https://hub:PASSWORD@host/webhooks/..."""
    return Setting(
        name=PASSWORD,
        meaning=f"A long random word of yours, which {provider} sends in the webhook's address: https://hub:WORD@host/…",
        secret=True,
        required=True,
        check=check_password,
    )


def check_password(value: str) -> str:
    """What is wrong with a word that lets a provider in, in words, or nothing."""
    if len(value) >= SHORTEST_PASSWORD and value.isascii() and value.isprintable() and " " not in value:
        return ""
    return f"expected a random word of at least {SHORTEST_PASSWORD} signs, no space; `openssl rand -hex 16` prints one"


def is_logged_in(delivery: Delivery, account: AccountSettings) -> bool:
    """Whether one of the account's passwords came along, as Basic (any user) or Bearer."""
    presented = presented_secret(delivery.headers.get("authorization", ""))
    return bool(presented) and any_matches(presented, [word for word in account.secrets.get(PASSWORD, ()) if word])
