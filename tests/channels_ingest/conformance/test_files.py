"""An adapter that sends files renders each so that its provider takes it; one that cannot says why."""

from dataclasses import replace

import pytest

from channels_ingest.adapters.base import AccountSettings
from channels_ingest.adapters.sending import (
    Accepted,
    Answer,
    CannotSendError,
    FileRules,
    HttpRequest,
    Outgoing,
    OutgoingFile,
    Refused,
    TakesFiles,
    UploadsFiles,
)
from channels_ingest.registry import ADAPTERS
from channels_ingest.sending.outgoing_files import fault_of, most_of
from channels_ingest.simulator.plays.base import Taken
from tests.channels_ingest.conformance.description import Description
from tests.channels_ingest.conformance.providers import DESCRIPTIONS
from tests.channels_ingest.conformance.test_sending import API_URL, SENDING, outgoing

PICTURE = OutgoingFile(
    name='box "1"\r\nBcc: x.jpg',
    mime_type="image/jpeg",
    content=b"\xff\xd8\xff" + b"picture" * 9,
    link="https://hub.example.com/media/token/handed.jpg",
)
PAPER = replace(PICTURE, name="Rechnung.pdf", mime_type="application/pdf", content=b"%PDF-1.7 paper")


@pytest.fixture(params=SENDING)
def of(request: pytest.FixtureRequest) -> Description:
    """Each provider that sends."""
    return DESCRIPTIONS[request.param]


def rules(of: Description) -> FileRules:
    adapter: object = of.adapter
    assert isinstance(adapter, TakesFiles), f"{of.adapter.provider}: say which files go, or why none, in file_rules"
    return adapter.file_rules(AccountSettings())


def handed(of: Description, file: OutgoingFile) -> OutgoingFile:
    """The file with the provider's id, where the provider wants it beforehand."""
    adapter: object = of.adapter
    if not isinstance(adapter, UploadsFiles):
        return file
    assert of.play is not None
    answer = of.play.take(adapter.render_upload(file, AccountSettings(), api_url=API_URL))
    assert isinstance(answer, Answer)
    outcome = adapter.read_upload(answer)
    assert isinstance(outcome, Accepted), outcome
    return replace(file, handle=outcome.provider_message_id)


def taken(of: Description, message: Outgoing) -> Taken:
    request = of.adapter.render(message, AccountSettings(), api_url=API_URL)  # type: ignore[attr-defined]
    assert isinstance(request, HttpRequest)
    assert of.play is not None
    found = of.play.take(request)
    assert isinstance(found, Taken), found
    return found


def test_every_adapter_that_sends_has_rules_for_files() -> None:
    sending = {name for name, adapter in ADAPTERS.items() if hasattr(adapter, "render")}
    assert {name for name in sending if isinstance(ADAPTERS[name], TakesFiles)} == sending


@pytest.mark.parametrize("file", [PICTURE, PAPER], ids=["picture", "paper"])
def test_file_arrives_with_its_text(of: Description, file: OutgoingFile) -> None:
    told = rules(of)
    message = replace(outgoing(of, "Here it is"), files=(handed(of, file),) if not told.refusal else (file,))
    if told.refusal:
        with pytest.raises(CannotSendError):
            taken(of, message)
        return
    assert most_of(file.mime_type, told)
    found = taken(of, message)
    assert found.text == "Here it is"
    assert found.extra["files"]
    assert "\n" not in found.extra["files"]


def test_several_files_are_several_or_refused(of: Description) -> None:
    told = rules(of)
    if told.refusal:
        return
    message = replace(outgoing(of, "Both"), files=(handed(of, PICTURE), handed(of, PAPER)))
    if told.per_message == 1 and isinstance(of.adapter, UploadsFiles):
        with pytest.raises(CannotSendError):
            taken(of, message)
    else:
        assert len(taken(of, message).extra["files"].split("\n")) == 2


def test_file_that_must_be_fetched_is_refused_without_a_link(of: Description) -> None:
    if rules(of).fetches:
        with pytest.raises(CannotSendError):
            taken(of, replace(outgoing(of), files=(replace(PICTURE, link=""),)))


def test_limits_are_told_in_words(of: Description) -> None:
    told = rules(of)
    assert told.refusal or told.takes or "" in told.most_bytes
    assert fault_of("image/jpeg", 200_000_000, told)


def test_upload_that_is_refused_is_read() -> None:
    of = DESCRIPTIONS["whatsapp_cloud"]
    adapter: object = of.adapter
    assert isinstance(adapter, UploadsFiles)
    assert of.play is not None
    wrong = replace(PICTURE, mime_type="image/svg+xml")
    answer = of.play.take(adapter.render_upload(wrong, AccountSettings(), api_url=API_URL))
    assert isinstance(answer, Answer)
    assert isinstance(adapter.read_upload(answer), Refused)
