-- From here on the head goes forward only, as ever.
alter table log_head enable trigger log_head_goes_forward
