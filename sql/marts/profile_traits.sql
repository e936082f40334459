-- One row per trait of a profile that a provider sold and that has not expired. Of several addresses of
-- a person under which one provider sold a trait, the value that was obtained last.
-- grain: profile_id, trait, provider
-- partition: profile_id
select
    traits.profile_id,
    traits.trait,
    traits.value,
    traits.provider,
    traits.obtained_on,
    traits.valid_until,
    traits.party,
    traits.record_key
from golden.profile_traits as traits
cross join raw.as_of as now
where traits.valid_until >= now.as_of
qualify row_number() over (
    partition by traits.profile_id, traits.trait, traits.provider
    order by traits.obtained_on desc, traits.record_key
) = 1
