"""Files that a provider wants before the message that names them."""

from collections.abc import Mapping
from dataclasses import replace

from django.utils.translation import gettext as _

from channels_ingest.adapters.sending import Accepted, Outcome, Outgoing, TryLater, Unclear, UploadsFiles
from channels_ingest.sending.lines import SendingLine
from channels_ingest.sending.posting import post


class NotHandedOverError(Exception):
    """A file did not get there, so surely nothing was sent: `outcome` says what is to become of the message."""

    def __init__(self, outcome: Outcome) -> None:
        super().__init__(type(outcome).__name__)
        self.outcome = outcome


def with_handles(outgoing: Outgoing, line: SendingLine, *, extra: Mapping[str, str] | None) -> Outgoing:
    """The message with the provider's ids of its files. Raises NotHandedOverError; handing over twice does no harm."""
    adapter: object = line.adapter
    if not outgoing.files or not isinstance(adapter, UploadsFiles):
        return outgoing
    files = []
    for file in outgoing.files:
        request = adapter.render_upload(file, line.settings, api_url=line.api_url)
        outcome = post(request, adapter.read_upload, extra=extra)
        if isinstance(outcome, Unclear):
            outcome = TryLater(code="upload", reason=_("a file could not be handed to the provider"))
        if not isinstance(outcome, Accepted):
            raise NotHandedOverError(outcome)
        files.append(replace(file, handle=outcome.provider_message_id))
    return replace(outgoing, files=tuple(files))
