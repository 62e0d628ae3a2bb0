-- Up to where the trail is written; nobody else writes it until the transaction ends.
select position from trail_head for update
