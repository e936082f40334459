-- One row per request to stop, and record, address or visitor, channel and purpose for which it does: an
-- objection, a withdrawn consent, an opt-out of sale. It counts from the end of its day, so that a yes of
-- that day does not undo it.
-- grain: record_key, actor_key, channel, purpose
-- partition: record_key
with asked as (
    select *, unnest(channels) as channel
    from standard.requests
    where request_kind in ('object', 'withdraw', 'do_not_sell')
)
select
    record_key,
    request_id,
    actor_key,
    if(identifier_kind in ('email', 'phone'), identifier_kind, null) as identifier_kind,
    if(identifier_kind in ('email', 'phone'), identifier, null) as identifier,
    channel,
    unnest(purposes) as purpose,
    received_on + interval 1 day - interval 1 microsecond as stated_at,
    case request_kind when 'object' then 'objection' when 'withdraw' then 'withdrawal'
        else 'do not sell' end as evidence
from asked
