-- Every restoration that a person confirmed, in order.
select position, entry from log where kind = 'log.restored' order by position
