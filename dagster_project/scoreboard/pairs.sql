-- Pairs of records of one person that are in one profile, against those put together wrongly or left apart.
-- A record that is in no profile is apart from all others.
with joined as (
    select coalesce(profile_id, record_key) as profile_id, person_id
    from truth.records left join profile_records using (record_key)
),
sizes as (select profile_id, person_id, count(*) as n from joined group by all),
counted as (
    select
        (select sum(n * (n - 1) / 2) from sizes) as right_pairs,
        (select sum(n * (n - 1) / 2) from (select sum(n) as n from sizes group by profile_id)) as found,
        (select sum(n * (n - 1) / 2) from (select sum(n) as n from sizes group by person_id)) as to_find
)
select 'pairwise precision' as measure, null as detail, right_pairs, found - right_pairs as wrong
from counted
union all
select 'pairwise recall', null, right_pairs, to_find - right_pairs from counted
