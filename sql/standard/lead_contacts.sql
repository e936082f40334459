-- One row per lead and CRM person that it is, if somebody got in touch: when first. The CRM hands a
-- lead's tasks over to the contact that it becomes; what was done with that contact before the lead
-- came is not counted.
-- grain: lead_id, who_id
-- partition: who_id
select
    people.lead_id,
    people.who_id,
    min(tasks.completed_at) as first_contacted_at
from standard.lead_people as people
inner join standard.completed_tasks as tasks
    on tasks.who_id = people.who_id
    and (people.who_id = people.lead_id or tasks.completed_at >= people.created_at)
group by people.lead_id, people.who_id
