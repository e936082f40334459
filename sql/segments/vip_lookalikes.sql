-- title: Lookalikes of VIPs
-- owner: marketing
-- description: The twentieth of people who allowed advertising that is most like the VIP customers,
--   who are not among them themselves.
-- purpose: marketing
select profile_id, score
from golden.lookalikes
where segment = 'vip_customers'
    and band <= 5
