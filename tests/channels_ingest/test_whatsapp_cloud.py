"""The WhatsApp Cloud adapter on what Meta does not print: odd parts, unmatched contacts, moves and the past."""

import copy
import json
from typing import Any

import pytest

from channels_ingest.adapters.base import AccountSettings, PayloadError
from channels_ingest.adapters.whatsapp_cloud import ADAPTER
from tests.channels_ingest.describing import PAYLOADS, normalised

Json = Any
WABA, LINE = "102290129340398", "106540352242922"


def payload(field: str = "messages", **value: Json) -> Json:
    metadata = {"display_phone_number": "15550783881", "phone_number_id": LINE}
    whole = {"messaging_product": "whatsapp", "metadata": metadata, **value}
    return {
        "object": "whatsapp_business_account",
        "entry": [{"id": WABA, "changes": [{"field": field, "value": whole}]}],
    }


def text(wamid: str = "wamid.1", **fields: Json) -> Json:
    return {
        "id": wamid,
        "from": "16505551234",
        "timestamp": "1749416383",
        "type": "text",
        "text": {"body": "hi"},
    } | fields


def read(*messages: Json, **value: Json) -> list[Json]:
    return normalised(ADAPTER, payload(messages=list(messages), **value))


# Odd parts cost only themselves


@pytest.mark.parametrize("body", [b"", b"[]", b"{}", b"null", b'{"object": "page", "entry": []}', b"\xff\xfe", b"NaN"])
def test_foreign_body_is_refused_as_a_whole(body: bytes) -> None:
    with pytest.raises(PayloadError):
        normalised(ADAPTER, body)


def test_object_without_a_list_of_entries_is_refused() -> None:
    with pytest.raises(PayloadError, match="list of entries"):
        normalised(ADAPTER, {"object": "whatsapp_business_account", "entry": {}})


def test_too_deeply_nested_body_is_refused() -> None:
    with pytest.raises(PayloadError):
        normalised(ADAPTER, b'{"object": ' + b"[" * 100_000 + b"]" * 100_000 + b"}")


@pytest.mark.parametrize(
    ("odd", "reason"),
    [
        ({}, "nobody named as the customer"),
        (None, "not an object"),
        ([], "not an object"),
        ({"id": "wamid.x"}, "nobody named as the customer"),
        ({"from": "16505551234", "type": "text"}, "message without an id"),
        ({"id": "w", "from": "1650", "type": "reaction"}, "reaction of no message"),
        ({"id": "w", "from": "1650", "type": "revoke", "revoke": []}, "revoke of no message"),
        ({"id": "w", "from": "1650", "type": "edit", "edit": {"original_message_id": "v"}}, "message without a type"),
    ],
)
def test_odd_message_is_reported_at_its_place_and_spares_its_neighbours(odd: Json, reason: str) -> None:
    before, reported, after = read(text("wamid.before"), odd, text("wamid.after"))

    assert (before["provider_message_id"], after["provider_message_id"]) == ("wamid.before", "wamid.after")
    assert reported == {
        "path": "entry[0].changes[0].value.messages[1]",
        "route": LINE,
        "item": "NotUnderstood",
        "reason": reason,
    }


@pytest.mark.parametrize(
    ("fields", "reason"),
    [
        ({"type": "hologram", "hologram": {"beam": 1}}, "message type hologram"),
        ({"type": "interactive", "interactive": {"type": "dance", "dance": {}}}, "interactive message of type dance"),
        ({"type": "image"}, "image message without its content"),
        ({"type": None}, "message without a type"),
        ({"type": ["text"]}, "message type (no code word)"),
        ({"text": "hi"}, "text message without its content"),
        ({"type": "location", "location": {"latitude": "north"}}, "location message without its content"),
    ],
)
def test_unread_message_is_shown_as_placeholder_and_kept_to_be_replayed(fields: Json, reason: str) -> None:
    entry, report = read(text(**fields))

    assert entry["placeholder"] is True
    assert entry["detail"] == {"type": "unsupported", "raw": text(**fields)}
    assert report["reason"] == reason


def test_reason_never_repeats_what_is_no_code_word() -> None:
    _, report = read(text(type="call +1 650 555 1234 back"))
    assert report["reason"] == "message type (no code word)"


def test_unknown_field_and_unknown_list_are_reported() -> None:
    [field] = normalised(ADAPTER, payload("calls", calling={"id": 1}))
    [kept, listed] = read(text(), group_updates=[{"id": 1}])

    assert field["reason"] == "field calls"
    assert kept["item"] == "Message"
    assert listed["reason"] == "list group_updates"


def test_entry_and_change_without_their_parts_are_reported() -> None:
    whole = payload(messages=[text()])
    whole["entry"] = [7, {"id": WABA}, {"id": WABA, "changes": [None, {"value": []}]}, *whole["entry"]]

    assert [(item["path"], item.get("reason")) for item in normalised(ADAPTER, whole)] == [
        ("entry[0]", "entry without changes"),
        ("entry[1]", "entry without changes"),
        ("entry[2].changes[0]", "change without a value"),
        ("entry[2].changes[1]", "change without a value"),
        ("entry[3].changes[0].value.messages[0]", None),
    ]


@pytest.mark.parametrize("timestamp", [None, "", "soon", "-5", "12", 0, True, 1.5, [], "9" * 400, 10**15, "٣٣٣٣٣٣٣٣٣٣"])
def test_absurd_time_is_replaced_by_that_of_receipt(timestamp: Json) -> None:
    [entry] = read(text(timestamp=timestamp))
    assert entry["occurred_at"] == "received"


def test_time_as_integer_is_understood() -> None:
    [entry] = read(text(timestamp=1749416383))
    assert entry["occurred_at"] == "2025-06-08T20:59:43+00:00"


def test_what_postgresql_cannot_store_is_cleaned() -> None:
    body = json.dumps(payload(messages=[text(text={"body": "a\x00b\ud800"}), text(type="new", new={"n": 7e77})]))
    entry, placeholder, _ = normalised(ADAPTER, body.replace("7e+77", "1e999").encode())

    assert entry["text"] == "ab?"
    assert placeholder["detail"]["raw"]["new"] == {"n": None}


# Who wrote


def test_contact_is_matched_by_id_and_never_by_position() -> None:
    contacts = [
        {"wa_id": "16505550002", "profile": {"name": "Second"}},
        {"wa_id": "16505550001", "profile": {"name": "First"}},
    ]
    first, second, third = read(
        text("w1", **{"from": "16505550001"}),
        text("w2", **{"from": "16505550002"}),
        text("w3", **{"from": "16505550003"}),
        contacts=contacts,
    )

    assert first["sender"]["traits"] == {"name": "First"}
    assert second["sender"]["traits"] == {"name": "Second"}
    assert third["sender"] == {"address": "16505550003", "identifiers": ["phone:+16505550003 proved"]}


def test_contact_lends_the_phone_to_a_message_that_has_only_the_user_id() -> None:
    contacts = [{"wa_id": "16505551234", "user_id": "US.1"}]
    [entry] = read({"id": "w", "from_user_id": "US.1", "type": "text", "text": {"body": "hi"}}, contacts=contacts)

    assert entry["sender"] == {
        "address": "US.1",
        "identifiers": ["phone:+16505551234 proved", f"whatsapp_user@{WABA}:US.1 proved"],
    }


def test_user_id_of_the_message_wins_over_that_of_its_contact() -> None:
    contacts = [{"wa_id": "16505551234", "user_id": "US.2", "profile": {"name": "N"}}]
    [entry] = read(text(from_user_id="US.1"), contacts=contacts)

    assert entry["sender"] == {
        "address": "US.1",
        "identifiers": ["phone:+16505551234 proved", f"whatsapp_user@{WABA}:US.1 proved"],
        "traits": {"name": "N"},
    }


@pytest.mark.parametrize("spelling", ["from_parent_user_id", "parent_user_id", "parent_from_user_id"])
def test_parent_id_of_an_author_is_read_in_every_spelling(spelling: str) -> None:
    [entry] = read(text(**{spelling: "US.ENT.9"}))
    assert f"whatsapp_user@{WABA}/parent:US.ENT.9 proved" in entry["sender"]["identifiers"]


@pytest.mark.parametrize(
    "spelling", ["recipient_parent_user_id", "parent_recipient_user_id", "parent_user_id", "to_parent_user_id"]
)
def test_parent_id_of_a_recipient_is_read_in_every_spelling(spelling: str) -> None:
    status = {"id": "w", "status": "sent", "recipient_id": "1650", spelling: "US.ENT.9"}
    [amendment] = normalised(ADAPTER, payload(statuses=[status]))
    assert f"whatsapp_user@{WABA}/parent:US.ENT.9 proved" in amendment["sender"]["identifiers"]


def test_user_ids_belong_to_the_portfolio_where_the_account_names_one() -> None:
    account = AccountSettings(plain={"portfolio_id": "777"})
    [entry] = normalised(ADAPTER, payload(messages=[text(from_user_id="US.1")]), account)
    assert entry["sender"]["identifiers"] == ["phone:+16505551234 proved", "whatsapp_user@777:US.1 proved"]


@pytest.mark.parametrize("wa_id", ["553188880000", "5531988880000", "5215555500000", "525555500000", "5491155550000"])
def test_national_variants_stay_as_received(wa_id: str) -> None:
    [entry] = read(text(**{"from": wa_id}))
    assert entry["sender"] == {"address": wa_id, "identifiers": [f"phone:+{wa_id} proved"]}


def test_id_that_is_no_number_is_an_address_but_no_phone() -> None:
    [entry] = read(text(**{"from": "<USER_PHONE_NUMBER>"}))
    assert entry["sender"] == {"address": "<USER_PHONE_NUMBER>"}


def test_group_member_is_tied_to_the_person_and_refuses_replies() -> None:
    [entry] = read(text(group_id="G", from_user_id="US.1"))

    assert entry["sender"]["address"] == "G:US.1"
    assert entry["sender"]["reply_refusal"] == "group"
    assert entry["sender"]["identifiers"] == ["phone:+16505551234 proved", f"whatsapp_user@{WABA}:US.1 proved"]
    assert entry["detail"]["group"] == {"id": "G", "sender": "US.1"}


# What happened to a message


@pytest.mark.parametrize(
    ("status", "delivery", "reports"),
    [("deleted", "unknown", 0), ("warning", "unknown", 0), ("played", "read", 0), ("teleported", "unknown", 1)],
)
def test_status_keeps_the_providers_word(status: str, delivery: str, reports: int) -> None:
    amendment, *more = normalised(ADAPTER, payload(statuses=[{"id": "w", "status": status}]))
    assert amendment["detail"] == {"status": status, "delivery": delivery}
    assert "sender" not in amendment
    assert len(more) == reports


def test_failed_payment_is_no_failed_message() -> None:
    status = {"id": "w", "status": "failed", "type": "payment", "recipient_id": "1650"}
    [amendment] = normalised(ADAPTER, payload(statuses=[status]))
    assert amendment["detail"] == {"status": "payment_failed", "delivery": "unknown"}


def test_edit_to_unknown_content_leaves_the_message_as_it_is() -> None:
    [report] = read(
        text(type="edit", edit={"original_message_id": "v", "message": {"type": "hologram", "hologram": {}}})
    )
    assert report["item"] == "NotUnderstood"


def test_reaction_of_the_business_from_its_app_is_its_own() -> None:
    echo = text(
        type="reaction", reaction={"message_id": "v", "emoji": "👍"}, to="16505551234", **{"from": "15550783881"}
    )
    [reaction] = normalised(ADAPTER, payload("smb_message_echoes", message_echoes=[echo]))
    assert reaction["sender"]["address"] == "16505551234"
    assert reaction["detail"] == {"emoji": "👍", "from": "15550783881"}


@pytest.mark.parametrize("label", ["Unsubscribe", " stop promotions ", "STOP PROMOTIONS"])
@pytest.mark.parametrize("where", ["payload", "text"])
def test_opt_out_button_withdraws_marketing_consent(label: str, where: str) -> None:
    entry, consent = read(text(type="button", button={"payload": "x", "text": "y"} | {where: label}))
    assert entry["item"] == "Message"
    assert (consent["key"], consent["purpose"], consent["granted"]) == ("wamid.1:consent", "marketing", False)


def test_other_words_with_unsubscribe_in_them_withdraw_nothing() -> None:
    items = read(text(text={"body": "Unsubscribe"}), text(type="button", button={"text": "Unsubscribe me not"}))
    assert [item["item"] for item in items] == ["Message", "Message"]


# Moves


def test_number_change_with_user_ids_leaves_only_the_number() -> None:
    system = {"type": "user_changed_number", "wa_id": "12195555358", "body": "moved"}
    [change] = read(text(type="system", system=system, from_user_id="US.1"))
    assert (change["sender"]["address"], change["left"]) == ("US.1", ["16505551234"])
    assert change["became"] == ["phone:+12195555358 proved"]


def test_change_of_user_id_alone_leaves_only_the_user_id() -> None:
    message = {
        "id": "w",
        "from_user_id": "US.1",
        "type": "system",
        "system": {"type": "user_changed_user_id", "user_id": "US.2"},
    }
    [change] = read(message)
    assert (change["left"], change["became"]) == (["US.1"], [f"whatsapp_user@{WABA}:US.2 proved"])


def test_number_change_to_nowhere_is_a_remark_to_be_replayed() -> None:
    remark, report = read(text(type="system", system={"type": "user_changed_number", "body": "moved"}))
    assert (remark["kind"], remark["direction"], remark["text"], remark["placeholder"]) == (
        "system",
        "none",
        "moved",
        True,
    )
    assert report["reason"] == "system message of type user_changed_number"


# The past, the address book, the account


def test_media_of_the_business_in_the_history_amends_its_placeholder() -> None:
    sent = {
        "id": "w",
        "from": "+1 555 078 3881",
        "timestamp": "1738796547",
        "type": "image",
        "image": {"id": "7", "caption": "c"},
    }
    [content] = normalised(ADAPTER, payload("history", messages=[sent]))
    assert (content["kind"], content["key"], content["target_message_id"]) == ("edit", "w:media", "w")
    assert content["detail"]["text"] == "c"


def test_refused_history_is_account_news() -> None:
    error = {"code": 2593109, "title": "History sync is turned off by the business"}
    [notice] = normalised(ADAPTER, payload("history", history=[{"errors": [error]}]))
    assert (notice["item"], notice["kind"], notice["detail"]) == ("AccountNotice", "error", error)


def test_thread_of_a_username_user_has_no_phone() -> None:
    chunk = {"threads": [{"id": "US.1", "messages": [text(**{"from": "15550783881"})]}]}
    [entry] = normalised(ADAPTER, payload("history", history=[chunk]))
    assert entry["sender"] == {"address": "US.1", "identifiers": [f"whatsapp_user@{WABA}:US.1 proved"]}
    assert (entry["direction"], entry["backfilled"]) == ("out", True)


def test_contact_removed_from_the_address_book_names_nobody() -> None:
    removal = {"type": "contact", "action": "remove", "contact": {"phone_number": "16505551234"}}
    [notice] = normalised(ADAPTER, payload("smb_app_state_sync", state_sync=[removal]))
    assert notice["kind"] == "contact_removed"
    assert "16505551234" not in json.dumps(notice)


def test_account_news_has_one_key_however_often_it_comes() -> None:
    sample = json.loads((PAYLOADS / "meta-template-status-approved.json").read_bytes())
    later = copy.deepcopy(sample)
    later["entry"][0]["time"] += 1
    keys = [normalised(ADAPTER, whole)[0]["key"] for whole in (sample, sample, later)]
    assert keys[0] == keys[1] != keys[2]
