-- A frozen replica that holds the trail must not freeze whoever asks.
set local lock_timeout = '5s'
