-- title: Reachable by e-mail
-- owner: marketing
-- description: People whose e-mail address has a granted consent to e-mail marketing.
-- purpose: marketing
select profile_id
from golden.consents
where channel = 'email'
    and purpose = 'marketing'
    and status = 'granted'
