-- description: What distinguishes a database from every other, also from a copy of it; data_directory is NULL for plain users.
-- parameters: none
select
    control.system_identifier,
    mine.oid as database_oid,
    setting.setting as data_directory
from pg_control_system() as control
cross join pg_database as mine
left join pg_settings as setting on setting.name = 'data_directory'
where mine.datname = current_database()
