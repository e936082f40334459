-- One row per trait of a profile that a provider sold: values nobody in the company asked the person
-- for. They belong to a person only over an address that one person alone has, and never become
-- attributes of the profile. Expired ones are here too; marts.profile_traits has those that hold.
-- grain: record_key
-- partition: email
select
    owners.profile_id,
    traits.record_key,
    traits.email,
    traits.trait,
    traits.value,
    traits.provider,
    traits.obtained_on,
    traits.valid_until,
    'third' as party
from standard.bought_traits as traits
inner join identity.email_owners as owners using (email)
