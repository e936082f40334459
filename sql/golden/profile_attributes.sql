-- One row per profile, attribute, candidate value and source record that gives it, with the rules by
-- which one value wins and why this one won or lost. A group of attributes is won by one record, so
-- that an address is never put together from two. Before every rule, in this order: what is guarded or
-- a placeholder never wins, a deleted record only when nobody else says anything, and a whole name or
-- address comes before a part of one. After every rule come time, trust and key, so one record always
-- wins. What people corrected wins over every source, for its attribute alone: the rest of its group
-- stays that of one record.
-- grain: profile_id, attribute, record_key
-- partition: profile_id
with rules as (
    select distinct attribute_group, rules
    from golden.survivorship_rules
),
-- What it is called when one candidate beats another.
words as (
    select *
    from (
        values
            ('guarded', 'guarded', 'only usable value'),
            ('deleted', 'deleted in its system', 'not deleted'),
            ('incomplete', 'incomplete', 'complete'),
            ('verified_first', 'not verified', 'verified'),
            ('most_recent', 'older than the winner', 'most recent'),
            ('most_trusted', 'from a less trusted source', 'most trusted'),
            ('most_frequent', 'seen less often', 'most frequent'),
            ('longest', 'shorter', 'longest'),
            ('tie', 'tie: later record key', 'tie, first record key')
    ) as words (criterion, lost, won)
),
records as (
    select
        records.*,
        coalesce(trust.trust_rank, 99) as trust_rank,
        coalesce(contacts.is_verified, false) as is_verified_email,
        -- Two letters are a placeholder only as 'n/a' or 'N.A.': Na is a surname.
        case when length(junk_first.value) > 2 or regexp_matches(records.first_name, '[^\p{L}]')
            then junk_first.reason end as first_name_guard,
        case when length(junk_last.value) > 2 or regexp_matches(records.last_name, '[^\p{L}]')
            then junk_last.reason end as last_name_guard,
        junk_birth.reason as birth_on_guard
    from workings.person_records as records
    left join golden.source_trust as trust using (system, export)
    left join workings.contact_points as contacts
        on contacts.profile_id = records.profile_id
        and contacts.actor_key = 'email:' || records.email
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
-- What a record says of a group: all its attributes together, and why a value of them is none.
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
        records.is_verified_email,
        part.*
    from records
    cross join lateral (
        values
            (
                'name', ['first_name', 'last_name'], [first_name, last_name],
                [first_name_guard, last_name_guard],
                first_name_guard is null
                and last_name_guard is null
                and regexp_matches(first_name, '\p{L}[^\p{L}]*\p{L}')
                and regexp_matches(last_name, '\p{L}[^\p{L}]*\p{L}')
            ),
            ('middle_name', ['middle_name'], [middle_name], [], true),
            ('name_suffix', ['name_suffix'], [name_suffix], [], true),
            ('email', ['email'], [email], [email_guard], true),
            ('phone', ['phone'], [phone], [phone_guard], true),
            (
                'address', ['street', 'city', 'region', 'postal_code', 'country'],
                [street, city, region, postal_code, country], [],
                street is not null and postal_code is not null
            ),
            ('birth_on', ['birth_on'], [birth_on::varchar], [birth_on_guard], true),
            ('gender', ['gender'], [gender], [], true),
            ('company', ['company'], [company], [], true)
    ) as part (attribute_group, attributes, given, guards, is_complete)
    where list_count(part.given) > 0
),
counted as (
    select
        candidates.*,
        rules.rules,
        count(*) over (partition by profile_id, attribute_group, given) as given_count
    from candidates
    inner join rules using (attribute_group)
),
-- How far a candidate falls short by each criterion, in their order: the least wins.
measured as (
    select
        * exclude (given_count),
        ['guarded', 'deleted', 'incomplete'] || rules || ['most_recent', 'most_trusted', 'tie']
            as criteria,
        [
            (list_count(guards) = list_count(given))::bigint,
            is_deleted::bigint,
            (is_complete is not true)::bigint
        ]
        || list_transform(
            rules,
            lambda rule: case rule
                when 'verified_first' then (not is_verified_email)::bigint
                when 'most_recent' then coalesce(-epoch_us(observed_at), 0)
                when 'most_trusted' then trust_rank
                when 'most_frequent' then -given_count
                when 'longest' then -length(array_to_string(given, ' '))
            end
        )
        || [coalesce(-epoch_us(observed_at), 0), trust_rank] as shortfalls
    from counted
),
ranked as (
    select
        *,
        first_value({'record_key': record_key, 'given': given, 'shortfalls': shortfalls}) over (
            partition by profile_id, attribute_group order by shortfalls, record_key
        ) as winner
    from measured
),
-- The first criterion by which a candidate differs from the winner, null where both say the same. The
-- winner was decided by the criterion that the others came furthest to.
compared as (
    select
        *,
        case when given <> winner.given then coalesce(
            list_position(
                list_transform(shortfalls, lambda short, place: short <> winner.shortfalls[place]), true
            ),
            len(criteria)
        ) end as lost_by,
        max(lost_by) over (partition by profile_id, attribute_group) as decided_by
    from ranked
),
-- From here on each attribute for itself.
expanded as (
    select
        profile_id,
        record_key,
        system,
        export,
        record_id,
        observed_at,
        array_to_string(rules, ', ') as rule,
        winner.record_key as winner_key,
        criteria[lost_by] as lost_by,
        criteria[decided_by] as decided_by,
        unnest(attributes) as attribute,
        unnest(given) as value,
        unnest(guards) as guard,
        unnest(winner.given) as winning_value
    from compared
),
corrected as (
    select
        records.profile_id,
        corrections.*,
        row_number() over (
            partition by records.profile_id, corrections.attribute
            order by corrections.decided_on desc, corrections.record_key
        ) = 1 as is_winner
    from workings.person_records as records
    inner join standard.attribute_corrections as corrections using (record_key)
),
told as (
    select
        expanded.* exclude (rule),
        count(*) over (partition by expanded.profile_id, expanded.attribute, expanded.value)
            as times_seen,
        corrected.attribute is not null as is_corrected,
        expanded.record_key = expanded.winner_key and expanded.guard is null and not is_corrected
            as is_winner,
        expanded.rule
    from expanded
    left join corrected
        on corrected.profile_id = expanded.profile_id
        and corrected.attribute = expanded.attribute
        and corrected.is_winner
    where expanded.value is not null
)
select
    told.profile_id,
    told.attribute,
    told.value,
    told.system,
    told.export,
    told.record_id,
    told.record_key,
    told.observed_at,
    told.times_seen,
    told.is_winner,
    told.rule,
    case
        when starts_with(told.guard, 'placeholder') then 'placeholder'
        when told.guard is not null then 'guarded: ' || told.guard
        when told.is_corrected then 'corrected by people'
        when told.is_winner then 'won: ' || coalesce(won.won, 'only value')
        when told.value = told.winning_value then 'same value as the winner'
        else lost.lost
    end as reason
from told
left join words as lost on lost.criterion = told.lost_by
left join words as won on won.criterion = told.decided_by
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
    'correction' as rule,
    if(is_winner, 'won: correction', 'older than the winner') as reason
from corrected
