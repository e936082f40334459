-- One row per day and token of a SendGrid link that was clicked: whose mail it was in.
-- grain: occurred_on, click_token, email
-- partition: occurred_on
select distinct
    occurred_on,
    nullif(regexp_extract(url, '[?&]ecid=([0-9A-Za-z_-]+)', 1), '') as click_token,
    as_email(email_text) as email
from staging.sendgrid__events
where sendgrid_event = 'click'
    and regexp_matches(url, '[?&]ecid=[0-9A-Za-z_-]+')
    and as_email(email_text) is not null
