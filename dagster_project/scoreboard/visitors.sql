-- Anonymous visitors put to a person: to the right one, or to another.
with owners as (
    select profile_id, max_by(person_id, (n, person_id)) as person_id
    from (
        select profile_id, person_id, count(*) as n
        from profile_records inner join truth.records using (record_key)
        group by all
    )
    group by profile_id
)
select 'visitors' as measure, 'put to a person' as detail,
    count(*) filter (where truth.person_id = owners.person_id) as right,
    count(*) filter (where truth.person_id is distinct from owners.person_id) as wrong
from visitors
inner join truth.visitors as truth
    on visitors.visitor_id in (truth.visitor, 'weblogs:' || truth.visitor)
inner join owners using (profile_id)
