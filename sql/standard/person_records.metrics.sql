-- One row per system: how complete its records of people are. Judged by person_records.suite.json.
select
    system,
    count(*) filter (
        where email is null and phone is null and last_name is null and not is_deleted
    ) / count(*) as nameless_share,
    if(count(*) >= 50, count(email) / count(*), null) as email_share,
    count(*) filter (where changed_at > now.as_of + interval 2 day) as changed_later_count,
    count(*) filter (where birth_on < date '1900-01-01' or birth_on > now.as_of) as impossible_birth_count,
    count(*) filter (where length(country) <> 2) as unknown_country_count
from standard.person_records
cross join raw.as_of as now
group by system
