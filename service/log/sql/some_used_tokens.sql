-- The next tokens of which a use was kept, for a look at which of them still live.
select token from token_use where token > $1::uuid order by token limit $2
