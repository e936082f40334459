-- Of the deals that entered a stage each has one outcome.
select stage
from marts.stage_conversion
where entered_count <> moved_on_count + lost_count + moved_back_count + still_here_count
    or moved_on_count < won_count
