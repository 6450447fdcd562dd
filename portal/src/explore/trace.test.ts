import { describe, expect, test } from "vitest";
import { librariesOf, linesOf, parseTrace } from "./trace";

/** One line a part: `!` an error, `<` a cause, `~` a link, `-` text, `*` an own frame, `n library` what is folded. */
function outlineOf(text: string): string[] {
  return parseTrace(text).parts.flatMap((part) => {
    switch (part.kind) {
      case "error":
        return part.lines.map((line) => `! ${line.trim()}`);
      case "cause":
        return part.lines.map((line) => `< ${line.trim()}`);
      case "link":
        return part.lines.map((line) => `~ ${line.trim()}`);
      case "text":
        return part.lines.filter((line) => line.trim()).map((line) => `- ${line.trim()}`);
      case "own":
        return part.frames.map(({ symbol, place }) => `* ${symbol} ${place}`);
      case "library":
        return [`${part.frames.length} ${librariesOf(part.frames)}`];
    }
  });
}

const TRACES: readonly (readonly [string, string, readonly string[]])[] = [
  [
    "Python, with a cause",
    `Traceback (most recent call last):
  File "/srv/shop/gateway.py", line 88, in capture
    return await self.http.post(url)
           ^^^^^^^^^^^^^^^^^^^^^^^^^
  File "/srv/venv/lib/python3.11/site-packages/httpx/_client.py", line 1859, in post
    return await self.request(
  File "/usr/lib/python3.11/asyncio/tasks.py", line 479, in wait_for
    return fut.result()
TimeoutError

The above exception was the direct cause of the following exception:

Traceback (most recent call last):
  File "/srv/shop/charges.py", line 214, in settle
    receipt = await gateway.capture(token)
  [Previous line repeated 3 more times]
  File "<frozen importlib._bootstrap>", line 241, in _call_with_frames_removed
shop.gateway.Declined: no answer within 5 s`,
    [
      "- Traceback (most recent call last):",
      "* capture /srv/shop/gateway.py:88",
      "2 httpx, Python",
      "! TimeoutError",
      "~ The above exception was the direct cause of the following exception:",
      "- Traceback (most recent call last):",
      "* settle /srv/shop/charges.py:214",
      "1 Python",
      "! shop.gateway.Declined: no answer within 5 s",
    ],
  ],
  [
    "Python, a group of exceptions",
    `  + Exception Group Traceback (most recent call last):
  |   File "/srv/job.py", line 7, in <module>
  |     run()
  | ExceptionGroup: two failed (2 sub-exceptions)
  +-+---------------- 1 ----------------
    | Traceback (most recent call last):
    |   File "/srv/job.py", line 3, in first
    |     raise ValueError(1)
    | ValueError: 1
    +------------------------------------`,
    [
      "- + Exception Group Traceback (most recent call last):",
      "* <module> /srv/job.py:7",
      "! | ExceptionGroup: two failed (2 sub-exceptions)",
      "- +-+---------------- 1 ----------------",
      "- | Traceback (most recent call last):",
      "* first /srv/job.py:3",
      "! | ValueError: 1",
      "- +------------------------------------",
    ],
  ],
  [
    "Java, with causes and what is left out",
    `com.shop.PaymentDeclined: card refused
	at com.shop.payments.Gateway.charge(Gateway.java:42)
	at com.shop.payments.Charges$$FastClassBySpringCGLIB$$1a2b.invoke(<generated>)
	at org.springframework.aop.framework.CglibAopProxy.intercept(CglibAopProxy.java:703) ~[spring-aop-6.1.jar:6.1]
	at java.base/java.util.concurrent.ThreadPoolExecutor.runWorker(ThreadPoolExecutor.java:1136)
	at app//com.shop.Main.main(Main.java:9)
	Suppressed: java.io.IOException: close
		at com.shop.payments.Gateway.close(Gateway.java:60)
Caused by: java.net.SocketTimeoutException: Read timed out
	at java.base/sun.nio.ch.NioSocketImpl.timedRead(NioSocketImpl.java:288)
	at java.base/java.lang.reflect.Method.invoke(Native Method)
	... 12 more`,
    [
      "! com.shop.PaymentDeclined: card refused",
      "* com.shop.payments.Gateway.charge Gateway.java:42",
      "3 generated code, org.springframework, java",
      "* com.shop.Main.main Main.java:9",
      "< Suppressed: java.io.IOException: close",
      "* com.shop.payments.Gateway.close Gateway.java:60",
      "< Caused by: java.net.SocketTimeoutException: Read timed out",
      "2 sun, java",
      "- ... 12 more",
    ],
  ],
  [
    "Kotlin",
    `Exception in thread "main" java.lang.IllegalStateException: no key
	at shop.pay.ChargesKt$settle$2.invokeSuspend(Charges.kt:31)
	at kotlin.coroutines.jvm.internal.BaseContinuationImpl.resumeWith(ContinuationImpl.kt:33)
	at kotlinx.coroutines.DispatchedTask.run(DispatchedTask.kt:106)`,
    [
      '! Exception in thread "main" java.lang.IllegalStateException: no key',
      "* shop.pay.ChargesKt$settle$2.invokeSuspend Charges.kt:31",
      "2 kotlin, kotlinx",
    ],
  ],
  [
    ".NET, with an inner exception",
    `System.InvalidOperationException: Could not settle order 8812
 ---> System.Net.Http.HttpRequestException: Connection refused (pay-3:443)
   at System.Net.Http.HttpConnectionPool.ConnectToTcpHostAsync(String host, Int32 port, CancellationToken cancellationToken)
   at Shop.Payments.Gateway.CaptureAsync[T](Order order, Func\`2 map) in /src/Shop/Gateway.cs:line 88
   --- End of inner exception stack trace ---
   at Shop.Payments.Charges.<>c__DisplayClass4_0.<<Settle>b__0>d.MoveNext() in C:\\src\\Shop\\Charges.cs:line 214
--- End of stack trace from previous location ---
   at Microsoft.AspNetCore.Mvc.Infrastructure.ControllerActionInvoker.InvokeAsync()
   at lambda_method12(Closure, Object)`,
    [
      "! System.InvalidOperationException: Could not settle order 8812",
      "< ---> System.Net.Http.HttpRequestException: Connection refused (pay-3:443)",
      "1 System",
      "* Shop.Payments.Gateway.CaptureAsync[T](Order order, Func`2 map) /src/Shop/Gateway.cs:88",
      "~ --- End of inner exception stack trace ---",
      "* Shop.Payments.Charges.<>c__DisplayClass4_0.<<Settle>b__0>d.MoveNext() C:\\src\\Shop\\Charges.cs:214",
      "- --- End of stack trace from previous location ---",
      "2 Microsoft, lambda_method",
    ],
  ],
  [
    "Node, with a cause",
    `Error: Could not settle order 8812
    at Charges.settle (/srv/shop/src/charges.js:214:11)
    at async Layer.handle [as handle_request] (/srv/shop/node_modules/express/lib/router/layer.js:95:5)
    at process.processTicksAndRejections (node:internal/process/task_queues:95:5)
    at async Promise.all (index 0)
    at file:///srv/shop/src/main.mjs:3:1 {
  [cause]: TypeError: fetch failed
      at new Gateway (/srv/shop/src/gateway.js:9:5)
      at Array.map (<anonymous>)
      at /srv/shop/node_modules/.pnpm/undici@6.1.0/node_modules/@scope/undici/index.js:1:2 {
    code: 'ECONNREFUSED'
  }
}`,
    [
      "! Error: Could not settle order 8812",
      "* Charges.settle /srv/shop/src/charges.js:214",
      "3 express, JavaScript",
      "*  /srv/shop/src/main.mjs:3",
      "< [cause]: TypeError: fetch failed",
      "* new Gateway /srv/shop/src/gateway.js:9",
      "2 JavaScript, @scope/undici",
      "- code: 'ECONNREFUSED'",
      "- }",
      "- }",
    ],
  ],
  [
    "Firefox",
    `settle@https://shop.example/assets/app.js:214:11
@https://shop.example/assets/app.js:1:1`,
    ["* settle https://shop.example/assets/app.js:214", "*  https://shop.example/assets/app.js:1"],
  ],
  [
    "Go",
    `panic: runtime error: invalid memory address or nil pointer dereference
[signal SIGSEGV: segmentation violation code=0x1 addr=0x0 pc=0x48f0a1]

goroutine 34 [running]:
panic({0x4a1ee0?, 0x53f1b0?})
	/usr/local/go/src/runtime/panic.go:914 +0x21f
github.com/acme/shop/pay.(*Gateway).Capture(0x0, {0xc000012345, 0x5})
	/home/ada/shop/pay/gateway.go:88 +0x1d
github.com/go-chi/chi/v5.(*Mux).routeHTTP(...)
	/root/go/pkg/mod/github.com/go-chi/chi/v5@v5.0.10/mux.go:443
net/http.(*conn).serve(0xc0000b6000)
	net/http/server.go:1995 +0x612
created by net/http.(*Server).Serve in goroutine 1
	/usr/local/go/src/net/http/server.go:3089 +0x5ed
exit status 2`,
    [
      "! panic: runtime error: invalid memory address or nil pointer dereference",
      "- [signal SIGSEGV: segmentation violation code=0x1 addr=0x0 pc=0x48f0a1]",
      "- goroutine 34 [running]:",
      "1 Go",
      "* github.com/acme/shop/pay.(*Gateway).Capture /home/ada/shop/pay/gateway.go:88",
      "3 github.com/go-chi/chi/v5, Go",
      "- exit status 2",
    ],
  ],
  [
    "Ruby",
    `app/models/charge.rb:214:in 'Charge#settle': no answer (Gateway::Timeout)
	from /usr/local/bundle/gems/activerecord-7.1.2/lib/active_record/transactions.rb:212:in \`block in transaction'
	from /usr/local/lib/ruby/3.3.0/timeout.rb:186:in 'Timeout.timeout'
	from <internal:kernel>:187:in \`loop'
	from C:/shop/bin/worker.rb:3:in '<main>'`,
    ["* Charge#settle app/models/charge.rb:214", "3 activerecord, Ruby", "* <main> C:/shop/bin/worker.rb:3"],
  ],
  [
    "PHP, with the one before",
    `PHP Fatal error:  Uncaught PDOException: gone away in /srv/shop/src/Db.php:12
Stack trace:
#0 /srv/shop/src/Db.php(12): PDO->query('SELECT (1)')
#1 [internal function]: Shop\\Db->ask(Object(Shop\\Order))
#2 /srv/shop/vendor/laravel/framework/src/Kernel.php(120): call_user_func()
#3 {main}

Next RuntimeException: no order in /srv/shop/src/Pay.php:42
Stack trace:
#0 {main}
  thrown in /srv/shop/src/Pay.php on line 42`,
    [
      "! PHP Fatal error:  Uncaught PDOException: gone away in /srv/shop/src/Db.php:12",
      "- Stack trace:",
      "* PDO->query('SELECT (1)') /srv/shop/src/Db.php:12",
      "3 PHP, laravel/framework",
      "< Next RuntimeException: no order in /srv/shop/src/Pay.php:42",
      "- Stack trace:",
      "1 PHP",
      "- thrown in /srv/shop/src/Pay.php on line 42",
    ],
  ],
  [
    "Rust",
    `thread 'main' panicked at src/pay.rs:42:17:
called \`Option::unwrap()\` on a \`None\` value
stack backtrace:
   0: rust_begin_unwind
             at /rustc/07dca489ac2d933c78d3c5158e3f43beefeb02ce/library/std/src/panicking.rs:645:5
   1: core::panicking::panic
   2: shop::pay::charge
             at ./src/pay.rs:42:17
   3: <tokio::runtime::Handle as core::fmt::Debug>::fmt
             at /home/ada/.cargo/registry/src/index.crates.io-6f17d22bba15001f/tokio-1.35.1/src/runtime.rs:9
   4: main
note: Some details are omitted, run with \`RUST_BACKTRACE=full\` for a verbose backtrace.`,
    [
      "! thread 'main' panicked at src/pay.rs:42:17:",
      "- called `Option::unwrap()` on a `None` value",
      "- stack backtrace:",
      "2 Rust",
      "* shop::pay::charge ./src/pay.rs:42",
      "2 tokio, Rust",
      "- note: Some details are omitted, run with `RUST_BACKTRACE=full` for a verbose backtrace.",
    ],
  ],
];

describe.each(TRACES)("%s", (_name, text, expected) => {
  test("is read", () => expect(outlineOf(text)).toEqual(expected));

  test("keeps every line, with either line end", () => {
    expect(linesOf(parseTrace(text))).toEqual(text.split("\n"));
    expect(linesOf(parseTrace(text.replaceAll("\n", "\r\n")))).toEqual(text.split("\n"));
  });
});

test.each(["", "no trace at all", "meet me at the bridge (by the river)\nat 12:30\n  at home: 5"])(
  "%j has no frames",
  (text) => expect(parseTrace(text).frameCount).toBe(0),
);

test("the code of a frame stands below it, without its indentation", () => {
  const text =
    '  File "/srv/a.py", line 1, in f\n    if x:\n      ^\n  [Previous line repeated 9 more times]';
  const below = ["if x:", "  ^", "[Previous line repeated 9 more times]"];
  expect(parseTrace(text).parts).toMatchObject([{ kind: "own", frames: [{ below }] }]);
});

const MEGABYTE = 1_000_000;
const fill = (piece: string) => piece.repeat(Math.ceil(MEGABYTE / piece.length)).slice(0, MEGABYTE);

/** Each would be slow in a parser that tries the same characters again and again. */
const HOSTILE: readonly string[] = [
  ...["a", " ", "(", "at ", "\n", "/", ":1", "| ", " in ", ".", "'", "node_modules/", "gems/a-1-"],
  ...["  at a(\n", "\tat a.b(" + "(".repeat(1900) + "\n", "  at " + "x/".repeat(950) + "\n"],
  ...["  at " + ":1".repeat(950) + "\n", "  at a.b() in " + ":1 ".repeat(600) + "x\n"],
  ...["#1 " + "(1)".repeat(600) + "\n", "1: " + "<a as ".repeat(300) + "\n at a:1\n"],
  ...["a/gems/" + "a-1".repeat(600) + ":1:in `x'\n", "a:1:in `" + "\n"],
  ...["f(" + "(".repeat(1900) + ")\n\t/a.go:1\n", "f\n\t/" + "pkg/mod/".repeat(230) + "a.go:1\n"],
  ...['  File "/' + "site-packages/".repeat(130) + '", line 1, in x\n', '  File "a", line 1\n    x\n'],
];

test.each(HOSTILE)("a megabyte of %j is read by less than a second of work", (piece) => {
  const text = fill(piece);
  const start = process.cpuUsage();
  const trace = parseTrace(text);
  expect(process.cpuUsage(start).user).toBeLessThan(1_000_000);
  expect(linesOf(trace).join("\n")).toBe(text);
});
