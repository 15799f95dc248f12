"""The agents' pages."""

from django.urls import path

from timeline.identity import merge_pages, operation_log, report_pages
from timeline.identity import pages as identity_pages
from timeline.identity import verb_pages as identity_verbs
from timeline.pages import (
    actions,
    customer,
    entry_menu,
    filtering,
    notices,
    panes,
    presence,
    printing,
    pulling,
    queue,
    side,
    traits,
    unread,
)
from timeline.pages import consent as consent_pages
from timeline.pages import media as media_pages
from timeline.search import pages as search_pages
from timeline.search import palette

urlpatterns = [
    path("", queue.home, name="home"),
    path("inbox/<slug:view>/", queue.inbox, name="inbox"),
    path("inbox/<slug:view>/filter/", filtering.narrow, name="queue-filter"),
    path("inbox/<slug:view>/save/", filtering.keep_view, name="save-view"),
    path("inbox/<slug:view>/change/", filtering.change, name="change-view"),
    path("inbox/<slug:view>/remove/", filtering.remove, name="remove-view"),
    path("inbox/<slug:view>/bring-back/", filtering.bring_back, name="bring-back-view"),
    path("work/undo/", actions.take_back, name="take-back"),
    path("work/<slug:action>/", actions.act, name="act"),
    path("inbox/<slug:view>/<int:profile_id>/", customer.customer, name="inbox-customer"),
    path("customers/<int:profile_id>/", customer.customer_alone, name="customer"),
    path("customers/<int:profile_id>/print/", printing.print_story, name="print-story"),
    path("customers/<int:profile_id>/find/", customer.find_in, name="find-in"),
    path("customers/<int:profile_id>/story/", customer.story, name="story"),
    path("customers/<int:profile_id>/older/", customer.older, name="older"),
    path("customers/<int:profile_id>/newer/", customer.newer, name="newer"),
    path("customers/<int:profile_id>/side/", side.side, name="side"),
    path("customers/<int:profile_id>/facts/", traits.correct_trait, name="correct-trait"),
    path("facts/<int:operation_id>/undo/", traits.undo_trait, name="undo-trait"),
    path("customers/<int:profile_id>/since/", pulling.since, name="since"),
    path("customers/<int:profile_id>/around/", pulling.around, name="around"),
    path("customers/<int:profile_id>/presence/", presence.presence, name="presence"),
    path("customers/<int:profile_id>/seen/", unread.seen, name="seen"),
    path("entries/<int:entry_id>/unread/", unread.unread_from, name="unread-from"),
    path("entries/<int:entry_id>/notice/", notices.notice, name="notice"),
    path("unread/next/", unread.next_one, name="next-unread"),
    path("presence/", presence.everybody, name="everybody"),
    path("customers/<int:profile_id>/identity/", identity_pages.identity, name="identity"),
    path("customers/<int:profile_id>/separate/", identity_pages.separate, name="separate"),
    path("customers/<int:profile_id>/merge-with/", identity_pages.merge_with, name="merge-with"),
    path("entries/<int:entry_id>/files/<str:place>/<slug:variant>/", media_pages.entry_file, name="entry-file"),
    path("identity/sightings/<int:sighting_id>/withdraw/", identity_verbs.withdraw_seen, name="withdraw-sighting"),
    path("identity/sightings/<int:sighting_id>/mark/<slug:status>/", identity_verbs.mark_identifier, name="mark"),
    path("identity/boundaries/<int:boundary_id>/withdraw/", identity_verbs.withdraw_since, name="withdraw-boundary"),
    path("identity/addresses/<int:channel_identity_id>/since/", identity_verbs.somebody_else, name="somebody-else"),
    path("panes/<int:queue>.<int:side>.css", panes.widths, name="panes"),
    path("palette/", palette.palette, name="palette"),
    path("search/", search_pages.search, name="search"),
    path("addresses/<int:channel_identity_id>/consent/", consent_pages.write_consent, name="write-consent"),
    path("consents/<int:event_id>/", consent_pages.consent_evidence, name="consent-evidence"),
    path("addresses/<int:channel_identity_id>/block/", consent_pages.block_sender, name="block-sender"),
    path("addresses/<int:channel_identity_id>/unblock/", consent_pages.unblock_sender, name="unblock-sender"),
    path("entries/<int:entry_id>/report/", report_pages.report_entry, name="report-entry"),
    path("entries/<int:entry_id>/menu/", entry_menu.entry_menu, name="entry-menu"),
    path("entries/<int:entry_id>/whole/", entry_menu.entry_whole, name="entry-whole"),
    path("entries/<int:entry_id>/pin/", entry_menu.pin_entry, name="pin-entry"),
    path("entries/<int:entry_id>/unpin/", entry_menu.unpin_entry, name="unpin-entry"),
    path("entries/<int:entry_id>/<slug:verdict>/", consent_pages.judge_spam, name="judge-spam"),
    path("merges/", merge_pages.queue, name="merges"),
    path("merges/<int:review_id>/", merge_pages.review, name="review"),
    path("merges/<int:review_id>/back/", merge_pages.back, name="review-back"),
    path("merges/compare/<int:one_id>/<int:other_id>/", merge_pages.compare, name="compare"),
    path("merges/compare/<int:one_id>/<int:other_id>/timelines/", merge_pages.timelines, name="compare-timelines"),
    path("merges/log/", operation_log.log, name="log"),
    path("merges/log/<int:operation_id>/undo/", operation_log.undo, name="undo"),
]
