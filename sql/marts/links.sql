-- One row per pair of source records that was linked or refused: the rule or the reason, and for
-- scored pairs the match weight (log2 of the Bayes factor) of each comparison.
-- grain: left_record, right_record, reason
-- partition: left_record
select *
from identity.links
