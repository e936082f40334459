-- One row per pair of records about which a person should decide, the one first that would move most: of
-- profiles held together by a link that may be wrong, that link; of two profiles that may be one person,
-- their most alike pair. Filled in and delivered, the table is a file of `pair_decisions`.
-- grain: left_record, right_record
with records as (
    select clusters.record_key, clusters.cluster, clusters.side, people.profile_id
    from identity.clusters as clusters
    inner join identity.profile_records as people using (record_key)
),
undecided as (
    select
        links.left_record, links.right_record, links.match_weight,
        'may be two people: their weakest link is ' || replace(links.reason, '_', ' ') as why,
        concat_ws('/', lefts.cluster, lefts.side) as left_side,
        concat_ws('/', rights.cluster, rights.side) as right_side
    from identity.bridges as links
    inner join records as lefts on lefts.record_key = links.left_record
    inner join records as rights on rights.record_key = links.right_record
    where links.match_probability < 0.95
    union all
    select
        links.left_record, links.right_record, links.match_weight,
        'may be one person: ' || replace(links.reason, '_', ' ') as why,
        lefts.profile_id as left_side,
        rights.profile_id as right_side
    from identity.links as links
    inner join records as lefts on lefts.record_key = links.left_record
    inner join records as rights on rights.record_key = links.right_record
    where links.decision = 'rejected'
        and lefts.profile_id <> rights.profile_id
        and (
            starts_with(links.reason, 'different_')
            or starts_with(links.reason, 'too_many_')
            or links.reason = 'fits_several_people'
            or (links.reason = 'weight_below_threshold' and links.match_probability >= 0.5)
        )
),
-- Who looked at a pair and was unsure need not be asked again.
pairs as (
    select *
    from undecided
    anti join standard.stated_judgements using (left_record, right_record)
    qualify row_number() over (
        partition by least(left_side, right_side), greatest(left_side, right_side)
        order by match_weight desc nulls last, left_record, right_record
    ) = 1
),
pair_sides as (
    select left_record, right_record, left_side as side from pairs
    union all
    select left_record, right_record, right_side from pairs
),
sides as (
    select distinct side from pair_sides
),
side_records as (
    select sides.side, records.record_key
    from sides
    inner join records on records.profile_id = sides.side
    union all
    select sides.side, records.record_key
    from sides
    inner join records on concat_ws('/', records.cluster, records.side) = sides.side
),
-- What was bought or said in a record's name, or in that of its e-mail alone.
side_actors as (
    select side, record_key as actor_key from side_records
    union
    select side_records.side, 'email:' || identifiers.value
    from side_records
    inner join standard.identifiers as identifiers using (record_key)
    where identifiers.kind = 'email'
),
sizes as (
    select side, count(*) as record_count
    from side_records
    group by side
),
-- The currency in which a side spent most.
spent as (
    select side, currency, sum(net)::decimal(18, 2) as amount
    from side_actors
    inner join golden.orders using (actor_key)
    group by side, currency
    qualify row_number() over (partition by side order by amount desc, currency) = 1
),
-- The smaller side is the one that would go.
money as (
    select
        pair_sides.left_record, pair_sides.right_record,
        coalesce(spent.amount, 0)::decimal(18, 2) as money_moved,
        spent.currency
    from pair_sides
    inner join sizes using (side)
    left join spent using (side)
    qualify row_number() over (
        partition by pair_sides.left_record, pair_sides.right_record
        order by sizes.record_count, money_moved, side
    ) = 1
),
-- A denial outweighs a grant, as in golden.consents, and silence is no statement.
stated as (
    select side_actors.side, statements.channel, statements.purpose, min(statements.status) as status
    from side_actors
    inner join standard.consent_statements as statements using (actor_key)
    where statements.is_standing
        and statements.scope = 'person'
        and statements.status in ('denied', 'granted')
    group by side_actors.side, statements.channel, statements.purpose
),
-- Together both sides have one status, apart each its own.
moved as (
    select pair_sides.left_record, pair_sides.right_record, stated.channel, stated.purpose
    from pair_sides
    inner join stated using (side)
    group by all
    having count(*) = 1 or count(distinct stated.status) = 2
),
consents as (
    select left_record, right_record, count(*) as consents_moved
    from moved
    group by left_record, right_record
)
select
    pairs.left_record,
    pairs.right_record,
    null::varchar as decision,
    null::varchar as decided_by,
    null::date as decided_on,
    null::varchar as reason,
    pairs.why,
    pairs.match_weight,
    money.money_moved,
    money.currency,
    coalesce(consents.consents_moved, 0) as consents_moved,
    row_number() over (
        order by
            money.money_moved desc,
            consents_moved desc,
            pairs.match_weight desc nulls last,
            pairs.left_record,
            pairs.right_record
    ) as rank
from pairs
inner join money using (left_record, right_record)
left join consents using (left_record, right_record)
