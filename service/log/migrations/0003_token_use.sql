-- When each token was last used: approximate, disposable, no part of the record. A replica writes what it saw each minute.
create table token_use (
    token uuid constraint token_use_pkey primary key,
    used_at timestamptz not null
) with (fillfactor = 50);  -- updated again and again: room for heap-only updates in its page
