-- One row per profile that ordered or did anything, or that a record of the CRM is about: what
-- segments and scores ask about it. Nothing here depends on today's date.
-- grain: profile_id
-- partition: profile_id
with loyal as (
    select profile_id, max_by(loyalty_tier, tier_number) as loyalty_tier
    from workings.loyalty_tags
    group by profile_id
)
select
    profile_id,
    seen.first_event_at,
    seen.last_event_at,
    coalesce(seen.event_count, 0) as event_count,
    coalesce(seen.session_count, 0) as session_count,
    seen.first_web_at,
    seen.last_web_at,
    seen.first_app_at,
    seen.last_app_at,
    seen.first_email_at,
    seen.last_email_at,
    seen.first_store_at,
    seen.last_store_at,
    seen.first_service_at,
    seen.last_service_at,
    seen.first_sales_at,
    seen.last_sales_at,
    coalesce(ordered.order_count, 0) as order_count,
    ordered.first_order_at,
    ordered.last_order_at,
    ordered.average_days_between_orders,
    ordered.currency,
    ordered.spend,
    ordered.average_order,
    ordered.spend_converted,
    coalesce(ordered.unconverted_order_count, 0) as unconverted_order_count,
    coalesce(ordered.returned_order_count, 0) as returned_order_count,
    ordered.refunded,
    ordered.discount_share,
    ordered.web_order_share,
    ordered.store_order_share,
    habits.favourite_category,
    habits.favourite_product,
    habits.favourite_store,
    habits.favourite_hour,
    habits.favourite_weekday,
    brought.* exclude (profile_id),
    coalesce(seen.email_sent_count, 0) as email_sent_count,
    coalesce(seen.email_delivered_count, 0) as email_delivered_count,
    coalesce(seen.email_opened_count, 0) as email_opened_count,
    coalesce(seen.email_clicked_count, 0) as email_clicked_count,
    coalesce(seen.email_machine_opened_count, 0) as email_machine_opened_count,
    coalesce(seen.email_bounced_count, 0) as email_bounced_count,
    seen.last_email_response_at,
    coalesce(served.case_count, 0) as case_count,
    coalesce(served.open_case_count, 0) as open_case_count,
    served.last_case_at,
    coalesce(served.survey_answer_count, 0) as survey_answer_count,
    served.average_rating,
    served.last_rating,
    coalesce(served.open_deal_count, 0) as open_deal_count,
    served.open_deal_amount,
    served.deal_currency,
    served.owner_id,
    loyal.loyalty_tier,
    households.household_id
from workings.engagement_facts as seen
full join workings.order_facts as ordered using (profile_id)
full join workings.service_facts as served using (profile_id)
left join workings.purchase_habits as habits using (profile_id)
left join workings.acquisitions as brought using (profile_id)
left join loyal using (profile_id)
left join golden.households as households using (profile_id)
