-- In the last delivery of every export no more rows are set aside than its budget warns of.
select system, export, delivered_on
from marts.deliveries
where budget_verdict <> 'within'
    and (system, export, delivered_on) in (
        select (system, export, max(delivered_on)) from marts.deliveries group by system, export
    )
