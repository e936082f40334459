-- Every consent that is granted rests on a word of that profile that grants it and still stands, and on
-- no denial by the person.
select consents.profile_id
from golden.consents as consents
left join golden.consent_ledger as ledger
    on ledger.profile_id = consents.profile_id
    and ledger.channel = consents.channel
    and ledger.purpose = consents.purpose
    and ledger.is_standing
where consents.status = 'granted'
group by consents.profile_id, consents.channel, consents.purpose
having not coalesce(bool_or(ledger.status = 'granted'), false)
    or coalesce(bool_or(ledger.status = 'denied' and ledger.scope = 'person'), false)
