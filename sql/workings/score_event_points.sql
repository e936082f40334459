-- One row per type of event that somebody does willingly: how many points of engagement it is. What is
-- not here, such as what the company sends and what a machine opens, is none.
-- grain: event_type
select *
from (
    values
        ('order', 10),
        ('checkout_complete', 5),
        ('checkout_start', 5),
        ('cart_add', 4),
        ('survey_answer', 4),
        ('campaign_response', 4),
        ('email_click', 4),
        ('app_install', 4),
        ('call', 3),
        ('login', 2),
        ('email_open', 2),
        ('product_view', 1),
        ('category_view', 1),
        ('cart_view', 1),
        ('page_view', 1),
        ('screen_view', 1),
        ('app_open', 1)
) as points (event_type, points)
