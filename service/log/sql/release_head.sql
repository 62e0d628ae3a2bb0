-- An empty log takes the account of a copy: the one time that it changes, so the trigger rests for this transaction.
alter table log_head disable trigger log_head_goes_forward
