-- One row per deal whose primary contact is a person we know: whether it is open, and who owns it.
-- grain: record_key
-- partition: actor_key
select
    deals.record_key,
    actors.profile_id,
    deals.is_open,
    deals.amount,
    deals.currency,
    deals.owner_id,
    deals.created_at,
    deals.actor_key
from standard.deals as deals
inner join identity.actors as actors using (actor_key)
where not deals.is_deleted and actors.profile_id is not null
