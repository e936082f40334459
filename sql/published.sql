-- Functions of the published database: questions that analysts ask again and again, answered by its
-- own tables. They are written into the file, so every reader has them.

-- resolve(id, as_of): the profile that an id stood for at the end of a day, today where none is named.
-- NULL before the id was issued, for what was never one, and once its person was erased. Clause 12 of
-- docs/identity-contract.md.
create or replace macro resolve(id, as_of := current_date) as (
    with known as (
        select coalesce(
            (
                select arg_max(history.current_profile_id, history.merge_count)
                from profile_redirect_history as history
                where history.profile_id = id and history.redirected_at::date <= as_of::date
            ),
            issued.profile_id
        ) as profile_id
        from identity.issued_profile_ids as issued
        where issued.profile_id = id and issued.issued_at::date <= as_of::date
    )
    select known.profile_id
    from known
    where known.profile_id not in (
        select changes.profile_id
        from profile_changes as changes
        where changes.kind = 'erased' and changes.changed_at::date <= as_of::date
    )
);
comment on macro resolve is
'The profile that an id stood for at the end of a day (as_of, today where none is named)';
