"""The API of profiles and of who is who."""

from django.urls import path

from profiles import identity_api as identity
from profiles.traits_api import Traits

urlpatterns = [
    path("profiles/<int:profile_id>/traits/", Traits.as_view(), name="api-traits"),
    path("profiles/<int:profile_id>/merge/", identity.Merge.as_view(), name="api-merge"),
    path("profiles/<int:profile_id>/merge/preview/", identity.MergePreview.as_view(), name="api-merge-preview"),
    path("profiles/<int:profile_id>/unmerge/", identity.Unmerge.as_view(), name="api-unmerge"),
    path("identity/operations/", identity.Operations.as_view(), name="api-operations"),
    path("identity/operations/<int:operation_id>/undo/", identity.Undo.as_view(), name="api-undo"),
    path("identity/sightings/<int:sighting_id>/withdraw/", identity.WithdrawSighting.as_view(), name="api-withdraw"),
    path("identity/traits/<int:trait_id>/withdraw/", identity.WithdrawTrait.as_view(), name="api-withdraw-trait"),
    path("identity/boundaries/", identity.Boundaries.as_view(), name="api-boundaries"),
    path(
        "identity/boundaries/<int:boundary_id>/withdraw/",
        identity.WithdrawBoundary.as_view(),
        name="api-withdraw-boundary",
    ),
    path("identity/markings/", identity.Markings.as_view(), name="api-markings"),
    path("identity/reviews/", identity.Reviews.as_view(), name="api-reviews"),
    path("identity/reviews/<int:review_id>/", identity.ReviewDetail.as_view(), name="api-review"),
    path("identity/reviews/<int:review_id>/decide/", identity.ReviewDecision.as_view(), name="api-decide"),
    path("identity/reviews/<int:review_id>/later/", identity.ReviewLater.as_view(), name="api-review-later"),
]
