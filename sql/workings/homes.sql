-- One row per profile that has a whole address: where the person lives and under which surname, as
-- linkage compares them (1 Elm St. is 1 Elm Street), and which mailboxes and telephones reach the
-- person, unless too many people share them.
-- grain: profile_id
-- partition: profile_id
with contacts as (
    select records.profile_id, list_sort(list(distinct md5(identifiers.target))) as contact_keys
    from identity.profile_records as records
    inner join identity.record_identifiers as identifiers using (record_key)
    where identifiers.guard is null
    group by records.profile_id
),
-- All of a profile's address comes from one record. Whose street people corrected still lives where the
-- record says; whose street and postal code they corrected has moved, and where to nobody compares.
addresses as (
    select profile_id, max(record_key) as record_key
    from golden.profile_attributes
    where is_winner
        and attribute in ('street', 'postal_code')
        and rule <> 'correction'
    group by profile_id
)
select
    profiles.profile_id,
    md5(concat_ws(
        '|', records.house_number, records.street_name, records.postal_code, profiles.country
    )) as place_key,
    records.last_name as surname,
    contacts.contact_keys
from golden.profiles as profiles
inner join addresses using (profile_id)
inner join identity.comparison_records as records
    on records.record_key = addresses.record_key
left join contacts on contacts.profile_id = profiles.profile_id
where records.last_name is not null
    and records.house_number is not null
    and records.street_name is not null
    and records.postal_code is not null
