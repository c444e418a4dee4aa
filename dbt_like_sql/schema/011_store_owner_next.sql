-- The token is replaced before every change of a file: a copy of the database that is older than the last change does
-- not hold the new one. The database holds both until the next change, so that a crash in between locks nobody out.

alter table features.store_identity add column next_token uuid;
comment on column features.store_identity.owner_token is
'token of the claim under the store root before the last change of a file; NULL before the first write';
comment on column features.store_identity.next_token is
'token of the claim since that change; while it is being written the claim holds one of the two';
