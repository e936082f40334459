-- One row per profile id no longer in use and id that it led to, with the moment from which it did:
-- merged into one profile, and led on with it when that was merged in turn.
-- grain: profile_id, current_profile_id
with recursive led as (
    select profile_id, into_profile_id, changed_at, 1 as merge_count
    from identity.profile_changes
    where kind = 'merged'
    union all
    select led.profile_id, merges.into_profile_id, merges.changed_at, led.merge_count + 1
    from led
    inner join identity.profile_changes as merges
        on merges.profile_id = led.into_profile_id
        and merges.kind = 'merged'
)
select
    profile_id,
    into_profile_id as current_profile_id,
    changed_at as redirected_at,
    merge_count
from led
