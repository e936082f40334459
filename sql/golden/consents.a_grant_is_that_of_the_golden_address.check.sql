-- A granted consent names the address that may be used, and that address itself is granted.
select consents.profile_id
from golden.consents as consents
anti join golden.contact_consents as contacts
    on contacts.profile_id = consents.profile_id
    and contacts.channel = consents.channel
    and contacts.purpose = consents.purpose
    and contacts.identifier = consents.identifier
    and contacts.status = 'granted'
where consents.status = 'granted'
