-- One row per profile that asked that its data not be used, and scope: `all` (restricted: it is held, but
-- is in no segment, score, lookalike, audience or export) or `profiling` (it objected: it is not scored).
-- Who names a record speaks for its profile, who names an address for everybody that carries it. Lifted by
-- who named the same record or address later, or, of profiling, by a later yes.
-- grain: profile_id, scope
-- partition: profile_id
with asked as (
    select
        actor_key,
        identifier_kind,
        identifier,
        request_id,
        received_on,
        stated_at,
        request_kind = 'restrict' as is_asked,
        max(stated_at) filter (where request_kind = 'unrestrict') over (partition by actor_key) as lifted_at
    from standard.requests
    where request_kind in ('restrict', 'unrestrict')
),
standing as (
    select *
    from asked
    where is_asked and (lifted_at is null or stated_at > lifted_at)
),
restricted as (
    select people.profile_id, 'all' as scope, standing.received_on, standing.request_id
    from standing
    inner join identity.profile_records as people on people.record_key = standing.identifier
    where standing.identifier_kind = 'record'
    union all
    select people.profile_id, 'all', standing.received_on, standing.request_id
    from standing
    inner join identity.record_identifiers as carried
        on carried.kind = standing.identifier_kind and carried.value = standing.identifier
    inner join identity.profile_records as people using (record_key)
    union all
    select visitors.profile_id, 'all', standing.received_on, standing.request_id
    from standing
    inner join identity.visitors as visitors on visitors.visitor_id = standing.identifier
    where standing.identifier_kind = 'visitor' and visitors.profile_id is not null
    union all
    select profile_id, 'profiling', stated_at::date, evidence_record
    from golden.consent_ledger
    where purpose = 'profiling'
        and evidence in ('objection', 'withdrawal')
        and status = 'denied'
        and scope = 'person'
        and is_standing
)
select
    profile_id,
    scope,
    min(received_on) as restricted_on,
    min_by(request_id, (received_on, request_id)) as request_id
from restricted
group by profile_id, scope
