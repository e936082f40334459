-- One row per segment: what those who are sent something did beside the control group in the 30 days
-- after they first entered, of all whose 30 days are over. Of shares the interval is Newcombe's, of
-- money the normal one, both of 95 %. Before anything is sent, `smallest_uplift` is the difference in
-- conversion that tonight's members could show: at 80 % power, of a share as the control group's; empty
-- where no difference could be.
-- grain: segment
with bought as (
    select
        holdouts.segment,
        holdouts.profile_id,
        holdouts.is_control,
        count(orders.order_id) > 0 as has_bought,
        coalesce(sum(orders.net_converted), 0) as revenue
    from marts.segment_holdouts as holdouts
    left join workings.purchases as orders
        on orders.profile_id = holdouts.profile_id
        and orders.ordered_at >= holdouts.first_entered_on
        and orders.ordered_at < holdouts.first_entered_on + interval 30 days
    cross join raw.as_of as now
    where holdouts.first_entered_on + interval 30 days <= now.as_of
    group by all
),
groups as (
    select
        segment,
        is_control,
        count(*) as n,
        count(*) filter (where has_bought) as buyers,
        buyers / n as share,
        sum(revenue) / n as mean,
        (sum(revenue * revenue)::double - sum(revenue)::double * sum(revenue)::double / n)
        / nullif(n - 1, 0) / n as variance_of_mean,
        -- Wilson's interval of the share, of which Newcombe's of a difference is made.
        1.959964 as z,
        (buyers + z * z / 2) / (n + z * z) as centre,
        z / (n + z * z) * sqrt(buyers * (n - buyers) / n + z * z / 4) as half
    from bought
    group by segment, is_control
),
tonight as (
    select
        segment,
        count(*) filter (where is_member and not is_control) as member_treated_count,
        count(*) filter (where is_member and is_control) as member_control_count
    from marts.segment_holdouts
    group by segment
),
compared as (
    select
        tonight.*,
        coalesce(treated.n, 0) as treated_count,
        coalesce(control.n, 0) as control_count,
        treated.share as treated_share,
        control.share as control_share,
        treated.share - control.share as uplift,
        sqrt(
            pow(treated.share - treated.centre + treated.half, 2)
            + pow(control.centre + control.half - control.share, 2)
        ) as below,
        sqrt(
            pow(treated.centre + treated.half - treated.share, 2)
            + pow(control.share - control.centre + control.half, 2)
        ) as above,
        treated.mean as treated_mean,
        control.mean as control_mean,
        treated.mean - control.mean as more,
        treated.z * sqrt(treated.variance_of_mean + control.variance_of_mean) as around,
        -- Two buyers and two others are added, so that few people say little rather than nothing.
        (coalesce(control.buyers, 0) + 2) / (coalesce(control.n, 0) + 4) as base,
        -- 1.96 + 0.84: 95 % certain that there is one, in four of five cases in which it is so large.
        2.8016 * sqrt(base * (1 - base)
            * (1 / nullif(member_treated_count, 0) + 1 / nullif(member_control_count, 0))) as smallest
    from tonight
    left join groups as treated
        on treated.segment = tonight.segment
        and not treated.is_control
    left join groups as control
        on control.segment = tonight.segment
        and control.is_control
)
select
    segment,
    treated_count,
    control_count,
    round(treated_share, 4) as treated_conversion,
    round(control_share, 4) as control_conversion,
    round(uplift, 4) as conversion_uplift,
    round(uplift - below, 4) as conversion_uplift_low,
    round(uplift + above, 4) as conversion_uplift_high,
    treated_mean::decimal(18, 2) as treated_revenue,
    control_mean::decimal(18, 2) as control_revenue,
    more::decimal(18, 2) as revenue_uplift,
    (more - around)::decimal(18, 2) as revenue_uplift_low,
    (more + around)::decimal(18, 2) as revenue_uplift_high,
    member_treated_count,
    member_control_count,
    if(smallest < 1, round(smallest, 4), null) as smallest_uplift
from compared
