-- Every consent that is granted rests on a statement of that profile that grants it, and on no denial.
select consents.profile_id
from golden.consents as consents
left join golden.consent_statements as statements
    on statements.profile_id = consents.profile_id
    and statements.channel = consents.channel
    and statements.purpose = consents.purpose
where consents.status = 'granted'
group by consents.profile_id, consents.channel, consents.purpose
having not coalesce(bool_or(statements.status = 'granted'), false)
    or coalesce(bool_or(statements.status = 'denied'), false)
