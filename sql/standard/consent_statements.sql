-- One row per thing that was ever said about consent, in any delivery: who said it (a record, or an
-- e-mail or telephone alone), about which address (null: all that the record carries), for which
-- channel and purpose, and when. Nothing ever goes from here; `is_standing` says which words still hold:
-- a denial until the same speaker dates a later word, anything else unless the speaker denied it at or
-- after its date. So what is undated overturns no denial.
-- grain: statement_id
-- partition: actor_key
with said as (
    -- Who subscribed is dated by the person's own opt-in: without one it is a list somebody imported.
    select
        actor_key, 'email' as identifier_kind, email as identifier,
        'email' as channel, 'marketing' as purpose,
        if(member_status = 'subscribed', 'granted', 'denied') as status,
        if(member_status = 'cleaned', 'identifier', 'person') as scope,
        case member_status when 'subscribed' then greatest(opted_in_at, confirmed_at)
            when 'unsubscribed' then unsubscribed_at else cleaned_at end as stated_at,
        delivered_at,
        case when member_status = 'unsubscribed' then 'unsubscribe'
            when member_status = 'cleaned' then 'cleaned'
            when confirmed_at is not null then 'double opt-in'
            when opted_in_at is not null then 'opt-in'
            else 'imported list' end as evidence,
        actor_key || if(leid = '', '', ':' || leid) as evidence_record
    from staging.mailchimp__consents
    union all
    -- A box that the CRM's users untick lifts the opt-out; that is no grant.
    select
        actor_key, null, null, 'email', 'marketing',
        if(has_opted_out_of_email, 'denied', 'unknown'), 'person', modified_at, delivered_at,
        if(has_opted_out_of_email, 'CRM opt-out', 'CRM opt-out lifted'), actor_key
    from staging.salesforce__consents
    qualify has_opted_out_of_email
        or min(modified_at) filter (where has_opted_out_of_email) over (partition by actor_key)
            < modified_at
    union all
    select
        actor_key, null, null, 'phone', 'marketing',
        if(has_opted_out_of_calls, 'denied', 'unknown'), 'person', modified_at, delivered_at,
        if(has_opted_out_of_calls, 'CRM do not call', 'CRM do not call lifted'), actor_key
    from staging.salesforce__consents
    qualify has_opted_out_of_calls
        or min(modified_at) filter (where has_opted_out_of_calls) over (partition by actor_key)
            < modified_at
    union all
    select
        actor_key, 'email', email, 'email', 'marketing',
        if(email_bounced_at is null, 'unknown', 'denied'), 'identifier',
        coalesce(email_bounced_at, modified_at), delivered_at,
        if(email_bounced_at is null, 'bounce lifted', 'bounce'), actor_key
    from staging.salesforce__consents
    where email is not null
    qualify email_bounced_at is not null
        or min(email_bounced_at) over (partition by actor_key, email) < modified_at
    union all
    -- A shop dates no box. The box of the SMS is about the telephone beside it.
    select
        consents.actor_key,
        case when is_ticked then if(channel = 'sms', 'phone', 'email') end,
        if(channel = 'sms', phones.phone, consents.email),
        channel, 'marketing', if(is_ticked, 'granted', 'denied'), 'person', null,
        consents.delivered_at, if(is_ticked, 'account box', 'box withdrawn'), consents.actor_key
    from staging.shopify__consents as consents
    cross join raw.settings as settings
    left join standard.countries as countries using (country_text)
    left join standard.phone_numbers as phones
        on phones.phone_text = consents.phone_text
        and phones.country = coalesce(countries.country, settings.default_country)
    where not is_ticked
        or if(channel = 'sms', phones.phone, consents.email) is not null
    union all
    select
        actor_key, 'email', email, 'email', 'marketing', 'granted', 'person', ordered_at, delivered_at,
        if(is_in_store, 'store opt-in', 'checkout box'), actor_key
    from staging.shopify__order_consents
    union all
    select
        actor_key, 'email', email, 'email', 'marketing',
        if(sendgrid_event = 'group_resubscribe', 'unknown', 'denied'),
        if(sendgrid_event = 'bounce', 'identifier', 'person'), occurred_at, occurred_at,
        case sendgrid_event when 'spamreport' then 'complaint' when 'bounce' then 'bounce'
            when 'group_resubscribe' then 'resubscribe' else 'unsubscribe' end,
        'sendgrid:events:' || sg_event_id
    from staging.sendgrid__consents
    union all
    select
        actor_key, identifier_kind, identifier, channel, purpose, status, 'person', stated_at,
        delivered_at, evidence, record_key
    from standard.consent_preferences
    union all
    -- Who objects, withdraws or opts out of a sale says so as a person, in whatever way it was asked.
    select
        actor_key, identifier_kind, identifier, channel, purpose, 'denied', 'person', stated_at,
        stated_at, evidence, request_id
    from standard.requested_denials
),
-- What was said again in the same words is one statement; an undated denial is dated by its delivery.
heard as (
    select
        * exclude (delivered_at),
        if(status = 'denied' and stated_at is null, delivered_at, null) as denied_at,
        min(delivered_at) as delivered_at
    from said
    group by all
),
statements as (
    select
        md5(concat_ws(
            '|', actor_key, coalesce(identifier, ''), channel, purpose, status, scope, evidence,
            evidence_record, coalesce(stated_at, denied_at)
        )) as statement_id,
        * exclude (denied_at, delivered_at),
        coalesce(stated_at, delivered_at) as observed_at
    from heard
),
-- A word about all that the record carries reaches every address of it, and a denial of all is lifted
-- by a word about any. What is only about the address, a bounce, is lifted by words about it alone.
answered as (
    select
        *,
        if(
            scope = 'identifier',
            max(stated_at) filter (status <> 'denied') over of_address,
            greatest(
                max(stated_at) filter (status <> 'denied' and scope = 'person') over of_address,
                max(stated_at) filter (
                    status <> 'denied' and scope = 'person' and identifier is null
                ) over of_speaker,
                if(
                    identifier is null,
                    max(stated_at) filter (status <> 'denied' and scope = 'person') over of_speaker,
                    null
                )
            )
        ) as lifted_at,
        greatest(
            max(observed_at) filter (status = 'denied') over of_address,
            max(observed_at) filter (status = 'denied' and identifier is null) over of_speaker
        ) as denied_at
    from statements
    window
        of_speaker as (partition by actor_key, channel, purpose),
        of_address as (partition by actor_key, channel, purpose, identifier)
)
select
    * exclude (lifted_at, denied_at),
    if(
        status = 'denied',
        coalesce(lifted_at <= observed_at, true),
        denied_at is null or coalesce(stated_at > denied_at, false)
    ) as is_standing
from answered
