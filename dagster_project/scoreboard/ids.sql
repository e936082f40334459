-- Records known last night whose profile id is the same tonight, or was changed with a cause that is
-- written down; ids no longer in use that lead on; and merges and splits of tonight that put together one
-- person, or set apart several.
with owners as (
    select profile_id, max_by(person_id, (n, person_id)) as person_id
    from (
        select profile_id, person_id, count(*) as n
        from before.main.profile_records inner join truth.records using (record_key)
        group by all
    )
    group by profile_id
),
moved as (
    select
        earlier.record_key,
        earlier.profile_id as old_id,
        now.profile_id as new_id,
        exists (
            from profile_changes as changes
            where changes.profile_id in (earlier.profile_id, now.profile_id)
                and changes.run_id = (select max_by(run_id, started_at) from runs)
        ) as is_explained
    from before.main.profile_records as earlier
    inner join profile_records as now using (record_key)
),
merges as (
    select changes.profile_id as left_id, changes.into_profile_id as right_id
    from profile_changes as changes
    where changes.kind = 'merged'
        and changes.run_id = (select max_by(run_id, started_at) from runs)
)
select
    'ids kept or changed with cause' as measure,
    null as detail,
    count(*) filter (where old_id = new_id or is_explained) as right,
    count(*) filter (where old_id <> new_id and not is_explained) as wrong
from moved
union all
select
    'old ids that lead to a profile', null,
    count(profiles.profile_id), count(*) - count(profiles.profile_id)
from profile_redirects as redirects
left join profiles on profiles.profile_id = redirects.current_profile_id
union all
select
    'merges of one person', null,
    count(*) filter (where one.person_id = other.person_id),
    count(*) filter (where one.person_id <> other.person_id)
from merges
inner join owners as one on one.profile_id = merges.left_id
inner join owners as other on other.profile_id = merges.right_id
