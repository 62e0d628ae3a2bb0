-- What the serving role may do, exactly. Run after every migration; the setting muniment.service_role names the role.
do $$
declare
    role text := current_setting('muniment.service_role');
begin
    execute format('grant usage on schema %I to %I', current_schema(), role);
    execute format('revoke all on all tables in schema %I from public, %I', current_schema(), role);
    execute format('grant select on migration to %I', role);
    execute format('grant select, insert on log, checkpoint, tile to %I', role);
    execute format('grant select on log_head to %I', role);
    execute format(
        'grant update (epoch, position, recorded_at, frontier, key_check, beat) on log_head to %I', role
    );
    execute format('grant select, insert, delete on vault, person_key to %I', role);
    execute format('grant select, insert, delete on snapshot, snapshot_part to %I', role);
    execute format('grant select, insert on idempotency to %I', role);
    execute format('grant select, insert, update, delete on token_use to %I', role);
    execute format('grant select, insert, update, delete on trail_head, trail, trail_touch to %I', role);
    execute format('grant select, insert, update, delete on span_head, span to %I', role);
end
$$
