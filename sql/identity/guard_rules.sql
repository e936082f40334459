-- One row per rule about what is no evidence of identity: a value that looks like one and is none
-- (`junk`), or how many people may share a value, or how many values one profile may have.
-- Reviewed by hand. A value belongs here when many unrelated people carry it. Kinds: `email` (whole
-- address), `email_local` (mailboxes of a role, not of a person; letters only), `email_domain`
-- (addresses that reach nobody), `phone` (last seven digits), `name` (folded first or last name),
-- `birth_on` (YYYYMMDD), `house` (for its limit alone). Limits have no value: `max_surnames` and
-- `max_full_names` count the people on one value, `max_per_profile` the values of one profile within
-- `window_days` before its latest (null: ever). What people decide in the `guard_decisions` export
-- extends and replaces the list.
-- grain: kind, value, action
with junk as (
    select
        kind, value, 'junk' as action, null::integer as limit_count, null::integer as window_days, reason
    from (
        values
    ('email', 'test@test.com', 'placeholder'),
    ('email', 'a@a.com', 'placeholder'),
    ('email', 'none@none.com', 'placeholder'),
    ('email', 'no@no.com', 'placeholder'),
    ('email', 'na@na.com', 'placeholder'),
    ('email', 'email@email.com', 'placeholder'),
    ('email', 'noemail@noemail.com', 'placeholder'),
    ('email', 'user@domain.com', 'placeholder'),
    ('email', 'asdf@asdf.com', 'placeholder'),
    ('email_domain', 'test.com', 'placeholder domain'),
    ('email_domain', 'noemail.com', 'placeholder domain'),
    ('email_domain', 'none.com', 'placeholder domain'),
    ('email_local', 'accounting', 'role mailbox'),
    ('email_local', 'accounts', 'role mailbox'),
    ('email_local', 'admin', 'role mailbox'),
    ('email_local', 'billing', 'role mailbox'),
    ('email_local', 'booking', 'role mailbox'),
    ('email_local', 'bookings', 'role mailbox'),
    ('email_local', 'buero', 'role mailbox'),
    ('email_local', 'careers', 'role mailbox'),
    ('email_local', 'contact', 'role mailbox'),
    ('email_local', 'contacto', 'role mailbox'),
    ('email_local', 'customerservice', 'role mailbox'),
    ('email_local', 'donotreply', 'role mailbox'),
    ('email_local', 'enquiries', 'role mailbox'),
    ('email_local', 'feedback', 'role mailbox'),
    ('email_local', 'finance', 'role mailbox'),
    ('email_local', 'frontdesk', 'role mailbox'),
    ('email_local', 'hello', 'role mailbox'),
    ('email_local', 'help', 'role mailbox'),
    ('email_local', 'helpdesk', 'role mailbox'),
    ('email_local', 'hr', 'role mailbox'),
    ('email_local', 'info', 'role mailbox'),
    ('email_local', 'inquiries', 'role mailbox'),
    ('email_local', 'invoice', 'role mailbox'),
    ('email_local', 'invoices', 'role mailbox'),
    ('email_local', 'kontakt', 'role mailbox'),
    ('email_local', 'legal', 'role mailbox'),
    ('email_local', 'mail', 'role mailbox'),
    ('email_local', 'mailerdaemon', 'role mailbox'),
    ('email_local', 'marketing', 'role mailbox'),
    ('email_local', 'newsletter', 'role mailbox'),
    ('email_local', 'nobody', 'role mailbox'),
    ('email_local', 'noreply', 'role mailbox'),
    ('email_local', 'office', 'role mailbox'),
    ('email_local', 'orders', 'role mailbox'),
    ('email_local', 'postmaster', 'role mailbox'),
    ('email_local', 'purchasing', 'role mailbox'),
    ('email_local', 'reception', 'role mailbox'),
    ('email_local', 'sales', 'role mailbox'),
    ('email_local', 'service', 'role mailbox'),
    ('email_local', 'shop', 'role mailbox'),
    ('email_local', 'store', 'role mailbox'),
    ('email_local', 'support', 'role mailbox'),
    ('email_local', 'team', 'role mailbox'),
    ('email_local', 'test', 'placeholder'),
    ('email_local', 'ventas', 'role mailbox'),
    ('email_local', 'verkauf', 'role mailbox'),
    ('email_local', 'webmaster', 'role mailbox'),
    ('phone', '0000000', 'placeholder'),
    ('phone', '1111111', 'placeholder'),
    ('phone', '2222222', 'placeholder'),
    ('phone', '3333333', 'placeholder'),
    ('phone', '4444444', 'placeholder'),
    ('phone', '5555555', 'placeholder'),
    ('phone', '6666666', 'placeholder'),
    ('phone', '7777777', 'placeholder'),
    ('phone', '8888888', 'placeholder'),
    ('phone', '9999999', 'placeholder'),
    ('phone', '1234567', 'placeholder'),
    ('phone', '2345678', 'placeholder'),
    ('phone', '3456789', 'placeholder'),
    ('phone', '4567890', 'placeholder'),
    ('name', 'anonymous', 'placeholder'),
    ('name', 'asdf', 'placeholder'),
    ('name', 'blank', 'placeholder'),
    ('name', 'customer', 'placeholder'),
    ('name', 'dummy', 'placeholder'),
    ('name', 'firstname', 'placeholder'),
    ('name', 'guest', 'placeholder'),
    ('name', 'lastname', 'placeholder'),
    ('name', 'na', 'placeholder'),
    ('name', 'nil', 'placeholder'),
    ('name', 'noname', 'placeholder'),
    ('name', 'none', 'placeholder'),
    ('name', 'notprovided', 'placeholder'),
    ('name', 'null', 'placeholder'),
    ('name', 'tbd', 'placeholder'),
    ('name', 'test', 'placeholder'),
    ('name', 'tester', 'placeholder'),
    ('name', 'unknown', 'placeholder'),
    ('name', 'walkin', 'placeholder'),
    ('name', 'x', 'placeholder'),
    ('name', 'xx', 'placeholder'),
    ('name', 'xxx', 'placeholder'),
    ('birth_on', '19000101', 'placeholder'),
    ('birth_on', '19010101', 'placeholder'),
    ('birth_on', '19700101', 'placeholder'),
    ('birth_on', '20000101', 'placeholder')
    ) as reviewed (kind, value, reason)
),

limits as (
    select kind, '' as value, action, limit_count, window_days, reason
    from (
        values
        ('email', 'max_surnames', 3, null::integer, 'more surnames than a household has'),
        ('email', 'max_full_names', 5, null, 'more people than a household has'),
        ('phone', 'max_surnames', 3, null, 'more surnames than a household has'),
        ('phone', 'max_full_names', 5, null, 'more people than a household has'),
        ('house', 'max_surnames', 5, null, 'more surnames than a household has'),
        ('email', 'max_per_profile', 12, null, 'nobody has so many addresses'),
        ('phone', 'max_per_profile', 12, null, 'nobody has so many numbers')
    ) as reviewed (kind, action, limit_count, window_days, reason)
),

reviewed as (
    select * from junk
    union all
    select * from limits
)

select reviewed.*
from reviewed
-- A person's word replaces what is shipped: a limit its number, not_junk the value's standing as junk.
anti join standard.guard_corrections as decided
    on decided.kind = reviewed.kind
    and decided.value = reviewed.value
    and (
        decided.action = reviewed.action
        or (decided.action = 'not_junk' and reviewed.action = 'junk')
    )
union all
select kind, value, action, limit_count, window_days, 'decided by a person' as reason
from standard.guard_corrections
