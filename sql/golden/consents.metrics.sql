-- One row: whether consents are anybody's, and say what they may. Judged by consents.suite.json.
select
    count(*) filter (where profile_id not in (select profile_id from golden.profiles)) as orphan_count,
    count(*) filter (where status not in ('granted', 'denied', 'unknown')) as unknown_status_count,
    count(*) filter (where channel not in ('email', 'sms', 'phone', 'push', 'post', 'ads'))
        as unknown_channel_count,
    count(*) filter (where status = 'granted' and evidence_record is null) as unproved_count,
    count(*) filter (where observed_at > now.as_of + interval 2 day) as later_count
from golden.consents
cross join raw.as_of as now
