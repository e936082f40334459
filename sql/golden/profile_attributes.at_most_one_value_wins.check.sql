-- No profile has two winners of one attribute.
select profile_id, attribute
from golden.profile_attributes
where is_winner
group by profile_id, attribute
having count(*) > 1
