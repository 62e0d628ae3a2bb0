"""What can happen to an organisation's own permission catalogues: one is adopted, replaces itself, or is withdrawn."""

import msgspec

from service.catalogue.own import OwnCatalogue


class OwnCatalogueAdopted(
    msgspec.Struct, frozen=True, kw_only=True, tag_field="kind", tag="own_catalogue.adopted"
):
    """From here on the organisation's own permissions mean what this says, beside the built-in ones.

    `number_before` is that of the one that it takes the place of, 0 for a new one; the record that adopted that one
    holds its content.
    """

    name: str
    number_before: int
    catalogue: OwnCatalogue


class OwnCatalogueWithdrawn(
    msgspec.Struct, frozen=True, kw_only=True, tag_field="kind", tag="own_catalogue.withdrawn"
):
    """Its permissions grant nothing from here on. Roles keep what they hold, and things stay registered."""

    name: str
    number_before: int


OwnCatalogueEvent = OwnCatalogueAdopted | OwnCatalogueWithdrawn
