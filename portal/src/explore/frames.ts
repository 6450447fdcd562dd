/**
 * One frame of a stack trace, in the words of each language.
 *
 * In: the lines of a trace and where one begins. Out: its `Frame`, or null when none begins there.
 * Promise: linear in what is looked at; a line that is too long to be a frame is none.
 */

export interface Frame {
  /** The lines it was written in, with what was shown below it. */
  readonly lines: readonly string[];
  /** What ran: a function, a method; "" when the language does not say. */
  readonly symbol: string;
  /** `file:line`, as far as it is known. */
  readonly place: string;
  /** What is shown below it: the code, or what went wrong there. */
  readonly below: readonly string[];
  /** Whose code it is, or null for that of the application itself. */
  readonly library: string | null;
}

/** `before` is the reader of the frame above, which some need to know what a line is. */
export type FrameReader = (lines: readonly string[], at: number, before: FrameReader | null) => Frame | null;

/** Longer than any frame that somebody wrote. */
const MAX_LINE_CHARACTERS = 2_000;

/** Tried in this order, the one that read the last frame first. */
export const FRAME_READERS: readonly FrameReader[] = [
  readPython,
  readJava,
  readDotnet,
  readScript,
  readGo,
  readPhp,
  readRust,
  readRuby,
];

function lineAt(lines: readonly string[], at: number): string {
  const line = lines[at] ?? "";
  return line.length <= MAX_LINE_CHARACTERS ? line : "";
}

function frame(
  lines: readonly string[],
  symbol: string,
  place: string,
  library: string | null,
  below: readonly string[] = [],
): Frame {
  return { lines, symbol, place, library, below };
}

/** The name, without its version, that a package has in a path below one of these folders. */
function packageIn(path: string, folders: RegExp): string | null {
  return folders.exec(path)?.[1]?.replace(/-\d.*$/, "") ?? null;
}

// Python: `  File "/srv/shop/pay.py", line 42, in charge`, and the code in the lines below.
const PYTHON_FILE = /^([\s|]*)File "([^"]+)", line (\d+)(?:, in (.+))?$/;
const PYTHON_PACKAGE = /(?:site|dist)-packages[/\\]([\w.-]+?)(?:\.py)?(?:[/\\]|$)/;
const PYTHON_OWN = /^<(?!string>|stdin>)|[/\\]lib[/\\]python3?[\d.]*[/\\]|[/\\]Python3?\d*[/\\]Lib[/\\]/i;

function readPython(lines: readonly string[], at: number): Frame | null {
  const found = PYTHON_FILE.exec(lineAt(lines, at));
  if (!found) return null;
  const [, edge = "", path = "", number, symbol = ""] = found;
  let end = at + 1;
  while (end < lines.length && isBelowPython(lineAt(lines, end), edge.length)) end += 1;
  const library = packageIn(path, PYTHON_PACKAGE) ?? (PYTHON_OWN.test(path) ? "Python" : null);
  const below = lines
    .slice(at + 1, end)
    .map((line) => line.slice(Math.min(edge.length + 2, line.search(/[^\s|]/))));
  return frame(lines.slice(at, end), symbol, `${path}:${number}`, library, below);
}

/** Further in than the frame, or `[Previous line repeated 12 more times]` beside it. */
function isBelowPython(line: string, edge: number): boolean {
  if (/^[\s|]*\[Previous line repeated /.test(line)) return true;
  return /^[\s|]*$/.test(line.slice(0, edge)) && line.startsWith("  ", edge) && /\S/.test(line.slice(edge));
}

// Java, Kotlin, Scala: `	at java.base/java.lang.Thread.run(Thread.java:833) ~[app.jar:1.0]`.
const JAVA = /^\s*at (?:[\w.$@-]*\/)*([\w$.<>-]+)\(([^()]*)\)(?: ~?\[[^\]]*\])?\s*$/;
const JAVA_PLACE =
  /^[\w$.-]+\.(?:java|kt|kts|scala|groovy|clj)(?::\d+)?$|^SourceFile(?::\d+)?$|^Unknown Source(?::\d+)?$|^Native Method$|^<generated>$|^Redefined$/;
const JAVA_LIBRARIES: ReadonlySet<string> = new Set([
  ...["java", "javax", "jakarta", "jdk", "sun", "kotlin", "kotlinx", "scala", "akka", "groovy", "android"],
  ...["androidx", "dalvik", "clojure", "okhttp3", "okio", "retrofit2", "reactor", "junit", "rx", "feign"],
  ...["com.sun", "com.fasterxml", "com.google", "com.zaxxer", "com.mysql", "com.mongodb", "com.rabbitmq"],
  ...["com.android", "com.squareup", "com.netflix", "com.typesafe", "com.datastax", "com.oracle", "com.ibm"],
  ...["com.intellij", "com.amazonaws", "com.azure", "com.microsoft", "com.hazelcast"],
  ...["org.springframework", "org.apache", "org.hibernate", "org.eclipse", "org.jboss", "org.junit"],
  ...["org.postgresql", "org.mariadb", "org.slf4j", "org.gradle", "org.codehaus", "org.glassfish", "org.h2"],
  ...[
    "org.mockito",
    "org.jetbrains",
    "org.xnio",
    "org.wildfly",
    "org.flywaydb",
    "org.redisson",
    "org.quartz",
  ],
  ...[
    "io.netty",
    "io.micronaut",
    "io.quarkus",
    "io.ktor",
    "io.grpc",
    "io.vertx",
    "io.undertow",
    "io.reactivex",
  ],
  ...[
    "io.lettuce",
    "io.smallrye",
    "io.opentelemetry",
    "io.micrometer",
    "io.projectreactor",
    "ch.qos",
    "redis.clients",
  ],
  ...["net.bytebuddy", "net.sf", "net.schmizz", "software.amazon", "oracle.jdbc", "play.api", "play.core"],
]);

function readJava(lines: readonly string[], at: number): Frame | null {
  const line = lineAt(lines, at);
  const found = JAVA.exec(line);
  if (!found) return null;
  const [, symbol = "", place = ""] = found;
  if (!JAVA_PLACE.test(place)) return null;
  const [first = "", second = ""] = symbol.split(".", 2);
  const library = [`${first}.${second}`, first].find((name) => JAVA_LIBRARIES.has(name));
  // Proxies that are made while the program runs have names with $$ and belong to nobody.
  const made = /\$\$|\$Proxy\d/.test(symbol) ? "generated code" : null;
  return frame([line], symbol, place, library ?? made);
}

// .NET: `   at Shop.Pay.Charge(Order order) in /src/Pay.cs:line 42`, or without the place.
const DOTNET = /^\s*at ([^\s(]+ ?)\(([^()]*(?:\([^()]*\)[^()]*)*)\)/;
const DOTNET_LIBRARY =
  /^(System|Microsoft|Npgsql|Newtonsoft|Dapper|MediatR|Serilog|NLog|Grpc|Polly|Autofac|StackExchange|Castle|FluentValidation|MassTransit|Hangfire|AutoMapper|Quartz|MongoDB|Amazon|Azure|Google|RabbitMQ|Confluent|NHibernate|Xunit|NUnit|Moq|Swashbuckle|IdentityModel|Oracle|MySql)\b|^(lambda_method)/;

function readDotnet(lines: readonly string[], at: number): Frame | null {
  const line = lineAt(lines, at);
  const found = DOTNET.exec(line);
  if (!found) return null;
  const rest = line.slice(found[0].length).trimEnd();
  const place = rest === "" ? "" : dotnetPlace(rest);
  if (place === null) return null;
  const name = (found[1] ?? "").trimEnd();
  // JavaScript also writes `at name (…)`; .NET's names have a type in front of them.
  const isTyped = name.includes(".") || name.startsWith("lambda_method");
  if (rest === "" && (!isTyped || line.includes(" ("))) return null;
  const library = DOTNET_LIBRARY.exec(name);
  return frame([line], `${name}(${found[2]})`, place, library?.[1] ?? library?.[2] ?? null);
}

function dotnetPlace(rest: string): string | null {
  const found = /^(?: \[0x[0-9a-f]+\])? in (.+?)(?::line (\d+)|:(\d+))\s*$/.exec(rest);
  return found && `${found[1]}:${found[2] ?? found[3]}`;
}

// JavaScript: `    at Pay.charge (/srv/pay.js:42:13)`, `charge@https://shop/pay.js:42:13`.
const SCRIPT_PLACE = /^(.*?):(\d+)(?::\d+)?$/;
const SCRIPT_PACKAGE =
  /^.*node_modules[/\\](?:\.pnpm[/\\][^/\\]+[/\\]node_modules[/\\])?((?:@[^/\\]+[/\\])?[^/\\]+)/;
const SCRIPT_OWN =
  /^(?:node:|internal\/|<anonymous>|native|index \d|\[native code\]|chrome-extension:|moz-extension:)/;
const GECKO = /^([^@\s]*)@((?:https?|file|webpack|app|capacitor|moz-extension):.*:\d+:\d+|\[native code\])$/;

function readScript(lines: readonly string[], at: number): Frame | null {
  const line = lineAt(lines, at);
  const gecko = GECKO.exec(line.trim());
  if (gecko) return scriptFrame(line, gecko[1] ?? "", gecko[2] ?? "");
  // Node prints what else an error has in braces behind its last frame.
  const body = /^\s*at (?:async )?(\S.*)$/.exec(line.trimEnd().replace(/ \{$/, ""))?.[1];
  if (body === undefined) return null;
  const open = body.endsWith(")") ? body.indexOf(" (") : -1;
  if (open < 0) return scriptFrame(line, "", body);
  return scriptFrame(line, body.slice(0, open), body.slice(open + 2, -1));
}

function scriptFrame(line: string, symbol: string, where: string): Frame | null {
  const place = SCRIPT_PLACE.exec(where);
  const isOwn = SCRIPT_OWN.test(where);
  if (!place && !isOwn) return null;
  // `at the end: 12` is a sentence; a file's name has a point or a slash.
  if (place && !isOwn && !/[./\\]/.test(place[1] ?? "")) return null;
  const path = (place?.[1] ?? where).replace(/^file:\/\//, "");
  const library = packageIn(path, SCRIPT_PACKAGE) ?? (isOwn ? "JavaScript" : null);
  return frame([line], symbol, place ? `${path}:${place[2]}` : where, library);
}

// Go: `main.charge(0x1, {0x2, 0x3})`, and below it `	/srv/pay.go:42 +0x1d`.
const GO_PLACE = /^\s+(\S.*\.(?:go|s)):(\d+)(?: \+0x[0-9a-f]+)?\s*$/;
const GO_SYMBOL = /^(?:created by )?(\S+?)(?: in goroutine \d+)?\s*$/;
const GO_MODULE =
  /^[^@]*[/\\]pkg[/\\]mod[/\\]([^@]+)@|[/\\]vendor[/\\]([^/\\]+[/\\][^/\\]+[/\\][^/\\]+)|^([^@]+)@v\d/;
const GO_OWN =
  /(?:[/\\]usr[/\\](?:local[/\\])?(?:lib[/\\])?go(?:-[\d.]+)?|[/\\]libexec|[/\\]go(?:root|[\d.]+)|[/\\]toolcache[/\\]go[/\\][^/\\]+[/\\][^/\\]+|golang\.org[/\\]toolchain@[^/\\]+)[/\\]src[/\\]/i;
/** Paths of Go's own packages, as `-trimpath` leaves them. */
const GO_TRIMMED =
  /^(?:runtime|net|syscall|reflect|sync|os|io|bufio|bytes|context|database|encoding|errors|fmt|internal|testing|time|strings|strconv|sort|log|crypto|compress|html|text|math|mime|path|regexp|iter|maps|slices)\//;

function readGo(lines: readonly string[], at: number): Frame | null {
  const place = GO_PLACE.exec(lineAt(lines, at + 1));
  const line = lineAt(lines, at);
  // Arguments may be nested; what ran stands before the last (…) of the line.
  const open = line.endsWith(")") ? openOf(line) : -1;
  const symbol = GO_SYMBOL.exec(open > 0 ? line.slice(0, open) : line)?.[1];
  if (!place || !symbol) return null;
  const [, path = "", number] = place;
  const module = GO_MODULE.exec(path);
  const isOwn = GO_OWN.test(path) || GO_TRIMMED.test(path);
  const library = isOwn ? "Go" : (module?.[1] ?? module?.[2] ?? module?.[3] ?? null);
  return frame(lines.slice(at, at + 2), symbol, `${path}:${number}`, library);
}

/** Where the bracket opens that closes at the end. */
function openOf(line: string): number {
  let depth = 0;
  for (let at = line.length - 1; at >= 0; at -= 1) {
    if (line[at] === ")") depth += 1;
    else if (line[at] === "(") depth -= 1;
    if (depth === 0) return at;
  }
  return -1;
}

// PHP: `#0 /srv/src/Pay.php(42): Shop\Pay->charge(Object(Shop\Order))`, `#1 {main}`.
const PHP = /^\s*#\d+ (?:(\[internal function\]|\S.*?)(?:\((\d+)\))?: (\S.*)|(\{main\}))\s*$/;
const PHP_PACKAGE = /[/\\]vendor[/\\]([^/\\]+[/\\][^/\\]+)/;

function readPhp(lines: readonly string[], at: number): Frame | null {
  const line = lineAt(lines, at);
  const found = PHP.exec(line);
  if (!found) return null;
  const [, path = "", number, symbol = "", main] = found;
  const isFile = number !== undefined;
  const library = packageIn(path, PHP_PACKAGE) ?? (isFile ? null : "PHP");
  return frame([line], main ?? symbol, isFile ? `${path}:${number}` : "", library);
}

// Rust: `   3: shop::pay::charge`, and below it `             at ./src/pay.rs:42:5`.
const RUST = /^\s*\d+:\s+(?:0x[0-9a-f]+ - )?(\S.*)$/;
const RUST_PLACE = /^\s+at (\S.*?):(\d+)(?::\d+)?\s*$/;
const RUST_CRATE = /[/\\](?:registry[/\\]src[/\\][^/\\]+|git[/\\]checkouts)[/\\]([^/\\]+)/;
const RUST_OWN =
  /^<?(?:.*? as )?(?:std|core|alloc|test|backtrace)::|^(?:_*rust_|__libc|_start|main$|start_thread|clone|_pthread|__GI|<unknown>)/;

function readRust(lines: readonly string[], at: number, before: FrameReader | null): Frame | null {
  const line = lineAt(lines, at);
  const symbol = RUST.exec(line)?.[1]?.trimEnd();
  const place = symbol === undefined ? null : RUST_PLACE.exec(lineAt(lines, at + 1));
  // Without debug information only the place among others tells that it is a frame.
  if (symbol === undefined || (!place && before !== readRust)) return null;
  const [, path = "", number] = place ?? [];
  const isOwn = RUST_OWN.test(symbol) || path.startsWith("/rustc/");
  const library = packageIn(path, RUST_CRATE) ?? (isOwn ? "Rust" : null);
  return frame(lines.slice(at, at + (place ? 2 : 1)), symbol, place ? `${path}:${number}` : "", library);
}

// Ruby: `app/pay.rb:42:in 'Pay#charge'`, with `from` in front where it is printed.
const RUBY = /^\s*(?:from )?(<internal:[^>]*>|\S[^:]*(?::[\\/][^:]*)?):(\d+):in [`']([^']*)'(?:: (.*))?\s*$/;
const RUBY_PACKAGE = /^.*[/\\]gems[/\\]([^/\\]+)[/\\]/;
const RUBY_OWN =
  /^<internal:|[/\\]lib[/\\]ruby[/\\]|[/\\]rubygems[/\\]|[/\\]bin[/\\](?:bundle|rails|rake|puma|rspec)$/;

function readRuby(lines: readonly string[], at: number): Frame | null {
  const line = lineAt(lines, at);
  const found = RUBY.exec(line);
  if (!found) return null;
  const [, path = "", number, symbol = "", message] = found;
  const library = packageIn(path, RUBY_PACKAGE) ?? (RUBY_OWN.test(path) ? "Ruby" : null);
  return frame([line], symbol, `${path}:${number}`, library, message === undefined ? [] : [message]);
}
