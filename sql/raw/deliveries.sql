-- One row per export and day on which it was delivered: its rows, beside what is usual and what may be
-- set aside. Of a file delivered again on its day the last version counts. Usual is the median of the thirty
-- deliveries before, the first of all, the history, left out.
-- grain: system, export, delivered_on
with days as (
    select
        system,
        export,
        delivered_at::date as delivered_on,
        count(*) as file_count,
        sum(rows_read)::bigint as rows_read,
        sum(rows_accepted)::bigint as rows_accepted,
        sum(rows_quarantined)::bigint as rows_quarantined,
        sum(rows_erased)::bigint as rows_erased,
        row_number() over (partition by system, export order by delivered_at::date) as number,
        date_diff(
            'day',
            lag(delivered_at::date) over (partition by system, export order by delivered_at::date),
            delivered_at::date
        ) as days_since_last
    from raw.source_files
    where status = 'accepted' and is_restated is not true
    group by system, export, delivered_at::date
),
compared as (
    select
        *,
        -- Whom somebody asked to erase is no mistake of the delivery.
        (rows_quarantined - rows_erased) / nullif(rows_read - rows_erased, 0) as set_aside_share,
        count(*) filter (where number > 1) over before as earlier_delivery_count,
        median(rows_read) filter (where number > 1) over before as usual_rows,
        min(rows_read) filter (where number > 1) over before as least_rows,
        max(rows_read) filter (where number > 1) over before as most_rows,
        median(days_since_last) over (
            partition by system, export order by delivered_on
            rows between 29 preceding and current row
        ) as usual_interval_days
    from days
    window before as (
        partition by system, export order by delivered_on rows between 30 preceding and 1 preceding
    )
)
select
    system,
    export,
    delivered_on,
    file_count,
    rows_read,
    rows_accepted,
    rows_quarantined,
    rows_erased,
    set_aside_share,
    -- Twenty rows, so that a small file is never held for two.
    case
        when set_aside_share > blocking_share and rows_quarantined - rows_erased >= 20 then 'over'
        when set_aside_share > warning_share then 'warning'
        else 'within'
    end as budget_verdict,
    earlier_delivery_count,
    usual_rows,
    -- Days off are as usual as others: what is below the median must be below all of them, too.
    case
        when earlier_delivery_count < 4 then 'unknown'
        when rows_read > 20 * greatest(usual_rows, 50) and rows_read > most_rows then 'far above'
        when usual_rows < 50 then 'unknown'
        when rows_read < usual_rows / 5 and rows_read < least_rows then 'far below'
        when rows_read > 5 * usual_rows and rows_read > most_rows then 'above'
        when rows_read < usual_rows / 2 and rows_read < least_rows then 'below'
        else 'usual'
    end as volume_verdict,
    case when earlier_delivery_count >= 3 then usual_interval_days end as usual_interval_days
from compared
inner join raw.budgets using (system, export)
