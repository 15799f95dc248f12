"""Facts that colleagues enter: shown before what a channel says, kept beside it, and taken back like any decision."""

from django.utils import timezone
from django.utils.translation import gettext as _

from profiles.components import Component
from profiles.identity.values import Grade
from profiles.models import ChannelIdentity, Operation, StaffMember, Trait, TraitChoice
from profiles.operations import Done, Scope, VerbRefusedError, Wrote, members, perform
from profiles.traits import AGENT, preference, told_traits

LONGEST_NAME, LONGEST_VALUE = 40, 500


def enter_trait(profile_id: int, name: str, value: str, *, actor: StaffMember, reason: str = "") -> Done:
    """The customer's trait is what the colleague says; entering what is shown already does nothing.

    It hangs on the channel identity that was heard of last and goes with it when people are separated. What was known
    before stays as an alternate. Raises UnknownProfileError, and VerbRefusedError for an empty or endless fact.
    """
    name, value = trait_name(name), " ".join(value.split())
    if not name or not value or len(value) > LONGEST_VALUE or not value.isprintable():
        raise VerbRefusedError(_("A fact has a name and a value, of up to 500 letters."))
    [mine] = members(profile_id)
    heard = ChannelIdentity.objects.filter(id__in=mine, void_in=None).order_by("-last_seen", "id")
    identity = heard.exclude(last_seen=None).first() or ChannelIdentity.objects.get(id=mine[0])

    def write(_component: Component, operation: Operation) -> Wrote:
        current = ChannelIdentity.objects.values_list("profile_id", flat=True).get(id=identity.pk)
        told = sorted(told_traits([current], name), key=preference)
        if told and told[0].value == value and told[0].source == AGENT:
            return Wrote.NOTHING
        now = timezone.now()
        # A value that was withdrawn stands again by the newer word.
        trait, _is_new = Trait.objects.update_or_create(
            channel_identity_id=identity.pk,
            name=name,
            value=value,
            source=AGENT,
            defaults={"grade": Grade.DECIDED, "last_seen": now, "withdrawn_by": None},
            create_defaults={"grade": Grade.DECIDED, "first_seen": now, "last_seen": now},
        )
        TraitChoice.objects.create(operation=operation, trait=trait)
        return Wrote.EVIDENCE

    return perform(
        Operation.Verb.ENTER,
        actor=actor,
        reason=reason,
        reach=lambda: Scope(touched={identity.pk}),
        write=write,
        about=[identity.pk],
        detail={"name": name, "value": value},
    )


def trait_name(given: str) -> str:
    """A trait's name as it is stored: "Date of birth" is `date_of_birth`; empty for what is none."""
    name = "_".join(given.casefold().split())
    return name if len(name) <= LONGEST_NAME and name.isprintable() else ""
