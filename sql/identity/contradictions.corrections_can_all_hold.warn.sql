-- No two corrections contradict each other.
select about
from identity.contradictions
