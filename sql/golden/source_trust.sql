-- One row per export: how far its values about people and companies are trusted, 1 first, and whose
-- they are: told to the company by the people themselves (first), by a partner (second), bought (third).
-- grain: system, export
select *
from (
    values
        ('salesforce', 'account', 1, 'first'),
        ('salesforce', 'contact', 1, 'first'),
        ('shopify', 'customers', 2, 'first'),
        ('salesforce', 'lead', 3, 'first'),
        ('mailchimp', 'members', 4, 'first'),
        ('shopify', 'orders', 5, 'first'),
        ('square', 'customers', 6, 'first'),
        ('salesforce', 'case', 7, 'first'),
        ('third_party', 'attributes', 8, 'third')
) as trust (system, export, trust_rank, party)
