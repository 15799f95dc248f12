from django.urls import path

from timeline.api import ProfileDetail, Queue, Timeline
from timeline.brief.api import ProfileBrief
from timeline.identity.why_api import Identity
from timeline.keeping_out_api import Block, Consent, Spam, Unblock
from timeline.search.api import Search
from timeline.work.api import ProfileWork

urlpatterns = [
    path("profiles/<int:profile_id>/", ProfileDetail.as_view(), name="api-profile"),
    path("profiles/<int:profile_id>/timeline/", Timeline.as_view(), name="api-timeline"),
    path("profiles/<int:profile_id>/identity/", Identity.as_view(), name="api-identity"),
    path("profiles/<int:profile_id>/brief/", ProfileBrief.as_view(), name="api-brief"),
    path("profiles/<int:profile_id>/work/", ProfileWork.as_view(), name="api-work"),
    path("profiles/<int:profile_id>/consent/", Consent.as_view(), name="api-consent"),
    path("profiles/<int:profile_id>/block/", Block.as_view(), name="api-block"),
    path("profiles/<int:profile_id>/unblock/", Unblock.as_view(), name="api-unblock"),
    path("messages/<int:entry_id>/spam/", Spam.as_view(), name="api-spam"),
    path("search/", Search.as_view(), name="api-search"),
    path("queue/", Queue.as_view(), name="api-queue"),
]
