-- title: Buyers of companies with several
-- owner: sales
-- description: People who ordered in the last year and belong to a company of which another did, too.
-- purpose: marketing
with buyers as (
    select distinct people.company_id, people.profile_id
    from golden.company_people as people
    inner join golden.customer_facts as facts using (profile_id)
    cross join raw.as_of as now
    where facts.last_order_at >= now.as_of - interval 365 days
)
select distinct profile_id
from buyers
qualify count(*) over (partition by company_id) >= 2
