import pytest

from service import errors
from service.log.keys import Keys
from service.vocabulary import KeyId, VaultRef
from tests.log import records

ID = KeyId("00000000-0000-4000-8000-000000000001")
OTHER = KeyId("00000000-0000-4000-8000-000000000002")


def everything(keys: Keys) -> list[object]:
    """One thing of every purpose that is the same each time."""
    return [
        keys.token_digest("value"),
        keys.fingerprint(b"body"),
        keys.mac("cursor", b"body"),
        keys.key_check,
        keys.signer("origin").verifier,
    ]


def test_keys_are_the_same_at_every_start() -> None:
    """A restart with the same secret authenticates, opens and signs as before; another secret does nothing of it."""
    same, another = Keys.derived(bytes(range(32))), Keys.derived(b"x" * 32)
    assert everything(records.KEYS) == everything(same)
    assert not set(everything(records.KEYS)) & set(everything(another))


def test_known_answers() -> None:
    """The derivation never changes: a release that computed others could not read its own log."""
    nonce = b"n" * 12
    wrapped = "016e6e6e6e6e6e6e6e6e6e6e6eb05366331d9e93d6cc0011f270383e2c108fdb915548e2f663fe0e4a65a38605"
    vault = "016e6e6e6e6e6e6e6e6e6e6e6e26747be95ffb078e823bbfc533cfb0edc255dadf4097"
    digest = "976aea6d12fdccc40f120a8267e730af289bec69d51214031a651d34907c4c67"
    verifier = "muniment.test/account+e46d7748+AU31SowkP7BmwshmJA/SwI1s411d5KYIQ5un3Qsjie2c"
    assert digest == records.KEYS.token_digest("value")
    assert verifier == records.SIGNER.verifier
    assert records.KEYS.key_check.hex().startswith("09ee885869bb1577f4efd88011b4abba")
    assert records.KEYS.fingerprint(b"body").hex().startswith("e7699a74361ccbf3")
    assert records.KEYS.mac("cursor", b"body").hex().startswith("0285b639a42ac14c")
    assert records.KEYS.wrap(ID, b"k" * 32, nonce).hex().startswith(wrapped)
    assert vault == records.KEYS.seal_vault(VaultRef(ID), b"secret", nonce).hex()


def test_purposes_do_not_mix() -> None:
    """What one purpose signs is worth nothing for another, however the texts are cut."""
    assert records.KEYS.mac("cursor", b"body") != records.KEYS.mac("file", b"body")
    assert records.KEYS.mac("ab", b"c") != records.KEYS.mac("a", b"bc")
    assert records.KEYS.token_digest("a") != records.KEYS.fingerprint(b"a").hex()


def test_a_wrapped_key_opens_only_under_its_own_id() -> None:
    """Rows of person_key cannot be exchanged, shortened or changed unnoticed."""
    wrapped = records.KEYS.wrap(ID, b"k" * 32)
    assert b"k" * 32 == records.KEYS.unwrap(ID, wrapped)
    assert wrapped != records.KEYS.wrap(ID, b"k" * 32), "every wrap has a nonce of its own"
    for key_id, box in ((OTHER, wrapped), (ID, wrapped[:-1]), (ID, b"\x02" + wrapped[1:]), (ID, b"")):
        with pytest.raises(errors.Broken):
            records.KEYS.unwrap(key_id, box)
    with pytest.raises(errors.Broken, match="MUNIMENT_KEY"):
        Keys.derived(b"x" * 32).unwrap(ID, wrapped)


def test_a_vault_row_opens_only_under_its_own_ref() -> None:
    """A token's value cannot be read under another token's ref, nor as a person's key."""
    ciphertext = records.KEYS.seal_vault(VaultRef(ID), b"secret")
    assert b"secret" == records.KEYS.open_vault(VaultRef(ID), ciphertext)
    with pytest.raises(errors.Broken):
        records.KEYS.open_vault(VaultRef(OTHER), ciphertext)
    with pytest.raises(errors.Broken):
        records.KEYS.unwrap(ID, ciphertext)


def test_keys_show_nothing() -> None:
    """A key that reaches a log line or a traceback is no longer one."""
    assert "Keys(…)" == repr(records.KEYS)
    assert "Signer('muniment.test/account')" == repr(records.SIGNER)


def test_a_short_secret_is_refused() -> None:
    """Half a key is a mistake in the settings, not a weaker key."""
    with pytest.raises(errors.Invalid, match="32 bytes"):
        Keys.derived(b"short")


def test_a_later_secret_seals_once_it_is_in_force() -> None:
    """What stands under the first stays readable; what is sealed under a later one says so, and only those open it."""
    first, later = bytes(range(32)), b"x" * 32
    keys = Keys.derived(first, later)
    assert everything(records.KEYS) == everything(keys), "the first secret stays the account's"
    early = keys.wrap(ID, b"k" * 32)
    keys.seal_under(keys.fingerprints[1])
    late, value = keys.wrap(ID, b"k" * 32), keys.seal_vault(VaultRef(ID), b"secret")
    assert (b"k" * 32,) * 2 == (keys.unwrap(ID, early), keys.unwrap(ID, late))
    assert late.startswith(keys.sealing)
    assert value.startswith(keys.sealing)
    assert b"secret" == keys.open_vault(VaultRef(ID), value)
    assert b"k" * 32 == records.KEYS.unwrap(ID, early)
    for box in (late, late[:9], late[:3]):
        with pytest.raises(errors.Broken, match=keys.fingerprints[1] if len(box) > 5 else "does not know"):
            records.KEYS.unwrap(ID, box)
    with pytest.raises(errors.Broken, match="does not open"):
        keys.unwrap(OTHER, late)


def test_a_later_secret_is_told_by_its_fingerprint() -> None:
    """It is the same wherever the secret stands, and the same secret twice is a slip."""
    first, second, third = (bytes([number]) * 32 for number in range(3))
    assert Keys.derived(first, second).fingerprints[1] == Keys.derived(third, first, second).fingerprints[2]
    with pytest.raises(errors.Invalid, match="twice"):
        Keys.derived(first, first)
    with pytest.raises(errors.Broken, match="ffffffff"):
        Keys.derived(first).seal_under("ffffffff")
    keys = Keys.derived(first, second)
    assert keys.signer("o").verifier != keys.signer("o", keys.fingerprints[1]).verifier
