-- One row per profile, attribute, candidate value and source record that gives it, with the rule by
-- which one value wins. Junk and shared identifiers can win nothing; a deleted record only when
-- nobody else says anything. Ties are broken by time, trust, then key, so one value always wins.
-- grain: profile_id, attribute, record_key
-- partition: profile_id
with candidates as (
    select
        records.profile_id,
        records.record_key,
        records.system,
        records.export,
        records.record_id,
        records.observed_at,
        records.is_deleted,
        trust.trust_rank,
        part.attribute,
        part.value,
        part.is_guarded,
        part.is_complete
    from golden.person_records as records
    left join golden.source_trust as trust using (system, export)
    cross join lateral (
        select *
        from (
            values
                ('first_name', records.first_name, false, records.last_name is not null),
                ('last_name', records.last_name, false, records.first_name is not null),
                ('email', records.email, records.email_guard is not null, true),
                ('phone', records.phone, records.phone_guard is not null, true),
                ('street', records.street, false, records.postal_code is not null),
                ('city', records.city, false, records.street is not null),
                ('region', records.region, false, records.street is not null),
                ('postal_code', records.postal_code, false, records.street is not null),
                ('country', records.country, false, records.street is not null),
                ('birth_on', records.birth_on::varchar, false, true),
                ('gender', records.gender, false, true),
                ('company', records.company, false, true)
        ) as parts (attribute, value, is_guarded, is_complete)
        where value is not null
    ) as part
),
counted as (
    select
        candidates.*,
        rules.rule,
        rules.attribute_group,
        count(*) over (
            partition by candidates.profile_id, candidates.attribute, candidates.value
        ) as times_seen
    from candidates
    inner join golden.survivorship_rules as rules using (attribute)
),
-- A group's best record is found once, so all its attributes come from there.
ranked as (
    select
        *,
        first_value(record_key) over (
            partition by profile_id, attribute_group
            order by
                is_guarded,
                is_deleted,
                is_complete desc,
                case when rule = 'most_frequent' then times_seen end desc nulls last,
                case when rule = 'most_trusted_then_recent' then trust_rank end nulls last,
                observed_at desc nulls last,
                trust_rank nulls last,
                record_key
        ) as winner_key
    from counted
)
select
    profile_id,
    attribute,
    value,
    system,
    export,
    record_id,
    record_key,
    observed_at,
    times_seen,
    record_key = winner_key and not is_guarded as is_winner,
    rule
from ranked
