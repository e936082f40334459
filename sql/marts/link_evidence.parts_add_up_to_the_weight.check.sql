-- What an explanation says in parts is the score itself: nothing is left out of it, or counted twice.
with explained as (
    select left_record, right_record, sum(match_weight) as match_weight
    from marts.link_evidence
    group by left_record, right_record
)
select links.left_record, links.right_record
from identity.links as links
left join explained using (left_record, right_record)
where links.match_weight is not null
    and (explained.match_weight is null or abs(explained.match_weight - links.match_weight) > 1e-6)
