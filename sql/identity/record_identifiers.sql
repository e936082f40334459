-- One row per e-mail address and phone number of a record, with the reason why it is no evidence of
-- identity, if it is none.
-- grain: record_key, kind, value
-- partition: target
select
    carried.record_key,
    carried.kind,
    carried.value,
    carried.target,
    carried.observed_on,
    guards.reason as guard
from identity.carried_identifiers as carried
inner join identity.identifier_guards as guards using (kind, value, target)
