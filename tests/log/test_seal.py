import typing
from datetime import UTC, datetime

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from service import errors
from service.events import Event
from service.events.users import PrincipalEmailChanged, PrincipalRenamed, UserCreated
from service.log import batches, reader, recorded, seal, writer
from service.log.keys import Keys
from service.log.recorded import Source
from service.vocabulary import EventId, KeyId, Personal, PrincipalId, Sealed, clear
from tests.log import records
from tests.log.conftest import Log

EVENT = EventId("00000000-0000-4000-8000-00000000000e")
NOW = datetime(2026, 1, 1, tzinfo=UTC)


def with_key() -> tuple[seal.PersonKeys, KeyId]:
    """The keys of one person."""
    person_keys = seal.PersonKeys()
    key_id, raw = seal.new_person_key()
    person_keys.put(key_id, raw)
    return person_keys, key_id


def created(key_id: KeyId) -> UserCreated:
    """Sally, not yet sealed."""
    return UserCreated(
        principal=records.SALLY,
        key=key_id,
        name=clear("Sally", key_id),
        email=clear("sally@example.com", key_id),
    )


@given(st.text(max_size=300))
def test_what_is_sealed_can_be_opened(text: str) -> None:
    """Any text that vocabulary lets through comes back exactly."""
    person_keys, key_id = with_key()
    text = text.encode(errors="ignore").decode()
    sealed = seal.seal_text(text, key_id, EVENT, "name", person_keys)
    assert text == seal.open_sealed(Personal(EVENT, "name", sealed), person_keys)


def test_a_sealed_event_names_nobody() -> None:
    """Every Clear becomes a seal; the record's text holds neither name nor address, and decodes to the same event."""
    person_keys, key_id = with_key()
    event = seal.seal_event(created(key_id), EVENT, person_keys)
    entry = recorded.encode(records.record(1, NOW, event))
    assert b"ally" not in entry
    assert event == recorded.decode(entry).data
    opened = [
        seal.open_sealed(Personal(EVENT, field, getattr(event, field)), person_keys)
        for field in ("name", "email")
    ]
    assert ["Sally", "sally@example.com"] == opened
    assert None is event.first_name


def test_an_unsealed_text_cannot_be_recorded() -> None:
    """Forgetting to seal is an error before the record exists, not a leak, in the event and in the envelope."""
    key_id = with_key()[1]
    with pytest.raises(TypeError):
        recorded.encode(records.record(1, NOW, created(key_id)))
    fine = records.record(1, NOW, records.renamed())
    with pytest.raises(TypeError):
        recorded.encode(msgspec.structs.replace(fine, reason=clear("because", key_id)))
    with pytest.raises(TypeError):
        recorded.encode(msgspec.structs.replace(fine, source=Source(address=clear("192.0.2.1", key_id))))
    assert "because" not in repr(clear("because", key_id))


def test_a_moved_seal_is_refused() -> None:
    """A seal in another record or field, or with a changed box, is not somebody's name."""
    person_keys, key_id = with_key()
    sealed = seal.seal_text("Sally", key_id, EVENT, "name", person_keys)
    swapped = Sealed(key=key_id, box=("A" if sealed.box[0] != "A" else "B") + sealed.box[1:])
    for personal in (
        Personal(EventId(records.new_id()), "name", sealed),
        Personal(EVENT, "email", sealed),
        Personal(EVENT, "name", swapped),
        Personal(EVENT, "name", Sealed(key=key_id, box="no base64")),
        Personal(EVENT, "name", Sealed(key=key_id, box="")),
    ):
        with pytest.raises(errors.Broken, match="does not open"):
            seal.open_sealed(personal, person_keys)


def test_a_copied_seal_never_enters_a_record() -> None:
    """A `before` that carries its old record's seal could never be opened again, so it is a defect and says so."""
    person_keys, key_id = with_key()
    old = seal.seal_text("Sally", key_id, EVENT, "name", person_keys)
    event = PrincipalRenamed(principal=records.SALLY, before=old, after=clear("Sal", key_id))
    with pytest.raises(TypeError, match="before"):
        seal.seal_event(event, EventId(records.new_id()), person_keys)


def test_a_destroyed_key_forgets_the_person() -> None:
    """Behind a destroyed key a text reads as None, and nothing more is recorded under it."""
    person_keys, key_id = with_key()
    event = seal.seal_event(created(key_id), EVENT, person_keys)
    person_keys.forget(key_id)
    person_keys.forget(key_id)
    assert None is person_keys.get(key_id)
    assert None is seal.open_sealed(Personal(EVENT, "name", event.name), person_keys)
    with pytest.raises(errors.Broken, match="destroyed"):
        seal.seal_event(created(key_id), EVENT, person_keys)


def test_absent_fields_stay_absent() -> None:
    """None is no text: it is not sealed, and sealing an event without texts changes nothing."""
    person_keys, key_id = with_key()
    event = seal.seal_event(
        PrincipalEmailChanged(
            principal=PrincipalId(records.new_id()), before=None, after=clear("a@b", key_id)
        ),
        EVENT,
        person_keys,
    )
    assert None is event.before
    plain = records.renamed()
    assert plain is seal.seal_event(plain, EVENT, person_keys)


@pytest.mark.parametrize("event_type", typing.get_args(Event), ids=lambda event_type: event_type.__name__)
def test_every_event_keeps_its_seals_in_sight(event_type: type) -> None:
    """No event hides a seal in a collection or a struct, where it would have no field to be bound to."""
    for field in seal.sealed_fields(event_type):
        assert field in event_type.__struct_fields__  # type: ignore[attr-defined]  # msgspec adds it to every struct


class Inner(msgspec.Struct):
    """A struct with a seal."""

    name: Sealed


class InTuple(msgspec.Struct):
    """Seals in a tuple."""

    names: tuple[Sealed, ...]


class InStruct(msgspec.Struct):
    """A seal one struct further down."""

    inner: list[Inner] | None


class InUnion(msgspec.Struct):
    """A field that is a seal or something else."""

    name: Sealed | str


@pytest.mark.parametrize("wrong", [InTuple, InStruct, InUnion])
def test_a_hidden_seal_is_a_type_error(wrong: type) -> None:
    """Who adds an event with a nested seal learns it from the first test that touches it."""
    with pytest.raises(TypeError, match="hides a Sealed"):
        seal.sealed_fields(wrong)


async def test_person_keys_are_found_again(log: Log) -> None:
    """A restart opens what was sealed before it; a row that was deleted meanwhile is forgotten in memory too."""
    head = await reader.head(log.service)
    made = [seal.new_person_key() for _ in range(3)]
    batch = batches.Batch(
        entries=records.entries(head, await records.clock(log.service), [records.renamed()]),
        person_keys=[(key_id, records.KEYS.wrap(key_id, raw)) for key_id, raw in made],
    )
    await writer.append(log.service, head, batch, records.KEYS.key_check)
    person_keys = seal.PersonKeys()
    await person_keys.load_some(log.service, records.KEYS, [made[0][0], KeyId(records.new_id())])
    assert 1 == len(person_keys)
    await person_keys.load(log.service, records.KEYS)
    assert [raw for _, raw in made] == [person_keys.get(key_id) for key_id, _ in made]
    await log.service.execute("delete from person_key where key = $1::uuid", made[1][0])
    await person_keys.load(log.service, records.KEYS)
    assert [made[0][1], None, made[2][1]] == [person_keys.get(key_id) for key_id, _ in made]


async def test_a_key_is_unwrapped_when_it_is_needed(log: Log) -> None:
    """A row that is not ours keeps nobody else's from being read, and is told to whoever needs it."""
    ours, foreign = seal.new_person_key(), seal.new_person_key()
    for key_id, wrapped in (
        (ours[0], records.KEYS.wrap(*ours)),
        (foreign[0], Keys.derived(b"x" * 32).wrap(*foreign)),
    ):
        await log.service.execute("insert into person_key values ($1, $2)", key_id, wrapped)
    person_keys = seal.PersonKeys()
    await person_keys.load(log.service, records.KEYS)
    assert 2 == len(person_keys)
    assert ours[1] == person_keys.get(ours[0])
    with pytest.raises(errors.Broken, match=foreign[0]):
        person_keys.cipher(foreign[0])
    person_keys.forget(foreign[0])
    assert None is person_keys.cipher(foreign[0])
    assert 1 == len(person_keys)


def test_few_ciphers_are_kept_ready(monkeypatch: pytest.MonkeyPatch) -> None:
    """However many people there are, each can be read, and most of them take little memory."""
    monkeypatch.setattr(seal, "_CIPHERS_MAX", 2)
    person_keys = seal.PersonKeys()
    made = [seal.new_person_key() for _ in range(5)]
    for key_id, raw in made:
        person_keys.put(key_id, raw)
    for key_id, _ in made * 2:
        assert person_keys.cipher(key_id) is person_keys.cipher(key_id)
    assert [raw for _, raw in made] == [person_keys.get(key_id) for key_id, _ in made]


def test_of_many_keys_each_opens_its_own_texts() -> None:
    """However many people there are, only the ciphers used of late are kept, and a forgotten key has none."""
    keys = seal.PersonKeys()
    made = [seal.new_person_key() for _ in range(3_000)]
    for key, raw in made:
        keys.put(key, raw)
    event = EventId("00000000-0000-7000-8000-000000000001")
    sealed = {key: seal.seal_text(f"text of {key}", key, event, "name", keys) for key, _ in made}
    for key, _ in reversed(made):
        assert f"text of {key}" == seal.open_sealed(Personal(event, "name", sealed[key]), keys)
    keys.forget(made[0][0])
    assert seal.open_sealed(Personal(event, "name", sealed[made[0][0]]), keys) is None
