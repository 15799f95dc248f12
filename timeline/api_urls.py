from django.urls import path

from timeline.api import ProfileDetail, Queue, Timeline
from timeline.identity.why_api import Identity
from timeline.search.api import Search
from timeline.work.api import ProfileWork

urlpatterns = [
    path("profiles/<int:profile_id>/", ProfileDetail.as_view(), name="api-profile"),
    path("profiles/<int:profile_id>/timeline/", Timeline.as_view(), name="api-timeline"),
    path("profiles/<int:profile_id>/identity/", Identity.as_view(), name="api-identity"),
    path("profiles/<int:profile_id>/work/", ProfileWork.as_view(), name="api-work"),
    path("search/", Search.as_view(), name="api-search"),
    path("queue/", Queue.as_view(), name="api-queue"),
]
