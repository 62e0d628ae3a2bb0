-- Facts that no permission depends on, each from one position to another: versions, tags, results, deployments, … They are
-- folded from the log by the service and can be rebuilt from it at any time. `value` is the fact as JSON; the columns
-- beside it are what it is found by. Sorted by bytes: whoever looks for a beginning finds it in the index.
create table span_head (
    only_row boolean not null default true constraint span_head_pkey primary key constraint span_head_one_row check (only_row),
    position bigint not null default 0
) with (fillfactor = 10);
insert into span_head default values;

create table span (
    noun text collate "C" not null,
    key text collate "C" not null,
    application uuid not null,
    version text collate "C" not null,
    place text collate "C" not null,
    since bigint not null,
    until bigint not null,
    created bigint not null,
    value text not null,
    constraint span_pkey primary key (noun, key, since),
    constraint span_some_time check (since < until)
);
create index span_application on span (application, noun, created);
create index span_version on span (application, version, noun) where version <> '';
create index span_place on span (noun, place) where place <> '';
