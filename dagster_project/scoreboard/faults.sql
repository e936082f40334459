-- Faults of tonight that were seen, and treated as docs/faults.md says that they must be. How many rows and
-- files were set aside is another measure's.
with delivered as (
    select
        path,
        max(system) as system,
        max(export) as export,
        max(delivered_at)::date as delivered_on,
        bool_or(status = 'accepted') as is_accepted,
        bool_or(status = 'duplicate') as is_duplicate,
        bool_or(status = 'quarantined') as is_whole,
        bool_or(is_restated) as is_restated,
        sum(rows_quarantined - rows_erased) as rows_aside
    from source_files
    group by path
),
warned as (
    select list(check_name) as checks from quality_results where not passed
),
evidence as (
    select count(*) filter (where guard is null) as believed, count(guard) as guarded
    from identity.record_identifiers
    where value = 'test@test.com' or value like '%0000000000'
),
erased as (
    select coalesce(sum(rows_erased), 0) as erased_count
    from source_files, truth.tonight
    where delivered_at::date = night
),
seen as (
    select
        faults.fault,
        coalesce(case faults.must
            when 'served' then delivered.path is null
            when 'read' then faults.path is null or is_accepted
            when 'noted' then is_duplicate
            when 'warned' then case faults.fault
                when 14 then is_restated and 'no_file_was_replaced' in checks
                when 19 then 'every_export_comes_as_usual' in checks
                when 22 then 'volume_is_usual' in checks
            end
            when 'rows' then is_accepted and rows_aside > 0
            when 'whole' then is_whole
            when 'held' then tonight.is_held and budget_verdict = 'over'
            when 'no evidence' then believed = 0 and guarded >= faults.rows
            when 'dropped' then erased_count >= faults.rows
        end, false) as is_handled
    from truth.faults
    inner join truth.tonight using (night)
    left join delivered using (path)
    left join deliveries using (system, export, delivered_on)
    cross join warned
    cross join evidence
    cross join erased
)
select 'faults handled' as measure, 'fault ' || fault as detail, count(*) filter (where is_handled) as right,
    count(*) filter (where not is_handled) as wrong
from seen
group by fault
