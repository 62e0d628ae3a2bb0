-- The complete tiles, for a backup.
select level, index, hashes from tile order by level, index
