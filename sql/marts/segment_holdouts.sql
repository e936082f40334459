-- One row per segment and person that ever entered it: whether it is of the control group, to whom
-- nothing is sent, so that what sending brings about can be seen. The group follows from the segment's
-- name and the person's root, the oldest of the ids that became its own: no run moves it, and of people
-- whom a merge makes one it is the older's.
-- grain: profile_id, segment
with ids as (
    select profile_id, current_profile_id
    from identity.profile_redirects
    union
    select current_profile_id, current_profile_id
    from identity.profile_redirects
),
born as (
    select if(kind = 'split', into_profile_id, profile_id) as profile_id, changed_at as created_at
    from identity.profile_changes
    where kind in ('created', 'split')
),
-- Of those who are more than one id; whoever is one is its own root.
roots as (
    select
        ids.current_profile_id as profile_id,
        min_by(ids.profile_id, (born.created_at, ids.profile_id)) as root_profile_id
    from ids
    left join born using (profile_id)
    group by ids.current_profile_id
),
entered as (
    select
        history.segment,
        coalesce(redirects.current_profile_id, history.profile_id) as profile_id,
        min(history.as_of) as first_entered_on
    from marts.segment_history as history
    left join identity.profile_redirects as redirects using (profile_id)
    where history.change = 'entered'
    group by all
),
known as (
    select entered.*, coalesce(roots.root_profile_id, entered.profile_id) as root_profile_id
    from entered
    semi join identity.profile_records using (profile_id)
    left join roots using (profile_id)
)
select
    known.segment,
    known.profile_id,
    known.root_profile_id,
    -- The first 32 bits of the hash, as a share of all that there are.
    ('0x' || left(md5(concat_ws('|', 'holdout', known.segment, known.root_profile_id)), 8))::ubigint
    / 4294967296 < settings.holdout_share as is_control,
    members.profile_id is not null as is_member,
    known.first_entered_on
from known
left join marts.segment_members as members using (segment, profile_id)
cross join raw.settings as settings
