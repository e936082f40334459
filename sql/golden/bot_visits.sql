-- One row per day and bot that asked for anything on the web site: what is left out of visits, in counts.
-- grain: occurred_on, bot
-- partition: occurred_on
select
    occurred_on,
    bot,
    count(*) as request_count,
    count(*) filter (where not is_asset and status between 200 and 399) as page_count
from standard.web_requests
where is_bot
group by occurred_on, bot
