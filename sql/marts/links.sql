-- One row per pair of source records that was linked or refused: the rule or the reason, and for
-- scored pairs the match weight (log2 of the Bayes factor) of each comparison. `profile_id` is that of the
-- left record; of an accepted pair it is the right one's too.
-- grain: left_record, right_record, reason
-- partition: left_record
select people.profile_id, links.*
from identity.links as links
left join workings.left_records as people using (left_record)
