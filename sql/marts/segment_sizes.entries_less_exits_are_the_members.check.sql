-- The history adds up to who is in each segment now.
with told as (
    select segment, profile_id, count(*) filter (where change = 'entered')
        - count(*) filter (where change = 'left') as present
    from marts.segment_history
    group by segment, profile_id
)
select segment, profile_id
from told
full join marts.segment_members as members using (segment, profile_id)
where coalesce(told.present, 0) <> if(members.entered_at is null, 0, 1)
