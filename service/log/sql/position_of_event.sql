-- Where an event stands.
select position from log where event_id = $1::uuid
