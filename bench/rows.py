"""Deterministic, realistic log messages in the native API's form.

In: how many, a seed, the end of their 24 hours. Out: JSON lines of about 430 bytes each.
Promise: the same seed gives the same rows, and no row comes twice (each has an id of its own).

30 applications of ten kinds, about 200 categories, 50,000 users with a few very busy ones,
5 % with exceptions and stack traces, three to five properties. The shapes (shapes.txt) are
those that the software of such applications really writes; numbers, addresses and ids in them vary.
`zstd -1` packs 200,000 of them to a fifth, as it does a mix of real server logs.
"""

from __future__ import annotations

import json
import random
from datetime import UTC, datetime
from functools import cache
from itertools import pairwise
from pathlib import Path
from typing import TYPE_CHECKING, NamedTuple

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

WORDS = (
    "orders carts items users prices stock ledger alpha bravo charlie delta echo foxtrot golf "
    "hotel india juliet kilo lima mike november oscar papa quebec romeo sierra tango uniform "
    "victor whiskey xray yankee zulu amber basil cedar daisy ember fern ginger hazel iris jade "
    "karma lotus maple nectar olive pearl quartz raven sage thistle umber violet willow yarrow"
).split()
PATHS = (
    "/api/orders /api/orders/items /api/cart /login /logout /api/users/me /api/search /health "
    "/api/payments /api/products /api/products/images /static/app.js"
).split()
VERBS = "GET GET GET GET GET POST POST PUT DELETE PATCH".split()
AGENTS = (
    "Mozilla/5.0 (X11; Linux x86_64; rv:128.0)",
    "Mozilla/5.0 (iPhone; CPU iPhone OS 18_1)",
    "curl/8.9.1",
    "python-requests/2.32",
    "Go-http-client/1.1",
)
#: Two hundreds are common; the rest says what to look for.
STATUSES = (
    *(["200"] * 70 + ["201"] * 4 + ["204"] * 3 + ["302"] * 3 + ["304"] * 4),
    *(["400", "401"] * 2 + ["403", "409", "503"] + ["404"] * 6 + ["500"] * 3),
)
FIRST_NAMES = (
    "anna ben carla dmitri elena farid grace hiro ines jonas kate liam mei nora omar petra "
    "quinn rosa sven tara uma viktor wen yara zoe"
).split()
LAST_NAMES = (
    "smith mueller rossi tanaka garcia ivanov kim nguyen olsen patel silva dubois novak haddad"
).split()
EXCEPTIONS = (
    "System.InvalidOperationException: Sequence contains no elements (key {n5})",
    "System.TimeoutException: The operation timed out after {n5} ms",
    "System.NullReferenceException: Object reference not set to an instance of an object.",
    "Npgsql.PostgresException: 40P01: deadlock detected, process {n5}",
    "System.Net.Http.HttpRequestException: Connection refused ({word}.internal:{port})",
    "StackExchange.Redis.RedisTimeoutException: Timeout awaiting response (outbound={n5})",
    "java.io.IOException: Connection reset by peer: {ip}:{port}",
    "java.lang.IllegalStateException: Session {hex} is closed",
)
NAMESPACES = (
    "Acme.Orders Acme.Payments Acme.Identity Acme.Catalog Contoso.Data Npgsql.Internal "
    "Microsoft.EntityFrameworkCore Microsoft.AspNetCore.Mvc System.Net.Http RabbitMQ.Client"
).split()
CLASSES = (
    "Service Repository Controller Handler Middleware Client Pipeline Context Invoker Consumer"
).split()
METHODS = (
    "GetAsync SaveChangesAsync Invoke ProcessRequest MoveNext ExecuteReader SendAsync Validate "
    "Commit Deserialize Connect"
).split()

SHAPES = Path(__file__).with_name("shapes.txt")
USERS = 50_000
HOSTS = 40
EXCEPTION_SHARE = 0.05
#: Different stack traces; real programs fail again and again in the same places.
TRACES = 250
#: Draws are made once and then looked up: a row costs some microseconds.
POOL = 1 << 16
#: Rows that share one generator of random numbers.
CHUNK = 5000

#: Ready text with %s where something varies, and the pools to fill it from.
Shape = tuple[str, tuple[list[str], ...]]


class Kind(NamedTuple):
    """One block of shapes.txt."""

    applications: list[str]
    components: list[str]
    shapes: list[tuple[int, Shape]]
    weights: list[float]


class Vocabulary(NamedTuple):
    """Everything that is the same for all seeds."""

    #: Shape of the message, shape of the exception or None, and the constant middle.
    picks: list[tuple[Shape, bool, str]]
    traces: list[Shape]
    users: list[str]
    durations: list[str]
    tails: list[str]


def make_rows(
    count: int, seed: int = 1, *, end: datetime | None = None, start: int = 0
) -> Iterator[bytes]:
    """Give `count` messages as JSON, their times spread over the 24 hours before `end`.

    `start` (a multiple of CHUNK) leaves the first ones away: several processes make one set.
    """
    last = end or datetime.now(UTC)
    step_ms = 24 * 3600 * 1000 / count
    first_ms = last.timestamp() * 1000 - 24 * 3600 * 1000
    for first in range(start, count, CHUNK):
        rng = random.Random(f"{seed}.{first}")
        numbers = range(first, min(first + CHUNK, count))
        yield from _make_chunk(rng, [first_ms + step_ms * number for number in numbers])


def _make_chunk(rng: random.Random, times_ms: list[float]) -> Iterator[bytes]:
    words = vocabulary()
    second, clock = -1, ""
    for at_ms in times_ms:
        if (now := int(at_ms) // 1000) != second:
            second, clock = now, datetime.fromtimestamp(now, UTC).isoformat()[:19]
        draw = rng.getrandbits(272)
        shape, fails, middle = words.picks[draw & 0xFFFF]
        message = _fill(shape, draw >> 16)
        low, high = rng.getrandbits(64), rng.getrandbits(64)
        error = _fill(words.traces[low % TRACES], draw >> 64) if fails else ""
        yield (
            f'{{"Timestamp":"{clock}.{int(at_ms) % 1000:03}Z","Message":"{message}",{middle}'
            f'"User":"{words.users[high & 0x3FFFF]}",{error}"Properties":{{"RequestId":"'
            f"{low >> 32:08x}-{low >> 16 & 0xFFFF:04x}-4{low & 0xFFF:03x}-"
            f'{0x8000 | high >> 50:04x}-{high & 0xFFFFFFFFFFFF:012x}",'
            f'"DurationMs":{words.durations[draw >> 240 & 0xFFFF]}{words.tails[draw >> 256]}}}}}'
        ).encode()


def _fill(shape: Shape, draw: int) -> str:
    text, pools = shape
    values = []
    for pool in pools:
        values.append(pool[draw % len(pool)])
        draw >>= 15
    return text % tuple(values)


@cache
def vocabulary() -> Vocabulary:
    """Draw what all rows are made of."""
    rng = random.Random("vocabulary")
    pools = _make_pools(rng)
    kinds = [_make_kind(block, pools) for block in SHAPES.read_text().split("\n[")[1:]]
    picks = []
    for _ in range(POOL):
        kind = rng.choice(kinds)
        severity, shape = rng.choices(kind.shapes, kind.weights)[0]
        application = rng.choice(kind.applications)
        # The components of an application are not equally talkative.
        component = kind.components[int(rng.random() ** 1.5 * len(kind.components))]
        fails = rng.random() < EXCEPTION_SHARE
        severity = max(severity, 4) if fails else severity
        category = f"{application.title().replace('-', '')}.{component}"
        labels = f'"Severity":{severity},"Category":"{category}","Application":"{application}",'
        picks.append((shape, fails, labels))
    users = [f"{rng.choice(FIRST_NAMES)}.{rng.choice(LAST_NAMES)}{n}" for n in range(USERS)]
    return Vocabulary(
        picks,
        [_make_trace(rng, pools) for _ in range(TRACES)],
        # A square puts a tenth of all messages on one user in a hundred; all of them occur.
        [users[int((n / (1 << 18)) ** 2 * USERS)] for n in range(1 << 18)],
        pools["ms"],
        [_make_tail(rng) for _ in range(POOL)],
    )


def _make_pools(rng: random.Random) -> dict[str, list[str]]:
    def fill(draw: Callable[[], object]) -> list[str]:
        return [str(draw()) for _ in range(POOL)]

    def make_uuid() -> str:
        digits = f"{rng.getrandbits(128):032x}"
        return "-".join(digits[a:b] for a, b in pairwise((0, 8, 12, 16, 20, 32)))

    return {
        **{f"n{n}": fill(lambda n=n: rng.randrange(10 ** (n - 1), 10**n)) for n in range(2, 8)},  # type: ignore[misc]  # the default binds n
        "d": fill(lambda: rng.randrange(1, 9)),
        "ms": fill(lambda: min(60000, round(rng.lognormvariate(3.6, 1.3), 1))),
        "hex4": fill(lambda: f"{rng.getrandbits(16):04x}"),
        "hex": fill(lambda: f"{rng.getrandbits(40):010x}"),
        "uuid": fill(make_uuid),
        "ip": fill(
            lambda: (
                f"{rng.choice((10, 61, 172, 183, 192))}.{rng.randrange(256)}"
                f".{rng.randrange(256)}.{rng.randrange(1, 255)}"
            )
        ),
        "port": fill(lambda: rng.randrange(1024, 65536)),
        "word": fill(lambda: rng.choice(WORDS)),
        "verb": fill(lambda: rng.choice(VERBS)),
        "path": fill(lambda: rng.choice(PATHS)),
        "status": fill(lambda: rng.choice(STATUSES)),
        "agent": fill(lambda: rng.choice(AGENTS)),
    }


def _make_kind(block: str, pools: dict[str, list[str]]) -> Kind:
    _, applications, components, *lines = block.strip().splitlines()
    shapes = [line.split(" ", 2) for line in lines]
    return Kind(
        applications.split(),
        components.split(),
        [(int(severity), _compile(text, pools)) for severity, _, text in shapes],
        [float(weight) for _, weight, _ in shapes],
    )


def _compile(text: str, pools: dict[str, list[str]]) -> Shape:
    """A text with {slots} as JSON text with %s."""
    slots = []
    pieces = json.dumps(text)[1:-1].replace("%", "%%").split("{")
    for number, piece in enumerate(pieces[1:], 1):
        slot, brace, rest = piece.partition("}")
        if brace and slot in pools:
            slots.append(pools[slot])
            pieces[number] = f"%s{rest}"
        else:
            pieces[number] = f"{{{piece}"
    return "".join(pieces), tuple(slots)


def _make_trace(rng: random.Random, pools: dict[str, list[str]]) -> Shape:
    frames = []
    for _ in range(rng.randrange(5, 17)):
        name = rng.choice(CLASSES)
        frame = f"   at {rng.choice(NAMESPACES)}.{rng.choice(METHODS)[:4]}{name}"
        frame += f".{rng.choice(METHODS)}({name} request, CancellationToken token)"
        if rng.random() < 0.5:
            folder = rng.choice(NAMESPACES).replace(".", "/")
            frame += f" in /src/{folder}/{name}.cs:line {rng.randrange(20, 900)}"
        frames.append(frame)
    exception, slots = _compile(rng.choice(EXCEPTIONS), pools)
    trace = json.dumps("\n".join(frames))
    return f'"Exception":"{exception}","StackTrace":{trace},', slots


def _make_tail(rng: random.Random) -> str:
    status = rng.choice(STATUSES)
    tail = f',"StatusCode":{status}' if rng.random() < 0.8 else ""
    tail += f',"Host":"web-{rng.randrange(HOSTS):02}"'
    return tail + (f',"Path":"{rng.choice(PATHS)}"' if rng.random() < 0.3 else "")
