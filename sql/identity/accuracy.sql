-- One row per measure and kind of pair: how much of what vendors know linkage finds without being told
-- (recall), how much of what it joins they confirm (precision, a lower bound), with 95 % intervals.
-- Intervals are Wilson's (1927). A pair is of several kinds: its exports, and what differs in it.
-- grain: measure, subset
with compared as (
    select
        pairs.*,
        split_part(left_record, ':', 1) || ' ' || split_part(left_record, ':', 2) as left_export,
        split_part(right_record, ':', 1) || ' ' || split_part(right_record, ':', 2) as right_export,
        (coalesce(l.first_name, l.last_name) is not null
        and coalesce(r.first_name, r.last_name) is not null)::integer
        + (l.birth_on is not null and r.birth_on is not null)::integer
        + (l.email is not null and r.email is not null)::integer
        + (l.phone is not null and r.phone is not null)::integer
        + (coalesce(l.street_name, l.postal_code, l.city, l.region) is not null
        and coalesce(r.street_name, r.postal_code, r.city, r.region) is not null)::integer
            as shared_facts,
        case
            when l.first_name = r.first_name then null
            when list_has_any(l.first_forms, r.first_forms) then 'nickname'
            when l.first_name <> r.first_name then 'first name differs'
            else 'a name is missing'
        end as first_name_kind,
        l.last_name <> r.last_name as surname_differs,
        l.birth_on <> r.birth_on as birth_date_differs,
        l.email <> r.email as email_differs,
        l.phone <> r.phone as phone_differs,
        l.postal_code <> r.postal_code or l.city <> r.city or l.house_number <> r.house_number
            as address_differs
    from identity.accuracy_pairs as pairs
    inner join identity.comparison_records as l on l.record_key = pairs.left_record
    inner join identity.comparison_records as r on r.record_key = pairs.right_record
),
each_kind as (
    select
        measure,
        is_right,
        was_compared,
        unnest([
            'all',
            least(left_export, right_export) || ' and ' || greatest(left_export, right_export),
            if(shared_facts >= 2, 'two facts to compare', 'fewer than two facts to compare'),
            first_name_kind,
            case when surname_differs then 'surname differs' end,
            case when birth_date_differs then 'birth date differs' end,
            case when email_differs then 'e-mail differs' end,
            case when phone_differs then 'phone differs' end,
            case when address_differs then 'address differs' end
        ]) as subset
    from compared
),
counted as (
    select
        measure,
        subset,
        count(*) as pair_count,
        count(*) filter (where is_right) as right_count,
        count(*) filter (where not was_compared) as uncompared_count,
        right_count / pair_count as share,
        1.96 * 1.96 / pair_count as spread
    from each_kind
    where subset is not null
    group by measure, subset
)
select
    measure,
    subset,
    pair_count,
    right_count,
    uncompared_count,
    round(share, 4) as estimate,
    round(
        (share + spread / 2 - sqrt(spread * (share * (1 - share) + spread / 4))) / (1 + spread), 4
    ) as low,
    round(
        (share + spread / 2 + sqrt(spread * (share * (1 - share) + spread / 4))) / (1 + spread), 4
    ) as high
from counted
