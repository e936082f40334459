-- One row per profile, attribute, candidate value and source record that gives it, with the rule by
-- which one value wins. Placeholders and shared identifiers can win nothing; a deleted record only
-- when nobody else says anything; a whole name wins over initials. Ties are broken by time, trust,
-- then key, so one value always wins. What people corrected wins over every source, for its attribute
-- alone: the rest of its group stays that of one record.
-- grain: profile_id, attribute, record_key
-- partition: profile_id
with records as (
    select
        records.*,
        trust.trust_rank,
        -- Two letters are a placeholder only as 'n/a' or 'N.A.': Na is a surname.
        junk_first.value is not null and (
            length(junk_first.value) > 2 or regexp_matches(records.first_name, '[^\p{L}]')
        ) as has_junk_first_name,
        junk_last.value is not null and (
            length(junk_last.value) > 2 or regexp_matches(records.last_name, '[^\p{L}]')
        ) as has_junk_last_name,
        junk_birth.value is not null as has_junk_birth_on
    from golden.person_records as records
    left join golden.source_trust as trust using (system, export)
    left join identity.guard_rules as junk_first
        on junk_first.action = 'junk' and junk_first.kind = 'name'
        and junk_first.value = regexp_replace(fold(records.first_name), '[^a-z]', '', 'g')
    left join identity.guard_rules as junk_last
        on junk_last.action = 'junk' and junk_last.kind = 'name'
        and junk_last.value = regexp_replace(fold(records.last_name), '[^a-z]', '', 'g')
    left join identity.guard_rules as junk_birth
        on junk_birth.action = 'junk' and junk_birth.kind = 'birth_on'
        and junk_birth.value = strftime(records.birth_on, '%Y%m%d')
),
judged as (
    select
        *,
        coalesce(
            not has_junk_first_name
            and not has_junk_last_name
            and regexp_matches(first_name, '\p{L}[^\p{L}]*\p{L}')
            and regexp_matches(last_name, '\p{L}[^\p{L}]*\p{L}'),
            false
        ) as has_whole_name
    from records
),
candidates as (
    select
        records.profile_id,
        records.record_key,
        records.system,
        records.export,
        records.record_id,
        records.observed_at,
        records.is_deleted,
        records.trust_rank,
        part.attribute,
        part.value,
        part.is_guarded,
        part.is_complete
    from judged as records
    cross join lateral (
        select *
        from (
            values
                (
                    'first_name', records.first_name, records.has_junk_first_name,
                    records.has_whole_name
                ),
                (
                    'last_name', records.last_name, records.has_junk_last_name,
                    records.has_whole_name
                ),
                ('email', records.email, records.email_guard is not null, true),
                ('phone', records.phone, records.phone_guard is not null, true),
                ('street', records.street, false, records.postal_code is not null),
                ('city', records.city, false, records.street is not null),
                ('region', records.region, false, records.street is not null),
                ('postal_code', records.postal_code, false, records.street is not null),
                ('country', records.country, false, records.street is not null),
                ('birth_on', records.birth_on::varchar, records.has_junk_birth_on, true),
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
),
corrected as (
    select
        records.profile_id,
        corrections.*,
        row_number() over (
            partition by records.profile_id, corrections.attribute
            order by corrections.decided_on desc, corrections.record_key
        ) = 1 as is_winner
    from golden.person_records as records
    inner join standard.attribute_corrections as corrections using (record_key)
)
select
    ranked.profile_id,
    ranked.attribute,
    ranked.value,
    ranked.system,
    ranked.export,
    ranked.record_id,
    ranked.record_key,
    ranked.observed_at,
    ranked.times_seen,
    ranked.record_key = ranked.winner_key
    and not ranked.is_guarded
    and corrected.attribute is null as is_winner,
    ranked.rule
from ranked
left join corrected
    on corrected.profile_id = ranked.profile_id
    and corrected.attribute = ranked.attribute
    and corrected.is_winner
union all
select
    profile_id,
    attribute,
    value,
    'corrections' as system,
    'attribute_decisions' as export,
    record_key as record_id,
    'corrections:attribute_decisions:' || record_key as record_key,
    decided_on::timestamp as observed_at,
    1 as times_seen,
    is_winner,
    'correction' as rule
from corrected
