-- One row per profile, channel and purpose: the strictest of what its sources say. A single denial
-- denies, whenever it was said; a grant counts where nothing denies; silence is unknown, which is no
-- consent.
-- grain: profile_id, channel, purpose
-- partition: profile_id
select
    profile_id,
    channel,
    purpose,
    min_by(
        status,
        (
            case status when 'denied' then 1 when 'granted' then 2 else 3 end,
            -epoch_us(observed_at),
            evidence_record
        )
    ) as status,
    min_by(
        observed_at,
        (
            case status when 'denied' then 1 when 'granted' then 2 else 3 end,
            -epoch_us(observed_at),
            evidence_record
        )
    ) as observed_at,
    min_by(
        evidence_record,
        (
            case status when 'denied' then 1 when 'granted' then 2 else 3 end,
            -epoch_us(observed_at),
            evidence_record
        )
    ) as evidence_record
from golden.consent_statements
group by profile_id, channel, purpose
