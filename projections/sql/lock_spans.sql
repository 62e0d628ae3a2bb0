-- Up to where the spans are written; nobody else writes them until the transaction ends.
select position from span_head for update
