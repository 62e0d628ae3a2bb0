-- Every snapshot there is, the newest first.
select fold, position, header, mac, at from snapshot order by at desc, position desc
