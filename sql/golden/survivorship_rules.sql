-- One row per attribute of a profile: the group with which it is won, and the named rules by which one
-- record wins the group, the first that tells two records apart. To change a rule, change its group's
-- line. What the rules mean, and what stands before and after them, is in docs/survivorship.md.
-- grain: attribute
with groups as (
    select *
    from (
        values
            ('name', ['most_trusted', 'most_recent', 'most_frequent']),
            ('middle_name', ['longest', 'most_trusted']),
            ('name_suffix', ['most_trusted', 'most_recent']),
            ('email', ['verified_first', 'most_recent']),
            ('phone', ['most_recent']),
            ('address', ['most_recent']),
            ('birth_on', ['most_frequent']),
            ('gender', ['most_frequent']),
            ('company', ['most_trusted', 'longest'])
    ) as groups (attribute_group, rules)
),
attributes as (
    select *
    from (
        values
            ('first_name', 'name'),
            ('last_name', 'name'),
            ('middle_name', 'middle_name'),
            ('name_suffix', 'name_suffix'),
            ('email', 'email'),
            ('phone', 'phone'),
            ('street', 'address'),
            ('city', 'address'),
            ('region', 'address'),
            ('postal_code', 'address'),
            ('country', 'address'),
            ('birth_on', 'birth_on'),
            ('gender', 'gender'),
            ('company', 'company')
    ) as attributes (attribute, attribute_group)
)
select
    attributes.attribute,
    attributes.attribute_group,
    groups.rules
from attributes
inner join groups using (attribute_group)
