-- Records known last night whose profile id is the same tonight, or was changed with a cause that is
-- written down; ids no longer in use that lead to whom they stood for; and what was merged and split since:
-- a merge is right that puts together one person, a split that sets apart two.
with changes as (
    from profile_changes anti join before.profile_changes using (change_id)
),
moved as (
    select
        earlier.profile_id as old_id,
        now.profile_id as new_id,
        exists (
            from changes where changes.profile_id in (earlier.profile_id, now.profile_id)
        ) as is_explained
    from before.profile_records as earlier
    inner join profile_records as now using (record_key)
),
known as (
    from before.owners anti join truth.erasures using (person_id)
),
redirects as (
    select known.person_id, coalesce(owners.person_id = known.person_id, false) as is_right
    from profile_redirects as redirects
    inner join known using (profile_id)
    left join truth.owners as owners on owners.profile_id = redirects.current_profile_id
),
remade as (
    select changes.kind, coalesce(stays.person_id, known.person_id) = goes.person_id as is_one_person
    from changes
    inner join known using (profile_id)
    left join truth.owners as stays using (profile_id)
    inner join truth.owners as goes on goes.profile_id = changes.into_profile_id
)
select
    'ids kept or changed with cause' as measure,
    null as detail,
    count(*) filter (where old_id = new_id or is_explained) as right,
    count(*) filter (where old_id <> new_id and not is_explained) as wrong
from moved
union all
select 'old ids that lead to their person', null, count(*) filter (where is_right),
    count(*) filter (where not is_right)
from redirects
union all
select 'merges and splits', kind, count(*) filter (where is_one_person = (kind = 'merged')),
    count(*) filter (where is_one_person <> (kind = 'merged'))
from remade
where kind in ('merged', 'split')
group by kind
