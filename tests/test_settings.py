"""The settings: what each accepts, what it says otherwise, and what nobody ever sees."""

import base64
from ipaddress import ip_network
from pathlib import Path

import msgspec
import pytest

from service import errors, settings

KEY = bytes(range(32))
TOKEN = "a" * 32


def load(**environ: str) -> settings.Settings:
    return settings.from_environment(environ, root=False).settings


def test_nothing_needs_to_be_set() -> None:
    """A first start asks nobody anything."""
    loaded = settings.from_environment({"HOME": "/home/kevin", "PATH": "/bin"}, root=False)
    assert (
        settings.Settings(
            database_url=None,
            migrate_url=None,
            host="127.0.0.1",
            port=9292,
            tls_cert_file=None,
            tls_key_file=None,
            ops_port=None,
            ops_host="127.0.0.1",
            drain_seconds=0,
            base_url="http://127.0.0.1:9292",
            trusted_proxies=(),
            schema="muniment",
            data_dir=Path("/home/kevin/.local/share/muniment"),
            keys=(),
            admin_token=None,
            admin_email="admin@example.org",
            role_names="2024",
            connections_max=1_000,
            denials_per_minute=60,
            staleness_seconds_max=300,
            contract_changes="refused",
            snapshot_every=100_000,
            webhook_methods=("POST",),
            deleted_contracts_kept_days=30,
            webhooks="auto",
            webhook_retry_seconds=(10, 60, 120, 300, 600, 1_200, 2_400),
            webhook_timeout_seconds=10,
            webhook_allowed_networks=(),
            webhook_ca_file=None,
            log_level="info",
            log_format="auto",
        )
        == loaded.settings
    )
    assert {"default"} == set(loaded.sources.values())
    assert () == loaded.warnings


def test_every_setting_is_read_and_named() -> None:
    """No variable is documented and then forgotten, in the struct, in the sources or in what is shown."""
    loaded = settings.from_environment(
        {
            "DATABASE_URL": "postgresql://serve@db/muniment",
            "MUNIMENT_MIGRATE_URL": "postgres://owner@db/muniment",
            "HOST": "::1",
            "PORT": "80",
            "TLS_CERT_FILE": "/tls/tls.crt",
            "TLS_KEY_FILE": "/tls/tls.key",
            "MUNIMENT_OPS_PORT": "9293",
            "MUNIMENT_OPS_HOST": "0.0.0.0",
            "SHUTDOWN_DRAIN_SECONDS": "10",
            "BASE_URL": "https://example.org/muniment/",
            "TRUSTED_PROXIES": "127.0.0.1, 10.0.0.0/8,::1",
            "MUNIMENT_SCHEMA": "acme_1",
            "MUNIMENT_DATA_DIR": "/srv/muniment",
            "MUNIMENT_KEY": KEY.hex(),
            "MUNIMENT_ADMIN_TOKEN": TOKEN,
            "MUNIMENT_ADMIN_EMAIL": "kevin@example.com",
            "MUNIMENT_ROLE_NAMES": "2025",
            "MUNIMENT_CONNECTIONS_MAX": "50",
            "MUNIMENT_DENIALS_PER_MINUTE": "0",
            "MUNIMENT_STALENESS_SECONDS_MAX": "30",
            "MUNIMENT_CONTRACT_CHANGES": "allowed",
            "MUNIMENT_SNAPSHOT_EVERY": "5000",
            "MUNIMENT_DELETED_CONTRACTS_KEPT_DAYS": "90",
            "MUNIMENT_WEBHOOK_METHODS": "put, POST",
            "MUNIMENT_WEBHOOKS": "Hold",
            "MUNIMENT_WEBHOOK_RETRY_SECONDS": "5, 30",
            "MUNIMENT_WEBHOOK_TIMEOUT_SECONDS": "3",
            "MUNIMENT_WEBHOOK_ALLOWED_NETWORKS": "10.20.0.0/16,fd00::/8",
            "MUNIMENT_WEBHOOK_CA_FILE": "/tls/ca.crt",
            "LOG_LEVEL": "DEBUG",
            "LOG_FORMAT": "json",
        }
    )
    assert (
        settings.Settings(
            database_url="postgresql://serve@db/muniment",
            migrate_url="postgres://owner@db/muniment",
            host="::1",
            port=80,
            tls_cert_file=Path("/tls/tls.crt"),
            tls_key_file=Path("/tls/tls.key"),
            ops_port=9293,
            ops_host="0.0.0.0",
            drain_seconds=10,
            base_url="https://example.org/muniment",
            trusted_proxies=(ip_network("127.0.0.1"), ip_network("10.0.0.0/8"), ip_network("::1")),
            schema="acme_1",
            data_dir=Path("/srv/muniment"),
            keys=(KEY,),
            admin_token=TOKEN,
            admin_email="kevin@example.com",
            role_names="2025",
            connections_max=50,
            denials_per_minute=0,
            staleness_seconds_max=30,
            contract_changes="allowed",
            snapshot_every=5_000,
            webhook_methods=("PUT", "POST"),
            deleted_contracts_kept_days=90,
            webhooks="hold",
            webhook_retry_seconds=(5, 30),
            webhook_timeout_seconds=3,
            webhook_allowed_networks=(ip_network("10.20.0.0/16"), ip_network("fd00::/8")),
            webhook_ca_file=Path("/tls/ca.crt"),
            log_level="debug",
            log_format="json",
        )
        == loaded.settings
    )
    assert {"environment"} == set(loaded.sources.values())
    assert list(settings.READERS) == [row[0] for row in settings.masked(loaded)]
    assert len(settings.READERS) == len(msgspec.structs.fields(settings.Settings))


@pytest.mark.parametrize("content", [TOKEN, TOKEN + "\n", TOKEN + "\r\n"])
def test_a_variable_may_be_a_file(tmp_path: Path, content: str) -> None:
    """A secret mounted as a file works as it was written, with or without the newline an editor adds."""
    file = tmp_path / "token"
    file.write_bytes(content.encode())
    loaded = settings.from_environment({"MUNIMENT_ADMIN_TOKEN_FILE": str(file)})
    assert TOKEN == loaded.settings.admin_token
    assert f"file {file}" == loaded.sources["MUNIMENT_ADMIN_TOKEN"]


def test_both_forms_of_a_variable_are_an_error() -> None:
    """Nobody has to guess which one counts."""
    with pytest.raises(errors.Invalid, match="PORT and PORT_FILE are both set") as caught:
        load(PORT="1", PORT_FILE="/nowhere")
    assert "PORT" == caught.value.pointer


def test_an_empty_variable_counts_as_not_set() -> None:
    """A compose file can hand a variable through that its user left out."""
    assert 9292 == load(PORT="", PORT_FILE="").port


@pytest.mark.parametrize(("given", "lacking"), [settings.TLS, settings.TLS[::-1]])
def test_half_of_tls_is_an_error(given: str, lacking: str) -> None:
    """Nobody believes that TLS is spoken where it is not; the sentence names the other half."""
    with pytest.raises(errors.Invalid, match=f"{lacking} must be set where {given} is") as caught:
        load(**{given: "/tls/one"})
    assert lacking == caught.value.pointer


def test_a_path_is_not_read_as_a_text_in_a_file(tmp_path: Path) -> None:
    """TLS_CERT_FILE is a file by nature: what is in it stays there, and TLS_CERT_FILE_FILE means nothing."""
    loaded = settings.from_environment(
        {"TLS_CERT_FILE": str(tmp_path / "missing"), "TLS_KEY_FILE": "/k", "TLS_KEY_FILE_FILE": "/nowhere"}
    )
    assert tmp_path / "missing" == loaded.settings.tls_cert_file
    assert "environment" == loaded.sources["TLS_CERT_FILE"]


@pytest.mark.parametrize("name", ["TLS_CERT", "TLS_KEY"])
def test_a_certificate_that_nobody_reads_is_a_warning(name: str) -> None:
    """Whoever sets the name without _FILE is told, or it would be plain HTTP in silence."""
    (warning,) = settings.from_environment({name: "/tls/one"}).warnings
    assert f"{name} is no setting and is ignored; did you mean {name}_FILE?" == warning


def test_links_are_https_with_a_certificate() -> None:
    """BASE_URL's default says what is spoken."""
    assert "https://localhost:9292" == load(HOST="0.0.0.0", TLS_CERT_FILE="/c", TLS_KEY_FILE="/k").base_url


@pytest.mark.parametrize("content", [None, b"", b"\n", b"\xff", b"x" * 70_000])
def test_a_file_that_cannot_be_read_is_named(tmp_path: Path, content: bytes | None) -> None:
    """The sentence names the variable and the path, so that the mistake is found in one look."""
    file = tmp_path / "port"
    if content is not None:
        file.write_bytes(content)
    with pytest.raises(errors.Invalid, match=f"PORT_FILE names {file}"):
        load(PORT_FILE=str(file))


@pytest.mark.parametrize(
    ("variable", "text"),
    [
        ("DATABASE_URL", "mysql://host/db"),
        ("DATABASE_URL", "postgresql:host"),
        ("DATABASE_URL", "postgresql://u:sesame@host:nine/db"),
        ("MUNIMENT_MIGRATE_URL", "sesame"),
        ("HOST", "no host"),
        ("PORT", "http"),
        ("PORT", "65536"),
        ("PORT", "-1"),
        ("PORT", "٣"),
        ("TLS_CERT_FILE", "/tls/"),
        ("TLS_KEY_FILE", "/tls/"),
        ("MUNIMENT_OPS_PORT", "metrics"),
        ("MUNIMENT_OPS_HOST", "no host"),
        ("SHUTDOWN_DRAIN_SECONDS", "1.5"),
        ("SHUTDOWN_DRAIN_SECONDS", "9999"),
        ("BASE_URL", "example.org"),
        ("BASE_URL", "https://example.org?x=1"),
        ("BASE_URL", "https://user@example.org"),
        ("BASE_URL", "http://[::1"),
        ("BASE_URL", "http://host:99999"),
        ("TRUSTED_PROXIES", "10.0.0.1/8"),
        ("TRUSTED_PROXIES", "127.0.0.1 ::1"),
        ("MUNIMENT_SCHEMA", "Muniment"),
        ("MUNIMENT_SCHEMA", 'a"; drop schema b'),
        ("MUNIMENT_SCHEMA", "pg_mine"),
        ("MUNIMENT_SCHEMA", "a" * 64),
        ("MUNIMENT_DATA_DIR", "here"),
        ("MUNIMENT_KEY", "sesame"),
        ("MUNIMENT_KEY", "A" * 43 + "=="),
        ("MUNIMENT_KEY", "g" * 64),
        ("MUNIMENT_KEY", "ab" * 32 + ",sesame"),
        ("MUNIMENT_KEY", "ab" * 32 + ","),
        ("MUNIMENT_ADMIN_TOKEN", "sesame"),
        ("MUNIMENT_ADMIN_TOKEN", "sesame " * 9),
        ("MUNIMENT_ADMIN_EMAIL", "kevin"),
        ("MUNIMENT_ROLE_NAMES", "2026"),
        ("MUNIMENT_CONNECTIONS_MAX", "0"),
        ("MUNIMENT_DENIALS_PER_MINUTE", "-1"),
        ("MUNIMENT_STALENESS_SECONDS_MAX", "5m"),
        ("MUNIMENT_CONTRACT_CHANGES", "yes"),
        ("MUNIMENT_SNAPSHOT_EVERY", "often"),
        ("MUNIMENT_SNAPSHOT_EVERY", "-1"),
        ("MUNIMENT_DELETED_CONTRACTS_KEPT_DAYS", "a month"),
        ("LOG_LEVEL", "loud"),
        ("LOG_FORMAT", "xml"),
    ],
)
def test_a_wrong_value_is_answered_with_what_would_be_right(variable: str, text: str) -> None:
    """The sentence starts with the variable and gives an example; it never repeats what may be a secret."""
    with pytest.raises(errors.Invalid) as caught:
        load(**{variable: text})
    assert variable == caught.value.pointer
    assert caught.value.sentence.startswith(variable)
    assert "sesame" not in caught.value.sentence


@pytest.mark.parametrize(
    "text",
    [
        KEY.hex(),
        KEY.hex().upper(),
        base64.b64encode(KEY).decode(),
        base64.urlsafe_b64encode(b"\xff" * 32).decode().rstrip("="),
    ],
)
def test_a_key_is_read_in_the_forms_that_tools_print(text: str) -> None:
    """Whatever made the 32 bytes, they arrive as they were."""
    assert load(MUNIMENT_KEY=text).keys in ((KEY,), (b"\xff" * 32,))
    for between in (",", ", ", "\n"):
        assert (KEY, b"x" * 32) == load(MUNIMENT_KEY=f"{KEY.hex()}{between}{(b'x' * 32).hex()}").keys


@pytest.mark.parametrize(
    ("environ", "expected"),
    [
        ({"HOST": "0.0.0.0"}, "http://localhost:9292"),
        ({"HOST": "[::]", "PORT": "1"}, "http://localhost:1"),
        ({"HOST": "::1"}, "http://[::1]:9292"),
        ({"HOST": "10.1.2.3"}, "http://10.1.2.3:9292"),
    ],
)
def test_links_lead_back_by_default(environ: dict[str, str], expected: str) -> None:
    """A link in an answer works for whoever is on the same machine without any setting."""
    assert expected == load(**environ).base_url


@pytest.mark.parametrize(
    ("environ", "root", "expected"),
    [
        ({"HOME": "/home/kevin", "XDG_DATA_HOME": "/data"}, False, "/data/muniment"),
        ({"HOME": "/home/kevin", "XDG_DATA_HOME": "data"}, False, "/home/kevin/.local/share/muniment"),
        ({"HOME": "/root"}, True, "/var/lib/muniment"),
        ({"HOME": "/root", "XDG_DATA_HOME": "/data"}, True, "/data/muniment"),
        ({}, False, "/var/lib/muniment"),
    ],
)
def test_the_data_directory_is_where_the_system_keeps_such(
    environ: dict[str, str], root: bool, expected: str
) -> None:
    """Root's home stays closed, so root's data is where Postgres' account can reach it."""
    assert Path(expected) == settings.from_environment(environ, root=root).settings.data_dir


@pytest.mark.parametrize(
    ("name", "expected"),
    [
        ("DATABSE_URL", "DATABASE_URL"),
        ("DATBASE_URL_FILE", "DATABASE_URL_FILE"),
        ("database_url", "DATABASE_URL"),
        ("MUNIMENT_SHEMA", "MUNIMENT_SCHEMA"),
        ("MUNIMENT_ADMIN_TOKEN_FLE", "MUNIMENT_ADMIN_TOKEN_FILE"),
        ("MUNIMENT_DATADIR", "MUNIMENT_DATA_DIR"),
        ("MUNIMENT_DATABASE", "MUNIMENT_DATA_DIR"),
        ("MUNIMNET_KEY", "MUNIMENT_KEY"),
        ("BASEURL", "BASE_URL"),
        ("PROT", "PORT"),
    ],
)
def test_a_misspelt_name_is_a_warning_with_the_nearest_one(name: str, expected: str) -> None:
    """A setting that is not read because of a slip does not pass in silence, and nothing is refused for it."""
    (warning,) = settings.from_environment({name: "x"}).warnings
    assert warning.startswith(f"{name} is no setting")
    assert expected in warning


@pytest.mark.parametrize(
    "name", ["SSL_CERT_FILE", "HOME", "HOSTNAME", "LANG", "LOGNAME", "PWD", "PATH", "PGHOST", "XDG_DATA_HOME"]
)
def test_an_ordinary_environment_raises_no_doubts(name: str) -> None:
    """Warnings that are always there are read by nobody."""
    assert () == settings.from_environment({name: "/x"}).warnings


def test_what_is_ours_and_unknown_is_a_warning() -> None:
    """Also where no known name is near."""
    assert ("MUNIMENT_QQQQQQQQQQQQQQQQQQQQQQ is no setting and is ignored.",) == (
        settings.from_environment({"MUNIMENT_QQQQQQQQQQQQQQQQQQQQQQ": "x"}).warnings
    )


def test_an_owner_without_a_database_is_a_warning() -> None:
    """The embedded server has an owner of its own."""
    (warning,) = settings.from_environment({"MUNIMENT_MIGRATE_URL": "postgresql://o@h/d"}).warnings
    assert warning.startswith("MUNIMENT_MIGRATE_URL is set without DATABASE_URL")


def test_no_secret_is_shown() -> None:
    """`muniment config` may be pasted into a ticket."""
    rows = settings.masked(
        settings.from_environment(
            {
                "DATABASE_URL": "postgresql://serve:ses%3Aame@db/m?host=/run&password=sesame&sslpassword=sesame",
                "MUNIMENT_MIGRATE_URL": "postgresql://owner:sesame@db:5/m",
                "MUNIMENT_KEY": KEY.hex(),
                "MUNIMENT_ADMIN_TOKEN": "sesame" * 6,
            }
        )
    )
    shown = {name: value for name, value, _ in rows}
    assert (
        "postgresql://serve:********@db/m?host=/run&password=********&sslpassword=********"
        == shown["DATABASE_URL"]
    )
    assert "postgresql://owner:********@db:5/m" == shown["MUNIMENT_MIGRATE_URL"]
    assert "********" == shown["MUNIMENT_KEY"]
    assert "********" == shown["MUNIMENT_ADMIN_TOKEN"]


def test_no_retries_are_asked_for_by_a_word() -> None:
    """An empty variable counts as not set, so none at all is written out; what is no number of seconds is refused."""
    assert () == load(MUNIMENT_WEBHOOK_RETRY_SECONDS="none").webhook_retry_seconds
    assert 7 == len(load(MUNIMENT_WEBHOOK_RETRY_SECONDS="").webhook_retry_seconds)
    for text in ("10,,60", "-1", "1.5", "700000", ",".join(["1"] * 51)):
        with pytest.raises(errors.Invalid):
            load(MUNIMENT_WEBHOOK_RETRY_SECONDS=text)
