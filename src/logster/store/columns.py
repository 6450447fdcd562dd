"""The columns of the table of events, and the fields of a search as SQL.

In: a `Field`, the `Parameters` of a statement. Out: an expression made of our own words.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from logster.query.tree import FIELDS, Field
from logster.store.properties import property_text

if TYPE_CHECKING:
    from logster.store.parameters import Parameters

#: Field -> column; a name that is not in here never reaches SQL text.
COLUMNS = {name: name for name in FIELDS}
COLUMNS["user"] = "`user`"

SEVERITY = Field("severity")
#: Values that begin with the same so many characters are one: `field:"beginning"*` finds them.
MAX_VALUE_CHARACTERS = 1_000


def value_of_field(field: Field, parameters: Parameters) -> str:
    """A field's value as its column has it; of a property its text, '' when there is none."""
    return property_text(field, parameters) if field.is_property else COLUMNS[field.name]


def text_of_field(field: Field, parameters: Parameters) -> str:
    """A field's value as the text that `field:text` finds again; '' when there is none.

    Objects and arrays have none: nothing is equal to them.
    """
    value = value_of_field(field, parameters)
    if field.is_property:
        return value
    if field.name == "issue":
        return f"if({value} = 0, '', toString({value}))"
    return f"toString({value})"


def counted_text_of_field(field: Field, parameters: Parameters) -> str:
    """A value as the text that counts: its beginning, so that an answer stays small."""
    return f"leftUTF8({text_of_field(field, parameters)}, {MAX_VALUE_CHARACTERS})"
