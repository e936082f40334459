-- One row per export: how far its values about people and companies are trusted, 1 first.
-- grain: system, export
select *
from (
    values
        ('salesforce', 'account', 1),
        ('salesforce', 'contact', 1),
        ('shopify', 'customers', 2),
        ('salesforce', 'lead', 3),
        ('mailchimp', 'members', 4),
        ('shopify', 'orders', 5),
        ('square', 'customers', 6),
        ('salesforce', 'case', 7)
) as trust (system, export, trust_rank)
