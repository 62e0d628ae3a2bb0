-- What kind of server and database this is.
select current_setting('server_version_num')::int as version_number,
    current_setting('server_version') as version,
    current_setting('server_encoding') as encoding
