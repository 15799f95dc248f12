"""What colleagues did, as one line of the timeline each."""

from collections.abc import Mapping
from typing import Any

from django.utils.functional import Promise
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy as _lazy

from timeline.showing.wording import isolated

#: What was done -> icon and words.
WORK: Mapping[str, tuple[str, Promise]] = {
    "blocked": ("ban", _lazy("%(name)s blocked this address: what it sends waits for nobody")),
    "unblocked": ("undo-2", _lazy("%(name)s unblocked this address")),
    "spam": ("ban", _lazy("%(name)s marked a message as spam")),
    "not_spam": ("undo-2", _lazy("%(name)s found a message to be no spam")),
}


def work_line(detail: Mapping[str, Any]) -> tuple[str, str, str] | None:
    """Icon, words and reason of a work entry; None for one this release has no words for."""
    known = WORK.get(str(detail.get("type")))
    if known is None:
        return None
    icon, words = known
    name = str(detail.get("by") or _("Somebody"))
    return icon, str(words) % {"name": isolated(name)}, str(detail.get("reason") or "")
