-- Anonymous visitors put to a person: to the right one, or to another.
select 'visitors' as measure, 'put to a person' as detail,
    count(*) filter (where truth.person_id = owners.person_id) as right,
    count(*) filter (where truth.person_id is distinct from owners.person_id) as wrong
from visitors
inner join truth.visitors as truth
    on visitors.visitor_id in (truth.visitor, 'weblogs:' || truth.visitor)
inner join truth.owners as owners using (profile_id)
