-- description: The tokens of which one is in the claim under the store root: until now, and the next.
-- parameters: none
select token::text as token
from features.store_identity as identity
cross join lateral (values (identity.owner_token), (identity.next_token)) as held (token)
where token is not null
