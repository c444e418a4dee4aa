-- Which database may change the files of a store root: the root holds a claim with the same token.
-- A copy of the database takes the token along, so the claim names the place of its database too, and the token is
-- replaced once a day: an older copy does not hold the new one.

alter table features.store_identity add column owner_token uuid;
comment on column features.store_identity.owner_token is
'equals the token in the claim under the store root while this database owns the files; NULL before the first write';
