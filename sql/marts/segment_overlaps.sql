-- One row per segment and another with which it shares people: how many, and what part that is of all
-- who are in either (Jaccard).
-- grain: segment, other_segment
with sizes as (
    select segment, count(*) as size
    from marts.segment_members
    group by segment
),
-- Many people are in the same few segments, so combinations are paired and not people.
combinations as (
    select segments, count(*) as people
    from (
        select profile_id, list(segment order by segment) as segments
        from marts.segment_members
        group by profile_id
    )
    group by segments
),
listed as (
    select unnest(segments) as segment, segments, people
    from combinations
),
paired as (
    select segment, unnest(segments) as other_segment, people
    from listed
),
shared as (
    select segment, other_segment, sum(people)::bigint as shared_count
    from paired
    where other_segment <> segment
    group by segment, other_segment
)
select
    shared.segment,
    shared.other_segment,
    shared.shared_count,
    round(shared.shared_count / own.size, 4) as share,
    round(shared.shared_count / (own.size + other.size - shared.shared_count), 4) as jaccard
from shared
inner join sizes as own on own.segment = shared.segment
inner join sizes as other on other.segment = shared.other_segment
