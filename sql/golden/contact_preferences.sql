-- One row per profile that answered mails or came to the site or the app: the channel and the hour (UTC)
-- at which it does so most, after some responses of the average person were added to its own. Of equals
-- the first by name or hour.
-- grain: profile_id
with own as (
    select profile_id, 'channel' as kind, channel as choice, sum(response_count)::bigint as response_count
    from workings.score_hours
    group by profile_id, channel
    union all
    select profile_id, 'hour', lpad(hour::varchar, 2, '0'), sum(response_count)::bigint
    from workings.score_hours
    group by profile_id, hour
),
-- What the average person adds to each choice, in millionths of a response: whole numbers compare alike
-- everywhere. The last two digits order equals and tell the choice.
usual as (
    select
        own.kind,
        own.choice,
        row_number() over (partition by own.kind order by own.choice) as place,
        100 * round(
            1e6 * prior.amount * sum(own.response_count)
            / sum(sum(own.response_count)) over (partition by own.kind)
        )::bigint - place as added
    from own
    inner join workings.score_settings as prior on prior.setting = 'prior_responses'
    group by own.kind, own.choice, prior.amount
),
-- What somebody never did comes first only if it is what most people do.
best as (
    select
        own.profile_id,
        own.kind,
        greatest(max(100000000 * own.response_count + usual.added), max(most.added)) as standing,
        sum(own.response_count)::bigint as evidence_count
    from own
    inner join usual using (kind, choice)
    inner join (select kind, max(added) as added from usual group by kind) as most using (kind)
    group by own.profile_id, own.kind
),
chosen as (
    select best.profile_id, best.kind, best.evidence_count, usual.choice
    from best
    inner join usual on usual.kind = best.kind and usual.place = 100 - best.standing % 100
)
select
    profile_id,
    max(choice) filter (where kind = 'channel') as best_channel,
    (max(choice) filter (where kind = 'hour'))::integer as best_hour,
    max(evidence_count) as evidence_count
from chosen
group by profile_id
