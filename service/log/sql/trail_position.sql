-- Up to where the trail is written.
select position from trail_head
