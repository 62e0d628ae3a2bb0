"""The settings: one frozen struct, read from the environment, where each variable may also be a file (X_FILE).

A variable that is set but empty counts as not set, since compose files and unit files cannot unset one. Nothing but
the mapping handed in and the files it names is read, so a test needs no environment of its own.
"""

import os
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any, Final
from urllib.parse import parse_qsl, urlencode, urlsplit

import msgspec

from service import errors, settings_names, settings_values

_FILE_BYTES_MAX: Final = 65_536
_MASK: Final = "********"
WEBHOOK_RETRY_SECONDS: Final = (10, 60, 120, 300, 600, 1_200, 2_400)
"""Seven more attempts within an hour and twenty minutes (section 3.7 of the vendor's rules: up to 7, with back-off)."""


class Settings(msgspec.Struct, frozen=True, kw_only=True):
    """What this process was told. Secrets are in it: print it through `masked`."""

    # The Postgres that holds the account, as the serving role. None: the embedded server under data_dir.
    database_url: str | None
    # The same database as the owner of its tables, for migrations. None: migrate as database_url's role.
    migrate_url: str | None
    # The address to listen on.
    host: str
    # The TCP port to listen on; 0 lets the system choose. The default is a Pact Broker's: clients need no change.
    port: int
    # The certificate chain and the key that TLS is spoken with, in PEM; both or neither. None: plain HTTP.
    tls_cert_file: Path | None
    tls_key_file: Path | None
    # The TCP port for operators: metrics and probes, plain and without a token. None: there is none.
    ops_port: int | None
    # Where that port listens. This machine only by default, whatever HOST is: nobody is asked who they are there.
    ops_host: str
    # How long to go on serving after SIGTERM, not ready any more, until whoever routes requests here has noticed.
    drain_seconds: int
    # How clients reach the service: scheme, host and perhaps a path, without a slash at the end. In every link.
    base_url: str
    # Whose X-Forwarded-… headers are believed. Nobody's by default: anyone may send them.
    trusted_proxies: tuple[settings_values.Network, ...]
    # The Postgres schema of the account. One schema is one account is one log.
    schema: str
    # Where the embedded server, generated secrets and the last seen position live. Absolute.
    data_dir: Path
    # 32 bytes each. The first is the account's for good: it keys the tokens' digests. A later one seals, and signs too,
    # from its `key.added` on. None at all: the application keeps them in data_dir.
    keys: tuple[bytes, ...]
    # The first Administrator's token at the first start. None: one is generated into a file.
    admin_token: str | None
    # The first Administrator's e-mail address at the first start; it can be changed like anybody's later.
    admin_email: str
    # What the predefined roles Viewer and Guest are called, and what a Guest may see, when roles are made or reset.
    role_names: str
    # How many connections may be open at once; further ones are told to come again.
    connections_max: int
    # How many denied changes a token, and how many useless credentials an address, has each minute. 0: no limit.
    denials_per_minute: int
    # How long the database may be out of hearing before questions are answered 503 instead of from what was heard.
    staleness_seconds_max: int
    # Whether a version's contract may be published again with another content. A Pact Broker's default: it may not.
    contract_changes: str
    # A snapshot is taken when the newest lies so many records behind; 0: only when somebody runs `muniment snapshot`.
    snapshot_every: int
    # The methods that webhooks may have. POST alone by default: what reads would tell nobody anything.
    webhook_methods: tuple[str, ...]
    # For so many days the bodies of contracts that were deleted or replaced can still be restored; 0: for good.
    deleted_contracts_kept_days: int
    # Whether webhooks are sent: send; hold, so that what is owed stays owed; auto: only under the log's own BASE_URL.
    webhooks: str
    # How long after each attempt that failed the next one follows; after the last of them there is none.
    webhook_retry_seconds: tuple[int, ...]
    # How long one attempt may take, from looking up the receiver's name to the end of its answer.
    webhook_timeout_seconds: int
    # Networks that webhooks may reach although they are not public. None by default: see docs/webhooks.md.
    webhook_allowed_networks: tuple[settings_values.Network, ...]
    # Certificates of authorities that receivers are believed by, beside the system's, in PEM.
    webhook_ca_file: Path | None
    # The least severe messages to log: debug, info, warning or error.
    log_level: str
    # json: one object a line; console: for people; auto: console on a terminal and json elsewhere.
    log_format: str


class Loaded(msgspec.Struct, frozen=True, kw_only=True):
    """The settings, where each variable's value came from (`environment`, `file <path>`, `default`), and doubts."""

    settings: Settings
    sources: dict[str, str]
    warnings: tuple[str, ...]


def from_environment(environ: Mapping[str, str], root: bool | None = None) -> Loaded:
    """Read every setting, or raise Invalid, whose pointer is the variable and whose sentence says what would be right.

    `root` says whether the process is root's, whose default data directory another account must be able to reach;
    None asks the system.
    """
    texts, sources = {}, {}
    for variable in READERS:
        text, sources[variable] = _text(environ, variable)
        if text is not None:
            texts[variable] = text
    read: dict[str, Any] = {variable: READERS[variable](text, variable) for variable, text in texts.items()}
    _require_both_or_neither(read)
    settings = _settings(read, environ, os.geteuid() == 0 if root is None else root)
    warnings = list(settings_names.doubts(environ, tuple(READERS), PATHS))
    if settings.migrate_url and not settings.database_url:
        warnings.append(
            "MUNIMENT_MIGRATE_URL is set without DATABASE_URL: the embedded Postgres is used, and it is ignored."
        )
    return Loaded(settings=settings, sources=sources, warnings=tuple(warnings))


def _settings(read: Mapping[str, Any], environ: Mapping[str, str], root: bool) -> Settings:
    """What was read, with the default of everything else."""
    host, port = read.get("HOST", "127.0.0.1"), read.get("PORT", 9292)
    return Settings(
        database_url=read.get("DATABASE_URL"),
        migrate_url=read.get("MUNIMENT_MIGRATE_URL"),
        host=host,
        port=port,
        tls_cert_file=read.get("TLS_CERT_FILE"),
        tls_key_file=read.get("TLS_KEY_FILE"),
        ops_port=read.get("MUNIMENT_OPS_PORT"),
        ops_host=read.get("MUNIMENT_OPS_HOST", "127.0.0.1"),
        drain_seconds=read.get("SHUTDOWN_DRAIN_SECONDS", 0),
        base_url=read.get("BASE_URL") or _default_base_url(host, port, tls="TLS_CERT_FILE" in read),
        trusted_proxies=read.get("TRUSTED_PROXIES", ()),
        schema=read.get("MUNIMENT_SCHEMA", "muniment"),
        data_dir=read.get("MUNIMENT_DATA_DIR") or _default_data_dir(environ, root),
        keys=read.get("MUNIMENT_KEY", ()),
        admin_token=read.get("MUNIMENT_ADMIN_TOKEN"),
        # A name reserved for examples: mail to it reaches nobody, and nobody's address is guessed.
        admin_email=read.get("MUNIMENT_ADMIN_EMAIL", "admin@example.org"),
        role_names=read.get("MUNIMENT_ROLE_NAMES", "2024"),
        connections_max=read.get("MUNIMENT_CONNECTIONS_MAX", 1_000),
        denials_per_minute=read.get("MUNIMENT_DENIALS_PER_MINUTE", 60),
        staleness_seconds_max=read.get("MUNIMENT_STALENESS_SECONDS_MAX", 300),
        contract_changes=read.get("MUNIMENT_CONTRACT_CHANGES", "refused"),
        snapshot_every=read.get("MUNIMENT_SNAPSHOT_EVERY", 100_000),
        webhook_methods=read.get("MUNIMENT_WEBHOOK_METHODS", ("POST",)),
        deleted_contracts_kept_days=read.get("MUNIMENT_DELETED_CONTRACTS_KEPT_DAYS", 30),
        webhooks=read.get("MUNIMENT_WEBHOOKS", "auto"),
        webhook_retry_seconds=read.get("MUNIMENT_WEBHOOK_RETRY_SECONDS", WEBHOOK_RETRY_SECONDS),
        webhook_timeout_seconds=read.get("MUNIMENT_WEBHOOK_TIMEOUT_SECONDS", 10),
        webhook_allowed_networks=read.get("MUNIMENT_WEBHOOK_ALLOWED_NETWORKS", ()),
        webhook_ca_file=read.get("MUNIMENT_WEBHOOK_CA_FILE"),
        log_level=read.get("LOG_LEVEL", "info"),
        log_format=read.get("LOG_FORMAT", "auto"),
    )


def masked(loaded: Loaded) -> list[tuple[str, str, str]]:
    """Rows of (variable, effective value, source) for people and logs: secrets and passwords are masked."""
    settings = loaded.settings
    shown = {
        "DATABASE_URL": _without_password(settings.database_url) or "embedded",
        "MUNIMENT_MIGRATE_URL": _without_password(settings.migrate_url) or "not set",
        "HOST": settings.host,
        "PORT": str(settings.port),
        "TLS_CERT_FILE": str(settings.tls_cert_file or "not set"),
        "TLS_KEY_FILE": str(settings.tls_key_file or "not set"),
        "MUNIMENT_OPS_PORT": "not set" if settings.ops_port is None else str(settings.ops_port),
        "MUNIMENT_OPS_HOST": settings.ops_host,
        "SHUTDOWN_DRAIN_SECONDS": str(settings.drain_seconds),
        "BASE_URL": settings.base_url,
        "TRUSTED_PROXIES": ", ".join(map(str, settings.trusted_proxies)) or "none",
        "MUNIMENT_SCHEMA": settings.schema,
        "MUNIMENT_DATA_DIR": str(settings.data_dir),
        "MUNIMENT_KEY": _MASK if settings.keys else "generated in the data directory",
        "MUNIMENT_ADMIN_TOKEN": _MASK if settings.admin_token else "generated at the first start",
        "MUNIMENT_ADMIN_EMAIL": settings.admin_email,
        "MUNIMENT_ROLE_NAMES": settings.role_names,
        "MUNIMENT_CONNECTIONS_MAX": str(settings.connections_max),
        "MUNIMENT_DENIALS_PER_MINUTE": str(settings.denials_per_minute),
        "MUNIMENT_STALENESS_SECONDS_MAX": str(settings.staleness_seconds_max),
        "MUNIMENT_CONTRACT_CHANGES": settings.contract_changes,
        "MUNIMENT_SNAPSHOT_EVERY": str(settings.snapshot_every),
        "MUNIMENT_WEBHOOK_METHODS": ", ".join(settings.webhook_methods),
        "MUNIMENT_DELETED_CONTRACTS_KEPT_DAYS": str(settings.deleted_contracts_kept_days),
        "MUNIMENT_WEBHOOKS": settings.webhooks,
        "MUNIMENT_WEBHOOK_RETRY_SECONDS": ",".join(map(str, settings.webhook_retry_seconds)) or "none",
        "MUNIMENT_WEBHOOK_TIMEOUT_SECONDS": str(settings.webhook_timeout_seconds),
        "MUNIMENT_WEBHOOK_ALLOWED_NETWORKS": ", ".join(map(str, settings.webhook_allowed_networks)) or "none",
        "MUNIMENT_WEBHOOK_CA_FILE": str(settings.webhook_ca_file or "not set"),
        "LOG_LEVEL": settings.log_level,
        "LOG_FORMAT": settings.log_format,
    }
    return [(variable, value, loaded.sources[variable]) for variable, value in shown.items()]


def _text(environ: Mapping[str, str], variable: str) -> tuple[str | None, str]:
    """A variable's text and its source: its own, its file's without one newline at the end, or none."""
    own = environ.get(variable, "")
    named = "" if variable in PATHS else environ.get(f"{variable}_FILE", "")
    if own and named:
        raise errors.Invalid(f"{variable} and {variable}_FILE are both set. Keep one of them.", variable)
    if own:
        return own, "environment"
    if not named:
        return None, "default"
    try:
        with Path(named).open("rb") as file:
            content = file.read(_FILE_BYTES_MAX + 1)
        text = content.decode()
    except OSError as failure:
        raise errors.Invalid(
            f"{variable}_FILE names {named}, which cannot be read: {failure.strerror}.", f"{variable}_FILE"
        ) from failure
    except UnicodeDecodeError as failure:
        raise errors.Invalid(
            f"{variable}_FILE names {named}, which is not UTF-8 text.", f"{variable}_FILE"
        ) from failure
    text = text.removesuffix("\n").removesuffix("\r")
    if not text or len(content) > _FILE_BYTES_MAX:
        raise errors.Invalid(
            f"{variable}_FILE names {named}, which is {'empty' if not text else 'too long'}.",
            f"{variable}_FILE",
        )
    return text, f"file {named}"


READERS: Final[dict[str, Callable[[str, str], Any]]] = {
    "DATABASE_URL": settings_values.postgres_url,
    "MUNIMENT_MIGRATE_URL": settings_values.postgres_url,
    "HOST": settings_values.host,
    "PORT": settings_values.port,
    "TLS_CERT_FILE": settings_values.file,
    "TLS_KEY_FILE": settings_values.file,
    "MUNIMENT_OPS_PORT": settings_values.port,
    "MUNIMENT_OPS_HOST": settings_values.host,
    "SHUTDOWN_DRAIN_SECONDS": settings_values.seconds,
    "BASE_URL": settings_values.base_url,
    "TRUSTED_PROXIES": settings_values.networks,
    "MUNIMENT_SCHEMA": settings_values.schema,
    "MUNIMENT_DATA_DIR": settings_values.directory,
    "MUNIMENT_KEY": settings_values.keys,
    "MUNIMENT_ADMIN_TOKEN": settings_values.token,
    "MUNIMENT_ADMIN_EMAIL": settings_values.email,
    "MUNIMENT_ROLE_NAMES": settings_values.one_of("2024", "2025"),
    "MUNIMENT_CONNECTIONS_MAX": settings_values.whole(1, 100_000),
    "MUNIMENT_DENIALS_PER_MINUTE": settings_values.whole(0, 60_000),
    "MUNIMENT_STALENESS_SECONDS_MAX": settings_values.whole(1, 86_400),
    "MUNIMENT_CONTRACT_CHANGES": settings_values.one_of("refused", "allowed"),
    "MUNIMENT_SNAPSHOT_EVERY": settings_values.whole(0, 1_000_000_000),
    "MUNIMENT_WEBHOOK_METHODS": settings_values.methods,
    "MUNIMENT_DELETED_CONTRACTS_KEPT_DAYS": settings_values.whole(0, 36_500),
    "MUNIMENT_WEBHOOKS": settings_values.one_of("auto", "send", "hold"),
    "MUNIMENT_WEBHOOK_RETRY_SECONDS": settings_values.delays,
    "MUNIMENT_WEBHOOK_TIMEOUT_SECONDS": settings_values.whole(1, 300),
    "MUNIMENT_WEBHOOK_ALLOWED_NETWORKS": settings_values.networks,
    "MUNIMENT_WEBHOOK_CA_FILE": settings_values.file,
    "LOG_LEVEL": settings_values.one_of("debug", "info", "warning", "error"),
    "LOG_FORMAT": settings_values.one_of("auto", "console", "json"),
}
"""Every variable there is, and what reads it."""

TLS: Final = ("TLS_CERT_FILE", "TLS_KEY_FILE")
PATHS: Final = (*TLS, "MUNIMENT_WEBHOOK_CA_FILE")
"""Settings that are files, not texts that may stand in one."""


def _require_both_or_neither(read: Mapping[str, Any]) -> None:
    for given, lacking in (TLS, TLS[::-1]):
        if given in read and lacking not in read:
            raise errors.Invalid(
                f"{lacking} must be set where {given} is: TLS needs the certificate and its key.", lacking
            )


def _default_base_url(host: str, port: int, *, tls: bool) -> str:
    """A server on every address is reached by people on this machine under its usual name."""
    reached = "localhost" if host in ("0.0.0.0", "::") else host
    return f"{'https' if tls else 'http'}://{f'[{reached}]' if ':' in reached else reached}:{port}"


def _default_data_dir(environ: Mapping[str, str], root: bool) -> Path:
    """XDG Base Directory, where a relative path counts as not set. Root's home is closed to Postgres' account."""
    if (chosen := environ.get("XDG_DATA_HOME", "")) and Path(chosen).is_absolute():
        return Path(chosen) / "muniment"
    home = environ.get("HOME", "")
    if root or not Path(home).is_absolute():
        return Path("/var/lib/muniment")
    return Path(home) / ".local" / "share" / "muniment"


def _without_password(address: str | None) -> str | None:
    """The address with every password in it masked, in front of the host and among the parameters."""
    if address is None:
        return None
    parts = urlsplit(address)
    user_and_password, at, host = parts.netloc.rpartition("@")
    user, colon, _ = user_and_password.partition(":")
    netloc = f"{user}{colon}{_MASK if colon else ''}{at}{host}"
    query = urlencode(
        [
            (name, _MASK if "password" in name else value)
            for name, value in parse_qsl(parts.query, keep_blank_values=True)
        ],
        safe="*/:,",
    )
    return f"{parts.scheme}://{netloc}{parts.path}" + (f"?{query}" if query else "")
