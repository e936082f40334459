-- How a vendor's text becomes a value: one macro for each kind of cell, used by the check of every
-- delivered file and by staging alike. NULL stays NULL and what cannot be read becomes NULL, so a
-- cell is unusable exactly where its text is not NULL and its value is. No macro reads a setting:
-- the session's time zone does not matter. Macros marked "part" serve the macro after them.

-- Trimmed text; NULL for nothing but white space, no-break and ideographic spaces. Its characters are one
-- literal, since nearly every other macro repeats this one and every copy is to be planned.
create or replace macro as_text(cell) as
    nullif(trim(cell, E' \t\n\r\xc2\xa0\xe3\x80\x80'), '');

-- Text without the one apostrophe that guards a value from spreadsheets, before + digit = - @.
-- An apostrophe before anything else stays: it belongs to the name ('t Hooft).
create or replace macro as_unguarded(cell) as
    case when regexp_matches(cell, '^''[+0-9=@-]') then substr(cell, 2) else cell end;

-- Whole numbers as programs and spreadsheets write them: 1000, -3, 1,000, 1000.0, ' 7 '. A
-- fraction (1.5), a currency sign, or more than 18 digits is refused.
create or replace macro as_integer(cell) as
    coalesce(
        try_cast(case when regexp_full_match(cell, '-?[0-9]{1,18}') then cell end as bigint),
        try_cast(case
            when regexp_full_match(
                as_text(cell), '[+-]?([0-9]{1,18}|[0-9]{1,3}(,[0-9]{3}){1,5})(\.0*)?'
            )
            then regexp_replace(replace(as_text(cell), ',', ''), '\.0*$', '')
        end as bigint)
    );

-- Part: an amount without spaces, signs, currency and thousands separators.
create or replace macro bare_amount(cell) as
    case
        when regexp_full_match(
            replace(as_text(cell), ' ', ''),
            '[(]?[+-]?(\p{Sc}|[A-Z]{1,2}\$|[A-Z]{3})?[+-]?'
            || '([0-9]{1,3}(,[0-9]{3}){1,4}|[0-9]{1,15})?(\.[0-9]{1,12})?(\p{Sc}|[A-Z]{3})?[)]?'
        ) and starts_with(as_text(cell), '(') = ends_with(as_text(cell), ')')
        then regexp_replace(cell, '[^0-9.]', '', 'g')
    end;

-- Amounts, rounded to two digits: 12.5, 1,149.00, $1,149.00, -$7.00, ($33.62), €8.00, CA$5, 5 USD,
-- 1.5E+3. The point is decimal and the comma separates thousands: 12,5 and 1.149,00 are refused.
create or replace macro as_decimal(cell) as
    coalesce(
        try_cast(
            case when regexp_full_match(cell, '-?[0-9]{1,15}(\.[0-9]{1,12})?') then cell end
            as decimal(18, 2)
        ),
        case when starts_with(as_text(cell), '(') or contains(cell, '-')
            then cast(-try_cast(bare_amount(cell) as decimal(18, 2)) as decimal(18, 2))
            else try_cast(bare_amount(cell) as decimal(18, 2))
        end,
        try_cast(try_cast(
            case when regexp_full_match(
                as_text(cell), '[+-]?[0-9]{1,15}(\.[0-9]*)?[Ee][+-]?[0-9]{1,2}'
            ) then as_text(cell) end as double
        ) as decimal(18, 2))
    );

-- What one unit of a currency is worth in another: more digits than an amount of money has.
create or replace macro as_rate(cell) as
    try_cast(
        case when regexp_full_match(as_text(cell), '[0-9]{1,9}(\.[0-9]{1,15})?') then as_text(cell) end
        as decimal(18, 8)
    );

-- true/false, yes/no, on/off, t/f, y/n and 1/0, in any case. Anything else is refused.
create or replace macro as_boolean(cell) as
    case
        when lower(as_text(cell)) in ('true', '1', 'yes', 'on', 't', 'y') then true
        when lower(as_text(cell)) in ('false', '0', 'no', 'off', 'f', 'n') then false
    end;

-- Part: the moment if it is not before 1900. Written so that the moment is worked out once only.
create or replace macro in_range(moment) as
    nullif(
        greatest(moment, timestamp '1899-12-31 23:59:59.999999'),
        timestamp '1899-12-31 23:59:59.999999'
    );

-- Part: +0530, +05:30, -04 and Z as an interval to be taken off the local time.
create or replace macro utc_offset(zone) as
    to_minutes(cast(
        (case when starts_with(zone, '-') then -1 else 1 end)
        * (
            60 * coalesce(try_cast(regexp_extract(zone, '^[+-]([0-9]{2})', 1) as integer), 0)
            + coalesce(
                try_cast(regexp_extract(zone, '^[+-][0-9]{2}:?([0-9]{2})$', 1) as integer), 0
            )
        ) as integer
    ));

-- Part: 2025-05-11, with or without a time, a fraction and an offset. The cast forgets the offset.
create or replace macro iso_as_utc(cell) as
    case
        when regexp_full_match(
            cell, '[0-9]{4}-[0-9]{2}-[0-9]{2}([ T][0-9]{2}:[0-9]{2}(:[0-9]{2}(\.[0-9]{1,9})?)?)?Z?'
        ) then try_cast(rtrim(cell, 'Z') as timestamp)
        when regexp_full_match(
            cell,
            '\s*[0-9]{4}-[0-9]{2}-[0-9]{2}[ T][0-9]{2}:[0-9]{2}(:[0-9]{2}(\.[0-9]{1,9})?)?'
            || '( ?(UTC|GMT|Z|[+-][0-9]{2}(:?[0-5][0-9])?))?\s*'
        ) then
            try_cast(regexp_extract(cell, '[0-9-]{10}.[0-9:.]+') as timestamp)
            - utc_offset(regexp_extract(cell, '([+-][0-9]{2}:?[0-9]{0,2})\s*$', 1))
        when regexp_full_match(cell, '\s*[0-9]{4}-[0-9]{2}-[0-9]{2}\s*')
            then try_cast(trim(cell) as timestamp)
    end;

-- Part: 17/May/2015:10:05:03 +0000, the time of web servers' logs; the offset is obligatory.
-- DuckDB's own parser is three times as fast here as putting the parts together.
create or replace macro log_time_as_utc(cell) as
    timezone('UTC', try_strptime(cell, '%d/%b/%Y:%H:%M:%S %z'));

-- Part: months, days and years apart by slashes. Month before day, as in the United States.
-- Two-digit years are read as spreadsheets do: 00 to 29 are 20.., 30 to 99 are 19...
-- DuckDB's own parser is many times as fast here as putting the parts together.
create or replace macro us_as_utc(cell) as
    try_strptime(
        regexp_replace(
            regexp_replace(
                upper(trim(cell)), '^([0-9]+/[0-9]+/)([0-2][0-9])(,? |$)', '\120\2\3'
            ),
            '^([0-9]+/[0-9]+/)([3-9][0-9])(,? |$)', '\119\2\3'
        ),
        [
            '%m/%d/%Y', '%m/%d/%Y %I:%M %p', '%m/%d/%Y %I:%M:%S %p', '%m/%d/%Y %H:%M',
            '%m/%d/%Y %H:%M:%S', '%m/%d/%Y, %I:%M %p', '%m/%d/%Y, %I:%M:%S %p'
        ]
    );

-- A time of day: 12:59:30, 14:00, 2:30:00 PM, 08:55 pm.
create or replace macro as_time(cell) as
    case
        when regexp_full_match(cell, '[0-9]{2}:[0-9]{2}:[0-9]{2}(\.[0-9]{1,6})?')
            then try_cast(cell as time)
        when regexp_full_match(as_text(cell), '[0-9]{1,2}:[0-9]{2}(:[0-9]{2}(\.[0-9]{1,6})?)?')
            then try_cast(
                lpad(regexp_extract(cell, '([0-9]{1,2}):', 1), 2, '0')
                || regexp_extract(cell, ':[0-9]{2}')
                || coalesce(nullif(regexp_extract(cell, ':[0-9]{2}(:[0-9.]+)', 1), ''), ':00')
                as time
            )
        when regexp_full_match(
            as_text(cell), '(0?[1-9]|1[0-2]):[0-9]{2}(:[0-9]{2})? ?[AaPp]\.?[Mm]\.?'
        ) then try_cast(
            lpad(cast(
                cast(regexp_extract(cell, '([0-9]{1,2}):', 1) as integer) % 12
                + case when regexp_matches(cell, '[Pp]\.?[Mm]') then 12 else 0 end as varchar
            ), 2, '0')
            || regexp_extract(cell, ':[0-9]{2}')
            || coalesce(nullif(regexp_extract(cell, ':[0-9]{2}(:[0-9]{2})', 1), ''), ':00')
            as time
        )
    end;

-- Moments, as TIMESTAMP in UTC. A text without an offset is taken to be UTC. Accepts
-- 2022-12-21 14:27:52, 2006-04-15T03:23:15.000Z, 2024-01-23T02:21:49.000+0000,
-- 2025-05-11 09:55:16 -0400, 2025-05-11, 17/May/2015:10:05:03 +0000, 02/23/26 08:55 PM,
-- 10/05/2026 14:30. Refuses times before 1900, days that do not exist, names of zones but UTC and
-- GMT, day before month, and bare numbers.
create or replace macro as_utc(cell) as
    case
        -- The commonest forms first: a pattern and a cast are many times as fast as an expression.
        when cell like '____-__-__ __:__:__' and cell >= '1900'
            then try_cast(cell as timestamp)
        when (
            cell like '____-__-__T__:__:__.000+0000' or cell like '____-__-__T__:__:__.000Z'
        ) and cell >= '1900' then try_cast(left(cell, 19) as timestamp)
        when cell like '____-__-__ __:__:__ _____' and cell >= '1900'
            then try_cast(left(cell, 19) as timestamp) - to_minutes(
                case substr(cell, 21, 1) when '-' then -1 when '+' then 1 end
                * (60 * try_cast(substr(cell, 22, 2) as integer)
                    + try_cast(substr(cell, 24, 2) as integer))
            )
        when cell like '__/___/____:__:__:__ _____' and substr(cell, 8, 4) >= '1900'
            then log_time_as_utc(cell)
        when contains(cell, '/') then in_range(us_as_utc(cell))
        else in_range(iso_as_utc(cell))
    end;

-- Seconds since 1970, with or without a fraction, as TIMESTAMP in UTC. Milliseconds are refused:
-- they would lie beyond the year 9999.
create or replace macro as_epoch_utc(cell) as
    in_range(case when regexp_full_match(as_text(cell), '-?[0-9]{1,11}(\.[0-9]+)?')
        then make_timestamp(cast(
            floor(try_cast(as_text(cell) as decimal(24, 6)) * 1000000) as bigint
        ))
    end);

-- Days, as written: 2022-12-21, 2022-12-21 00:00:00 and other moments of ISO form, whose day is
-- taken without regard to an offset, 02/24/26, 2/24/2026. Month before day, as in the United
-- States: 24/02/2026 is refused. So is what lies before 1900 or does not exist.
create or replace macro as_date(cell) as
    case
        when cell like '____-__-__' and cell >= '1900' then try_cast(cell as date)
        when cell like '____-__-__ 00:00:00' and cell >= '1900'
            then try_cast(left(cell, 10) as date)
        when contains(cell, '/') then cast(in_range(us_as_utc(cell)) as date)
        when in_range(iso_as_utc(cell)) is not null then try_cast(left(trim(cell), 10) as date)
    end;

-- JSON; text that is not valid JSON is refused.
create or replace macro as_json(cell) as try_cast(as_text(cell) as json);

-- Part: the character that stands for the capitals among five characters of a Salesforce id, the
-- first counting 1, the second 2, and so on.
create or replace macro salesforce_check(five) as
    substr(
        'ABCDEFGHIJKLMNOPQRSTUVWXYZ012345',
        1
        + case when substr(five, 1, 1) between 'A' and 'Z' then 1 else 0 end
        + case when substr(five, 2, 1) between 'A' and 'Z' then 2 else 0 end
        + case when substr(five, 3, 1) between 'A' and 'Z' then 4 else 0 end
        + case when substr(five, 4, 1) between 'A' and 'Z' then 8 else 0 end
        + case when substr(five, 5, 1) between 'A' and 'Z' then 16 else 0 end,
        1
    );

-- A Salesforce id in its 18 characters; one of 15 is widened by its checksum. NULL for the empty
-- lookup 000000000000000AAA and for what has another length or other characters. The checksum of
-- 18 characters is not verified.
create or replace macro salesforce_id(cell) as
    case
        when starts_with(as_text(cell), '000000000000000') then null
        when regexp_full_match(as_text(cell), '[0-9A-Za-z]{18}') then as_text(cell)
        when regexp_full_match(as_text(cell), '[0-9A-Za-z]{15}') then
            as_text(cell)
            || salesforce_check(substr(as_text(cell), 1, 5))
            || salesforce_check(substr(as_text(cell), 6, 5))
            || salesforce_check(substr(as_text(cell), 11, 5))
    end;

-- The same, with the empty lookup left as it is: NULL means unusable. For checks only.
create or replace macro salesforce_id_or_empty(cell) as
    case when regexp_full_match(cell, '[0-9A-Za-z]{15}([0-9A-Za-z]{3})?') then cell
        when regexp_full_match(as_text(cell), '[0-9A-Za-z]{15}([0-9A-Za-z]{3})?') then as_text(cell)
    end;

-- Text for comparing, not for showing: lower case, without accents, white space made single.
create or replace macro fold(cell) as
    as_text(regexp_replace(
        replace(replace(replace(replace(replace(replace(
            strip_accents(lower(cell)),
            'ß', 'ss'), 'æ', 'ae'), 'œ', 'oe'), 'ø', 'o'), 'ł', 'l'), 'đ', 'd'),
        '\s+', ' ', 'g'
    ));

-- The IANA name of a time zone as Square writes it (in words), for the countries it sells in; IANA
-- names of these countries are themselves. Unknown zones are NULL.
create or replace macro iana_zone(cell) as
    case
        when as_text(cell) in (
            'UTC', 'America/New_York', 'America/Detroit', 'America/Chicago', 'America/Denver',
            'America/Boise', 'America/Phoenix', 'America/Los_Angeles', 'America/Anchorage',
            'America/Juneau', 'America/Adak', 'America/Puerto_Rico', 'America/Toronto',
            'America/Vancouver', 'America/Edmonton', 'America/Winnipeg', 'America/Regina',
            'America/Halifax', 'America/Moncton', 'America/St_Johns', 'America/Whitehorse',
            'America/Indiana/Indianapolis', 'America/Kentucky/Louisville', 'Pacific/Honolulu',
            'Pacific/Guam', 'Pacific/Pago_Pago', 'Europe/London', 'Europe/Dublin', 'Europe/Paris',
            'Europe/Madrid', 'Europe/Berlin', 'Europe/Amsterdam', 'Europe/Brussels', 'Europe/Rome',
            'Europe/Lisbon', 'Atlantic/Canary', 'Australia/Sydney', 'Australia/Melbourne',
            'Australia/Brisbane', 'Australia/Adelaide', 'Australia/Darwin', 'Australia/Perth',
            'Australia/Hobart', 'Pacific/Auckland', 'Asia/Tokyo', 'Asia/Singapore'
        ) then as_text(cell)
        else case as_text(cell)
            when 'Eastern Time (US & Canada)' then 'America/New_York'
            when 'Central Time (US & Canada)' then 'America/Chicago'
            when 'Mountain Time (US & Canada)' then 'America/Denver'
            when 'Pacific Time (US & Canada)' then 'America/Los_Angeles'
            when 'Alaska' then 'America/Juneau'
            when 'Hawaii' then 'Pacific/Honolulu'
            when 'Arizona' then 'America/Phoenix'
            when 'Indiana (East)' then 'America/Indiana/Indianapolis'
            when 'Atlantic Time (Canada)' then 'America/Halifax'
            when 'Newfoundland' then 'America/St_Johns'
            when 'Saskatchewan' then 'America/Regina'
            when 'Puerto Rico' then 'America/Puerto_Rico'
            when 'American Samoa' then 'Pacific/Pago_Pago'
            when 'Guam' then 'Pacific/Guam'
            when 'London' then 'Europe/London'
            when 'Edinburgh' then 'Europe/London'
            when 'Dublin' then 'Europe/Dublin'
            when 'Paris' then 'Europe/Paris'
            when 'Madrid' then 'Europe/Madrid'
            when 'Berlin' then 'Europe/Berlin'
            when 'Amsterdam' then 'Europe/Amsterdam'
            when 'Brussels' then 'Europe/Brussels'
            when 'Rome' then 'Europe/Rome'
            when 'Lisbon' then 'Europe/Lisbon'
            when 'Sydney' then 'Australia/Sydney'
            when 'Melbourne' then 'Australia/Melbourne'
            when 'Canberra' then 'Australia/Melbourne'
            when 'Brisbane' then 'Australia/Brisbane'
            when 'Adelaide' then 'Australia/Adelaide'
            when 'Darwin' then 'Australia/Darwin'
            when 'Perth' then 'Australia/Perth'
            when 'Hobart' then 'Australia/Hobart'
            when 'Auckland' then 'Pacific/Auckland'
            when 'Wellington' then 'Pacific/Auckland'
            when 'Tokyo' then 'Asia/Tokyo'
            when 'Osaka' then 'Asia/Tokyo'
            when 'Sapporo' then 'Asia/Tokyo'
            when 'Singapore' then 'Asia/Singapore'
        end
    end;

-- Square's local date, time and zone as TIMESTAMP in UTC. A local time that daylight saving skips
-- is read an hour later, one that it repeats is taken to be the second.
create or replace macro square_utc(local_date, local_time, zone) as
    ((as_date(local_date) + as_time(local_time)) at time zone iana_zone(zone)) at time zone 'UTC';

-- What a text looks like without saying what it is: capitals A, other letters a, digits 9, the rest
-- as it stands, at most 40 characters. For messages about cells that could not be read.
create or replace macro shape(cell) as
    regexp_replace(
        regexp_replace(
            regexp_replace(left(cell, 40), '[\p{Ll}\p{Lt}\p{Lm}\p{Lo}\p{M}]', 'a', 'g'),
            '\p{Lu}', 'A', 'g'
        ),
        '\p{N}', '9', 'g'
    );

-- An e-mail address in lower case; NULL for what cannot be one. One @, a dot in the domain, no white
-- space, quotes, brackets or separators.
create or replace macro as_email(cell) as
    case when regexp_full_match(
            lower(as_text(cell)),
            '[^@\s,;:<>"()\[\]\\]+@[^@\s,;:<>"()\[\]\\.]+(\.[^@\s,;:<>"()\[\]\\.]+)+')
        then lower(as_text(cell)) end;

-- Part: the part of an e-mail address before the @, without the label that follows a plus sign.
create or replace macro mailbox_name(email) as
    split_part(split_part(email, '@', 1), '+', 1);

-- The mailbox that an address reaches: labels after a plus sign, Gmail's dots and its second domain
-- reach the same person.
create or replace macro mailbox(email) as
    case
        when mailbox_name(email) = '' then null
        when replace(split_part(email, '@', 2), 'googlemail.com', 'gmail.com') = 'gmail.com'
            then replace(mailbox_name(email), '.', '') || '@gmail.com'
        else mailbox_name(email) || '@' || split_part(email, '@', 2)
    end;

-- The name of a mailbox as people tell it on the phone, to compare across providers.
create or replace macro mailbox_letters(email) as
    nullif(regexp_replace(mailbox_name(email), '[^a-z0-9]', '', 'g'), '');

-- Whether a value stands in a list once, and others do beside it.
create or replace macro is_odd_one(value, members) as
    coalesce(
        len(list_filter(members, lambda member: member = value)) = 1
        and len(list_filter(members, lambda member: member <> value)) > 0,
        false
    );

-- What a person writes about a value that is, or is not, evidence of identity, in the form in which
-- sql/identity compares it. NULL for what is no such value.
create or replace macro as_guarded_value(kind, cell) as
    case lower(as_text(kind))
        when 'email' then as_email(cell)
        when 'email_local'
            then nullif(regexp_replace(split_part(lower(cell), '@', 1), '[^a-z]', '', 'g'), '')
        when 'email_domain'
            then nullif(regexp_extract(lower(as_text(cell)), '[^@\s]+\.[^@\s]+$'), '')
        when 'phone' then case when regexp_matches(regexp_replace(cell, '\D', '', 'g'), '\d{7}$')
            then right(regexp_replace(cell, '\D', '', 'g'), 7) end
        when 'name' then nullif(regexp_replace(fold(cell), '[^a-z]', '', 'g'), '')
        when 'birth_on' then strftime(coalesce(
            as_date(cell), cast(try_strptime(as_text(cell), '%Y%m%d') as date)
        ), '%Y%m%d')
        else as_text(cell)
    end;

-- What a person writes as the right value of an attribute, in the form that profiles have. NULL for
-- what cannot be one.
create or replace macro as_attribute(attribute, cell) as
    case lower(as_text(attribute))
        when 'email' then as_email(cell)
        when 'phone' then nullif(regexp_extract(
            regexp_replace(cell, '[\s().-]', '', 'g'), '^\+[1-9][0-9]{6,14}$'
        ), '')
        when 'country' then case when regexp_full_match(upper(as_text(cell)), '[A-Z]{2}')
            then upper(as_text(cell)) end
        when 'birth_on' then cast(as_date(cell) as varchar)
        else as_text(cell)
    end;

-- The visitor's id in a cookie text, under one of these names. A text without '=' is the id itself.
create or replace macro cookie_id(cookie, names) as
    case
        when cookie is null then null
        when not contains(cookie, '=') then cookie
        else split_part(
            list_filter(
                string_split(cookie, ';'),
                lambda part: list_contains(names, trim(split_part(part, '=', 1)))
            )[1],
            '=',
            2
        )
    end;

-- Who asked without a cookie: an address and an agent, which are the same browser's for a while.
create or replace macro agent_key(address, user_agent) as md5(concat_ws('|', address, user_agent));
