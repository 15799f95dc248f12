from django.urls import path

from profiles.api import ProfileDetail, ProfileList

urlpatterns = [
    path("profiles/", ProfileList.as_view(), name="api-profiles"),
    path("profiles/<int:profile_id>/", ProfileDetail.as_view(), name="api-profile"),
]
