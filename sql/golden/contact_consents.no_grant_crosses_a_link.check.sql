-- An address is granted only where a record that carries it itself, or the address alone, granted it,
-- and nothing about the address or the person denies it.
select granted.profile_id
from golden.contact_consents as granted
inner join golden.consent_ledger as ledger
    on ledger.profile_id = granted.profile_id
    and ledger.channel = granted.channel
    and ledger.purpose = granted.purpose
    and ledger.is_standing
left join workings.consent_addresses as carried
    on carried.record_key = ledger.actor_key
    and carried.identifier = granted.identifier
where granted.status = 'granted'
group by granted.profile_id, granted.channel, granted.purpose, granted.identifier
having not coalesce(
    bool_or(
        ledger.status = 'granted'
        and (
            carried.record_key is not null
            or ledger.actor_key = granted.identifier
            or ledger.actor_key = concat(ledger.identifier_kind, ':', granted.identifier)
        )
    ),
    false
)
    or bool_or(
        ledger.status = 'denied'
        and (ledger.scope = 'person' or ledger.identifier = granted.identifier)
    )
