"""Places and types that tell nothing of an error: what stands between a program and its runtime.

In: names as `names` and `files` give them. Out: whether a frame is plumbing, a type a wrapper, a
type one that anything is raised as. Promise: pure; tables and little else.

Such frames come and go with versions of runtimes, with decorators and with hooks that watch.
"""

from __future__ import annotations

import re

#: Family -> functions that rethrow, await, reflect, iterate, schedule or watch.
_FUNCTIONS = {
    "dotnet": re.compile(
        r"System\.Runtime\.(?:ExceptionServices|CompilerServices)\.|System\.Threading\."
        r"|System\.Reflection\.|System\.RuntimeMethodHandle\.|System\.RuntimeType\."
        r"|InvokeStub_|lambda_method|System\.Environment\.get_StackTrace|System\.ThrowHelper\."
    ),
    "java": re.compile(
        r"(?:jdk\.internal|java\.lang|sun)\.(?:reflect|invoke)\.|(?:com\.sun\.proxy|jdk\.proxy\d+)\."
        r"|java\.lang\.Thread\.(?:run|getStackTrace)|java\.util\.concurrent\.|java\.util\.stream\."
        r"|(?:kotlin|kotlinx)\.coroutines\.|.*\$Proxy\.|.*GeneratedMethodAccessor"
        r"|org\.springframework\.(?:aop|cglib)\.|java\.security\.AccessController\.|.*\$\$Lambda\."
        r"|org\.codehaus\.groovy\.(?:runtime|reflection)\.|clojure\.lang\.|scala\.concurrent\."
    ),
    "python": re.compile(
        r"(?:_?wrapp(?:er|ed)(?:_\w{1,30})?|_?inner|decorat(?:or|ed)|_?decorator|__call__|<anonymous>)$"
    ),
    "javascript": re.compile(
        r"(?:processTicksAndRejections|runMicrotasks|__awaiter|asyncGeneratorStep|_next|_throw|step"
        r"|fulfilled|rejected|tryCatch|_?regenerator\w{0,20}|sentryWrapped|wrapped|__extends|emit"
        r"|generateStackTrace|onInvoke(?:Task)?|invokeTask|runTask|drainMicroTaskQueue|forEach|map"
        r"|filter|reduce|Promise|captureException|captureMessage|captureStackTrace|notify|apply)$"
    ),
    "go": re.compile(
        r"runtime\.|runtime/debug\.|panic$|.*\.[pP]anic(?:f|ln|On\w{1,30})?$|testing\.tRunner"
        r"|.*\.[rR]ecover(?:y|\w{0,30})?\.<anonymous>$|reflect\."
    ),
    "ruby": re.compile(
        r"(?:each\w{0,20}|map|times|loop|tap|then|call|instance_eval|instance_exec|synchronize|catch"
        r"|require\w{0,20}|load|public_send|send|__send__|select|inject|collect|new)$"
    ),
    "php": re.compile(r"\{main\}$|call_user_func|array_map$|array_walk$|.*ErrorHandler"),
    "rust": re.compile(
        r"(?:core|std)::(?:panicking|panic|rt|sys|sys_common|ops|backtrace|thread|option|result)\b"
        r"|<?std::sys|rust_begin_unwind|__rust|_start|__libc_start|main$|backtrace::"
        r"|<?alloc::boxed|tokio::runtime|tokio::task|<?core::"
    ),
    "apple": re.compile(
        r"__exceptionPreprocess|objc_exception_throw|_assertionFailure|swift_|_dispatch|start$|main$"
        r"|_pthread|thread_start|CFRunLoop|__CFRUNLOOP|GSEventRun|UIApplicationMain|abort$|__pthread"
        r"|\+\[NSException raise|-\[NSObject\(NSObject\) doesNotRecognizeSelector|___forwarding___"
        r"|_CF_forwarding_prep"
    ),
    "elixir": re.compile(r":(?:proc_lib|gen_server|gen_statem|supervisor|timer|erl_eval)\b|Task\."),
    "dart": re.compile(
        r"_rootRun|_CustomZone|_Future|_FutureListener|_microtaskLoop|_startMicrotaskLoop|_Zone|Zone\."
        r"|_SyncStream|_AsyncAwait|_invoke|_throwNew|Object\.noSuchMethod|_delayEntrypoint"
    ),
    "powershell": re.compile(r"<ScriptBlock>$"),
}
#: Files without a place in them: what a runtime has built in.
_FILES = re.compile(
    r"<anonymous>|\[native code\]|native|<(?:internal|native)[:\w]{0,60}.*|\(?native\)?|internal:.*"
    r"|<eval>|<generated>|unknown source|native method"
)
#: Libraries that watch a program and put themselves between it and its runtime.
_WATCHERS = re.compile(
    r"node_modules[/\\](?:@sentry|@honeybadger-io|@bugsnag|@rollbar|rollbar|newrelic|dd-trace"
    r"|@opentelemetry|zone\.js|core-js|regenerator-runtime|tslib|@babel|@swc|source-map-support"
    r"|elastic-apm-node|applicationinsights|raven|raygun4?\w{0,10}|exceptionless|@exceptionless"
    r"|winston|pino|bunyan|log4js)\b"
    r"|site-packages[/\\](?:sentry_sdk|ddtrace|newrelic|opentelemetry|bugsnag|rollbar|honeybadger"
    r"|elasticapm|structlog|loguru|wrapt|tenacity)\b|[/\\]logging[/\\]__init__\.py"
)


def is_plumbing(family: str, name: str, file: str | None) -> bool:
    """Whether a frame tells nothing: `name` is the stable one, `file` as it was printed."""
    pattern = _FUNCTIONS.get(family)
    if pattern is not None and pattern.match(name):
        return True
    if not file or family not in _WATCHED:
        return False
    return _FILES.fullmatch(file.lower()) is not None or _WATCHERS.search(file) is not None


#: Families whose files tell of it; in others, the names of functions do.
_WATCHED = frozenset({"javascript", "python", "ruby", "php"})


#: Types that only carry another exception: what they hold decides.
WRAPPERS = frozenset(
    {
        "ActionView::Template::Error",
        "AggregateError",
        "BaseExceptionGroup",
        "ExceptionGroup",
        "Facade\\Ignition\\Exceptions\\ViewException",
        "Illuminate\\View\\ViewException",
        "Plug.Conn.WrapperError",
        "RetryError",
        "Spatie\\LaravelIgnition\\Exceptions\\ViewException",
        "System.AggregateException",
        "System.Management.Automation.CmdletInvocationException",
        "System.Reflection.TargetInvocationException",
        "System.TypeInitializationException",
        "Twig\\Error\\RuntimeError",
        "concurrent.futures.process._RemoteTraceback",
        "jakarta.servlet.ServletException",
        "java.lang.ExceptionInInitializerError",
        "java.lang.reflect.InvocationTargetException",
        "java.lang.reflect.UndeclaredThrowableException",
        "java.security.PrivilegedActionException",
        "java.util.concurrent.CompletionException",
        "reactor.core.Exceptions$ReactiveException",
        "io.reactivex.exceptions.CompositeException",
        "java.io.UncheckedIOException",
        "java.util.concurrent.ExecutionException",
        "javax.servlet.ServletException",
        "multiprocessing.pool.RemoteTraceback",
        "org.springframework.web.util.NestedServletException",
        "tenacity.RetryError",
    }
)

#: Types that anything is raised as: where no named function tells more, what is said counts.
GENERIC = frozenset(
    {
        "Error",
        "ErrorException",
        "Exception",
        "RuntimeError",
        "RuntimeException",
        "StandardError",
        "System.ApplicationException",
        "System.Exception",
        "java.lang.Error",
        "java.lang.Exception",
        "java.lang.RuntimeException",
        "java.lang.Throwable",
        "panic",
    }
)

#: Families whose runtimes tell what went wrong in the language of their machine.
LOCALIZED = frozenset({"dotnet", "csharp", "powershell", "delphi"})
