-- title: Birthday this month
-- owner: marketing
-- description: People whose birthday is in the month of the night.
-- purpose: marketing
select people.profile_id
from golden.profiles as people
cross join raw.as_of as now
where month(people.birth_on) = month(now.as_of)
