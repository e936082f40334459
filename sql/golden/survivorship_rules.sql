-- One row per attribute of a profile: the named rule by which one of its values survives. Values of
-- one group come from the same record, so that an address is never put together from two.
-- grain: attribute
select *
from (
    values
        ('first_name', 'name', 'most_trusted_then_recent'),
        ('last_name', 'name', 'most_trusted_then_recent'),
        ('email', 'email', 'most_recent'),
        ('phone', 'phone', 'most_recent'),
        ('street', 'address', 'most_recent'),
        ('city', 'address', 'most_recent'),
        ('region', 'address', 'most_recent'),
        ('postal_code', 'address', 'most_recent'),
        ('country', 'address', 'most_recent'),
        ('birth_on', 'birth_on', 'most_frequent'),
        ('gender', 'gender', 'most_frequent'),
        ('company', 'company', 'most_trusted_then_recent')
) as rules (attribute, attribute_group, rule)
