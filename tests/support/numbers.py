"""Numbers about the places where a float stands for several whole ones, as clients write them."""

from __future__ import annotations

from hypothesis import strategies as st

#: Where 64-bit floats, signed and unsigned whole numbers end, and what clients really send there.
EDGES = (0, 2**53, 2**54, 2**62, 2**63, 2**64, 10**17, 10**18, 6_674_029_904_495_870_945, 10**30)

#: Where `n>=x` went wrong first: ids, ticks of .NET, epochs in nanoseconds.
FAMILIAR = (
    *(6_674_029_904_495_870_944, 6_674_029_904_495_870_945, 6_674_029_904_495_870_946),
    *(638_999_999_999_999_999, 1_790_000_000_123_456_789, 1_790_000_000_123_456_790),
    *(2**64 - 1, 2**64 - 2, -(2**63), -(2**63) + 1, 2**53 + 1, 0, 1, 5, 1000),
)

whole = st.sampled_from(FAMILIAR) | st.builds(
    lambda edge, step, sign: sign * (edge + step),
    st.sampled_from(EDGES),
    st.integers(-3, 3) | st.sampled_from((-1024, -512, 512, 1024, 2048)),
    st.sampled_from((1, -1)),
)
fractions = st.sampled_from((".0", ".5", ".25", ".000", ".49999", ".999999999999"))


def _with_exponent(number: int) -> str:
    sign, digits = ("-", str(-number)) if number < 0 else ("", str(number))
    return f"{sign}{digits[0]}.{digits[1:] or '0'}e{len(digits) - 1}"


#: As JSON writes them, and as people type them.
written = st.one_of(
    whole.map(str),
    st.builds(lambda number, fraction: f"{number}{fraction}", whole, fractions),
    whole.map(_with_exponent),
    whole.map(lambda number: repr(float(number))),
    st.sampled_from(("-0", "-0.0", "0.0", "1e3", "1E+3", "1.0", "0.1", "-2.5", "1e21", "1e-7")),
    st.sampled_from(("1e76", "1e77", "9" * 76, "9" * 77, "9" * 200, "123456789e12", "1e23")),
)
