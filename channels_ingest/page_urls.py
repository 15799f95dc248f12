"""The reply box on a customer's page and its buttons, and the webhook an entry came with."""

from django.urls import path

from channels_ingest import line_pages, line_settings
from channels_ingest.raw_page import entry_raw
from channels_ingest.sending import pages, reach_page
from channels_ingest.starting import pages as starting_pages
from channels_ingest.writing import note_pages, snippet_pages, template_pages
from channels_ingest.writing import pages as writing

urlpatterns = [
    path("settings/channels/", line_pages.lines, name="lines"),
    path("settings/channels/<int:account_id>/", line_pages.line, name="line"),
    path("settings/channels/<int:account_id>/test/", line_pages.test_line, name="test-line"),
    path("settings/channels/<int:account_id>/deliveries/<int:envelope_id>/", line_pages.delivery, name="delivery"),
    path("settings/channels/<int:account_id>/secrets/<str:name>/add/", line_settings.add_secret, name="add-secret"),
    path(
        "settings/channels/<int:account_id>/secrets/<str:name>/forget/",
        line_settings.forget_old_secret,
        name="forget-old-secret",
    ),
    path(
        "settings/channels/<int:account_id>/secrets/<str:name>/reveal/",
        line_settings.reveal_secret,
        name="reveal-secret",
    ),
    path("settings/channels/<int:account_id>/replay/<int:envelope_id>/", line_pages.replay_delivery, name="replay"),
    path("customers/new/", starting_pages.new_conversation, name="new-conversation"),
    path("customers/<int:profile_id>/addresses/new/", starting_pages.new_address, name="new-address"),
    path("customers/<int:profile_id>/composer/", pages.composer, name="composer"),
    path("customers/<int:profile_id>/reach/", reach_page.reach, name="reach"),
    path("customers/<int:profile_id>/addresses/", reach_page.addresses, name="addresses"),
    path("customers/<int:profile_id>/answer/", pages.answer, name="answer"),
    path("customers/<int:profile_id>/draft/", writing.save_draft, name="draft"),
    path("customers/<int:profile_id>/uploads/", writing.upload, name="upload"),
    path("customers/<int:profile_id>/note/", note_pages.note, name="note"),
    path("customers/<int:profile_id>/snippets/", snippet_pages.picker, name="snippet-picker"),
    path("colleagues/", writing.mention, name="mention"),
    path("messages/<int:entry_id>/raw/", entry_raw, name="entry-raw"),
    path("messages/<int:entry_id>/again/", pages.send_again, name="send-again"),
    path("messages/<int:entry_id>/undo/", pages.undo_send, name="undo-send"),
    path("notes/<int:entry_id>/undo/", note_pages.undo_note, name="undo-note"),
    path("addresses/<int:channel_identity_id>/templates/", template_pages.templates, name="templates"),
    path("addresses/<int:channel_identity_id>/templates/refresh/", template_pages.refresh, name="templates-refresh"),
    path("addresses/<int:channel_identity_id>/templates/<int:template_id>/", template_pages.template, name="template"),
    path(
        "addresses/<int:channel_identity_id>/templates/<int:template_id>/preview/",
        template_pages.preview,
        name="template-preview",
    ),
    path("snippets/", snippet_pages.snippets, name="snippets"),
    path("snippets/<int:snippet_id>/", snippet_pages.snippet, name="snippet"),
    path("snippets/<int:snippet_id>/delete/", snippet_pages.delete_snippet, name="snippet-delete"),
]
