-- Filters that were not given are null: a plan made for all of them alike would use no index.
set local plan_cache_mode = force_custom_plan
