-- B-cubed precision and recall: of all records, and (which overlap) of those of people who are hard to tell
-- apart or to recognise. The counterpart of `right` is what is missing to one, over the records of the group.
with joined as (
    select record_key, profile_id, person_id
    from profile_records inner join truth.records using (record_key)
),
per_record as (
    select
        person_id,
        count(*) over (partition by profile_id, person_id)
            / count(*) over (partition by profile_id) as precise,
        count(*) over (partition by profile_id, person_id)
            / count(*) over (partition by person_id) as found
    from joined
),
born_together as (
    select household_id, birth_on from truth.people
    where birth_on is not null
    group by all having count(*) > 1
),
groups as (
    select person_id, 'changed the surname' as detail from truth.people where former_last_name is not null
    union all
    select person_id, 'senior or junior' from truth.people where name_suffix is not null
    union all
    select person_id, 'shares the family''s mailbox' from truth.people where family_email is not null
    union all
    select person_id, 'has a work address' from truth.people where work_email is not null
    union all
    select person_id, 'twins' from truth.people semi join born_together using (household_id, birth_on)
    union all
    select person_id, 'has a nickname' from truth.people where nickname is not null
    union all
    select person_id, 'invented names at one address' from truth.frauds
)
select 'b-cubed precision' as measure, null as detail, sum(precise) as right, sum(1 - precise) as wrong
from per_record
union all
select 'b-cubed recall', null, sum(found), sum(1 - found)
from per_record
union all
select 'b-cubed precision of hard groups', detail, sum(precise), sum(1 - precise)
from per_record inner join groups using (person_id)
group by detail
union all
select 'b-cubed recall of hard groups', detail, sum(found), sum(1 - found)
from per_record inner join groups using (person_id)
group by detail
