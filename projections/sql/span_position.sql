-- Up to where the spans are written.
select position from span_head
