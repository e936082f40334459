-- title: Reachable by e-mail
-- owner: marketing
-- description: People with an e-mail address and a granted consent to e-mail marketing.
-- purpose: marketing
select consents.profile_id
from golden.consents as consents
inner join golden.profiles as profiles using (profile_id)
where consents.channel = 'email'
    and consents.purpose = 'marketing'
    and consents.status = 'granted'
    and profiles.email is not null
