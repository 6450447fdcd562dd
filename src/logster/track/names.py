"""Names that compilers and runtimes make, as those that a person has written.

In: a family of languages, and the name of a function as its runtime prints it. Out: the same name
in every build: without numbers, addresses and hashes, and without what only says that it is a
lambda, a state machine, a proxy or a closure of it. Promise: pure; linear; the name of a function
that nobody named is `UNNAMED`.

docs/reference/grouping.md has the table of what is dropped.
"""

from __future__ import annotations

import re
from functools import lru_cache

#: A function that has no name of its own; a name may end with it, behind what it stands in.
UNNAMED = "<anonymous>"
#: Longer names are cut: nobody writes them, and many of them would fill the memory.
MAX_NAME = 300

Rules = tuple[tuple[re.Pattern[str], str], ...]


def _rules(*pairs: tuple[str, str]) -> Rules:
    return tuple((re.compile(pattern, re.ASCII), made) for pattern, made in pairs)


# Each repeat is bounded or of a class that the next piece does not begin with: linear time.

_DOTNET = _rules(
    (r"^(?:async |static )+", ""),
    (r"\[[^\]]{0,300}\]+", ""),  # type arguments
    (r"`\d+(?=$|[.+<>])|`\d+", ""),
    # <<Main>b__0>d.MoveNext, <<Read>g__Parse|12_0>d.MoveNext: state machines of what follows
    (r"<<([^<>]{1,200})>([bg])__([^<>]{0,200})>d(?:__\d+)?\.MoveNext$", r"<\1>\2__\3"),
    (r"<([^<>]{1,200})>d(?:__\d+)?\.(?:MoveNext|SetStateMachine)$", r"\1"),
    (r"VB\$StateMachine_\d+_(\w+)\.MoveNext$", r"\1"),
    (r"(?:<>c(?:__DisplayClass[\d_]+)?|_Closure\$__[\d-]*)[.+]", ""),
    (r"<([^<>]{0,200})>g__([^|<>]{1,200})\|[\d_]+", r"\2"),
    (r"<([^<>]{0,200})>b__[\d_]+", rf"\1.{UNNAMED}"),
    (r"_Lambda\$__[\d-]+", UNNAMED),
    (r"<(Main|Program)>\$", r"\1"),
    (r"_?_[0-9A-Fa-f]{32,64}\b", ""),  # proxies of Entity Framework
    (r"(Proxy|lambda_method|ImplementationDetails>?)_?\d+", r"\1"),
    (r"\+", "."),
)
_JAVA = _rules(
    (r"^(?:[\w.@-]{0,100}/){1,2}(?=[\w$])", ""),  # loaders and modules
    (r"\$\$Lambda(?:\$\d+)?(?:/(?:0x)?[0-9a-fA-F]+)?", "$$Lambda"),
    (r"/0x[0-9a-fA-F]{1,16}", ""),
    (r"lambda\$(?:(\w+?)\$)?\d+$", r"lambda$\1"),
    (r"\$\$(?:EnhancerBy|FastClassBy|KeyFactoryBy)?\w{0,40}?(?:CGLIB|Guice)\$\$\w{1,20}", ""),
    (
        r"(?:_?\$\$_(?:jvst|javassist|Weld)|\$(?:HibernateProxy|MockitoMock|ByteBuddy))\w{0,20}(?:\$\w{1,20})?",
        "",
    ),
    (r"(\$Proxy|Accessor|ProxyImpl)\d+", r"\1"),
    (r"__\d+", ""),  # Clojure: fn__12345
    (r"\$(eval|_?run_)\d+", r"$\1"),
    (r"(_closure)\d+", r"\1"),
    (r"\$mc\w{1,4}\$sp", ""),
    (r"(?<=\w)-[\w-]{7}$", ""),  # Kotlin: a function of inline classes
    (r"\$\d+", "$"),
    (r"(?<=[a-z])(?:\$suspendImpl|\$default)$", ""),
)
_PYTHON = _rules(
    (r"<(?:listcomp|setcomp|dictcomp|genexpr|lambda)>$", UNNAMED),
    (r"(?:^|.{0,300}\.)<locals>\.", ""),
)
_JAVASCRIPT = _rules(
    (r" \[as [^\]]{1,100}\]$", ""),
    (r"^(?:promise callback\*|async\*|[\w ]{0,30}handler\*|set(?:Timeout|Interval) handler\*)", ""),
    (r"^(?:async |new |get |set |bound |static )+", ""),
    (r"^(?:Module|Object)?\.{1,2}/\S{1,300}$", UNNAMED),  # webpack: a module as a function
    (r"^.{0,200}/([\w$]+)<?$", r"\1"),  # Firefox: outer/inner<
    (r"^.{0,200}/<+$", UNNAMED),
    (r"<+$", ""),
    (r"^(?:[\w$<>]{1,200}\.){1,20}(?=[^.])", ""),
    (
        r"^(?:eval|anonymous|\?|<?unknown>?|Anonymous function|(?:global|module|eval) code|)$",
        UNNAMED,
    ),
    (r"^_0x[0-9a-f]{1,10}$", UNNAMED),
    (r"\$\d+$|_\d+$", ""),
)
_GO = _rules(
    (r"\[[^\]]{0,300}\]+", ""),
    (r"-fm$", ""),
    (r"(?:\.func\d+|\.gowrap\d+|\.deferwrap\d+|\.\d+|·dwrap·\d+|-range\d+)+$", f".{UNNAMED}"),
    (r"^glob\.\.", ""),
    (r"^.{0,300}/vendor/", ""),
)
_RUBY = _rules(
    (r"^(?:(?:block|rescue|ensure|else)(?: \(\d+ levels\))? in )+", ""),
    (r"___?\d+(?:_\d+)?$", ""),
    (r"^.{0,300}[#.](?=[^#.]+$)", ""),
    (r"__\d+_\d+$", ""),
)
_PHP = _rules(
    (r"@anonymous(?:\x00|\\0|%00)?[^>:]{0,300}?:\d+(?:\$[0-9a-f]+)?", "@anonymous"),
    (r"@anonymous(?:\x00|\\0)[^>]{0,300}?(?=->|::|$)", "@anonymous"),
    (r"\{closure(?::[^{}]{0,300})?\}", "{closure}"),
    (r"^.{0,300}\\(?=\{closure\})", ""),
    (r"__TwigTemplate_[0-9a-f]{8,}", "__TwigTemplate"),
    (r"^(?:Proxies\\__CG__|__CG__)\\", ""),
    (r"\bContainer[A-Za-z0-9]{7}\\", "Container\\\\"),
    (r"Proxy[0-9a-f]{7,}", "Proxy"),
)
_RUST = _rules(
    (r"::h[0-9a-f]{16}$", ""),
    (r"\[[0-9a-f]{16}\]", ""),
    (r"(?:::\{\{?closure(?:#\d+)?\}\}?)+", ""),  # the body of an async function is one, too
    (r"\{(?:impl|shim|constructor)#\d+\}", "{impl}"),
    (r"::<[^<>]{0,300}>", ""),
)
_APPLE = _rules(
    (r" \+ \d+$", ""),
    (r"^__\d+(?=[-+]\[)", ""),
    (r"_block_invoke(?:[._]\d+)*$", ""),
    (r"^(?:(?:specialized|merged|partial apply for|@objc|@nonobjc|static|implicit) )+", ""),
    (r"^\(\d+\) (?:suspend|await) resume partial function for ", ""),
    (r"^(?:(?:implicit )?closure #\d+ (?:\([^)]{0,300}\) )?(?:-> [^ ]{1,100} )?in )+", ""),
    (r" in (?:_[0-9A-F]{32}|\$[0-9a-f]+)$", ""),
    (r"(?:\.(?:cold|resume|isra|part|llvm)\.\d+)+$", ""),
    (r"^0x[0-9a-fA-F]+$", ""),
)
_ELIXIR = _rules(
    (r"^(?:anonymous fn/\d+ in )+", ""),
    (r"\"?-(?:fun\.)?([\w?!]+/\d+)-[^\"]{0,200}\"?(?:/\d+)?$", r"\1"),
    (r"#(?:PID|Reference|Port)<[\d.]{1,60}>", ""),
)
_DART = _rules(
    (r"(?:\.<anonymous closure>|\.<fn>|<anonymous closure>)+$", ""),
    (r"^new ", ""),
)
_DELPHI = _rules((r"\$\d+", "$"), (r"^0x[0-9a-fA-F]+$|^\$?[0-9A-F]{8,16}$", ""))
_NATIVE = _rules(
    (r"\{lambda\([^)]{0,300}\)#\d+\}|<lambda_[0-9a-f]+>|\$_\d+|'lambda\d*'", UNNAMED),
    (r"(?:\.(?:cold|constprop|isra|part|clone|llvm)(?:\.\d+)?)+$| \[clone [^\]]{1,100}\]", ""),
    (r"^0x[0-9a-fA-F]+$", ""),
)

#: A family that is not among them has names as a compiler of machine code makes them.
_FAMILIES: dict[str, Rules] = {
    "dotnet": _DOTNET,
    "java": _JAVA,
    "python": _PYTHON,
    "javascript": _JAVASCRIPT,
    "go": _GO,
    "ruby": _RUBY,
    "php": _PHP,
    "rust": _RUST,
    "apple": _APPLE,
    "elixir": _ELIXIR,
    "dart": _DART,
    "powershell": _DOTNET,
    "delphi": _DELPHI,
}

#: Names that no rule of their family changes: most are, and known as such in a microsecond.
_UNCHANGED = {
    family: re.compile(pattern, re.ASCII)
    for family, pattern in {
        "dotnet": r"[A-Za-z_.]+",
        "java": r"[A-Za-z.]+",
        "python": r"\w+",
        "javascript": r"(?!eval$|anonymous$|unknown$)[A-Za-z]+",
        "go": r"(?!glob\.)(?!.{0,300}vendor/)[A-Za-z_./()*]+",
        "ruby": r"[A-Za-z_?!=]+",
        "rust": r"[A-Za-z_:]+",
        "apple": r"[-+]\[[A-Za-z_: ]+\]",
        "elixir": r"[A-Za-z_.]+/\d",
        "dart": r"[A-Za-z_.]+",
    }.items()
}
_NOTHING = re.compile(r"(?!)")

#: Names of one or two letters are made by minifiers, of JavaScript alone.
_MINIFIED = re.compile(r"[A-Za-z_$]{1,2}\d?")


def stable_name(family: str, function: str) -> str:
    """The name in every build; "" for an address, which is none."""
    name = function[:MAX_NAME].strip()
    if _UNCHANGED.get(family, _NOTHING).fullmatch(name):
        return name
    for pattern, made in _FAMILIES.get(family, _NATIVE):
        name = pattern.sub(made, name)
    return name


def is_named(name: str) -> bool:
    """Whether somebody has named this function."""
    return not name.endswith(UNNAMED) and "lambda$" not in name and name not in ("", "{closure}")


def is_minified(name: str) -> bool:
    """Whether a function's name is one of those that change with each build."""
    return _MINIFIED.fullmatch(name) is not None


#: The generic arity, arguments and prefixes of a type's name.
_OF_TYPES = _rules((r"`\d+", ""), (r"\[.{0,300}\]$|<.{0,300}>$", ""), (r"\+", "."), (r"\$\d+", "$"))


@lru_cache(maxsize=2_048)
def stable_type(name: str) -> str:
    """The name of an exception's type in every build."""
    name = name[:MAX_NAME].strip()
    for pattern, made in _OF_TYPES:
        name = pattern.sub(made, name)
    return name
