-- One row per source record of a person or company: the delivered row, by file and row, whose version
-- of the record counts. Of equal versions it is the one delivered first. Provenance stands here and
-- nowhere before, so that a record delivered again, or in another file, stays the same record.
-- grain: record_key
-- partition: record_key
with contacts as (
    select record_key, _path, _file, _row_number
    from raw.salesforce__contact as rows
    inner join staging.salesforce__contact as records using (record_key)
    where rows._delivered_at = records.delivered_at
        and coalesce(
            as_utc(rows.system_modstamp), as_utc(rows.last_modified_date), as_utc(rows.created_date)
        ) is not distinct from records.modified_at
        and as_text(rows.first_name) is not distinct from records.first_name
        and as_text(rows.last_name) is not distinct from records.last_name
        and as_text(rows.email) is not distinct from records.email_text
        and as_text(rows.phone) is not distinct from records.phone_text
        and as_text(rows.mailing_street) is not distinct from records.street
),
leads as (
    select record_key, _path, _file, _row_number
    from raw.salesforce__lead as rows
    inner join staging.salesforce__lead as records using (record_key)
    where rows._delivered_at = records.delivered_at
        and coalesce(
            as_utc(rows.system_modstamp), as_utc(rows.last_modified_date), as_utc(rows.created_date)
        ) is not distinct from records.modified_at
        and as_text(rows.first_name) is not distinct from records.first_name
        and as_text(rows.last_name) is not distinct from records.last_name
        and as_text(rows.email) is not distinct from records.email_text
        and as_text(rows.phone) is not distinct from records.phone_text
        and as_text(rows.street) is not distinct from records.street
),
cases as (
    select record_key, _path, _file, _row_number
    from raw.salesforce__case as rows
    inner join staging.salesforce__case as records using (record_key)
    where rows._delivered_at = records.delivered_at
        and coalesce(
            as_utc(rows.system_modstamp), as_utc(rows.last_modified_date), as_utc(rows.created_date)
        ) is not distinct from records.modified_at
        and as_text(rows.supplied_name) is not distinct from records.supplied_name
        and as_text(rows.supplied_email) is not distinct from records.email_text
        and as_text(rows.supplied_phone) is not distinct from records.phone_text
),
accounts as (
    select record_key, _path, _file, _row_number
    from raw.salesforce__account as rows
    inner join staging.salesforce__account as records using (record_key)
    where rows._delivered_at = records.delivered_at
        and coalesce(
            as_utc(rows.system_modstamp), as_utc(rows.last_modified_date), as_utc(rows.created_date)
        ) is not distinct from records.modified_at
        and as_text(rows.name) is not distinct from records.company
        and as_text(rows.phone) is not distinct from records.phone_text
        and as_text(rows.billing_street) is not distinct from records.street
),
-- Of a member of several lists, the list whose version standard.person_texts takes.
members as (
    select record_key, _path, _file, _row_number
    from raw.mailchimp__members as rows
    inner join staging.mailchimp__members as records using (record_key)
    where rows._delivered_at = records.delivered_at
        and coalesce(as_text(rows.leid), '') = records.leid
        and rows._variant is not distinct from records.status
        and as_text(rows.email_address) is not distinct from records.email_text
        and as_text(rows.first_name) is not distinct from records.first_name
        and as_text(rows.last_name) is not distinct from records.last_name
        and as_text(rows.phone) is not distinct from records.phone_text
    qualify dense_rank() over (
        partition by record_key
        order by records.modified_at desc nulls last, records.delivered_at desc, records.leid
    ) = 1
),
customers as (
    select record_key, _path, _file, _row_number
    from raw.shopify__customers as rows
    inner join staging.shopify__customers as records using (record_key)
    where rows._delivered_at = records.delivered_at
        and as_text(rows.first_name) is not distinct from records.first_name
        and as_text(rows.last_name) is not distinct from records.last_name
        and as_text(rows.email) is not distinct from records.email_text
        and as_text(rows.phone) is not distinct from records.phone_text
        and as_text(rows.default_address_address1) is not distinct from records.street
),
delivered as (
    select * from contacts
    union all select * from leads
    union all select * from cases
    union all select * from accounts
    union all select * from members
    union all select * from customers
    union all select record_key, path, file, row_number from workings.order_sources
    union all select record_key, path, file, row_number from workings.shopper_sources
)
select
    record_key,
    _path as path,
    _file as file,
    _row_number as row_number
from delivered
qualify row_number() over (partition by record_key order by _path, _file, _row_number) = 1
