"""Names of functions, types and files, without what each build makes anew."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from logster.track.files import stable_file
from logster.track.names import MAX_NAME, is_named, stable_name, stable_type

NAMES = [
    ("dotnet", "Acme.Db.<QueryAsync>d__4.MoveNext", "Acme.Db.QueryAsync"),
    ("dotnet", "Acme.Db+<QueryAsync>d__4`1.MoveNext", "Acme.Db.QueryAsync"),
    ("dotnet", "Acme.X.<>c__DisplayClass5_0.<Run>b__1", "Acme.X.Run.<anonymous>"),
    ("dotnet", "Acme.X.<>c.<<Run>b__1_0>d.MoveNext", "Acme.X.Run.<anonymous>"),
    ("dotnet", "Acme.X.<Read>g__Parse|12_0", "Acme.X.Parse"),
    ("dotnet", "Acme.X.<<Read>g__Parse|12_0>d.MoveNext", "Acme.X.Parse"),
    ("dotnet", "Acme.List`1.Find[T]", "Acme.List.Find"),
    ("dotnet", "Acme.Main.VB$StateMachine_124_Tick.MoveNext", "Acme.Main.Tick"),
    ("dotnet", "Program.<Main>$", "Program.Main"),
    ("dotnet", "Castle.Proxies.BayProxy_12.Open", "Castle.Proxies.BayProxy.Open"),
    ("java", "acme.View.lambda$open$3", "acme.View.lambda$open"),
    ("java", "acme.View$$Lambda$71/0x0000000800d6c000.run", "acme.View$$Lambda.run"),
    ("java", "acme.View$$Lambda/0x00007f1c.run", "acme.View$$Lambda.run"),
    ("java", "acme.Svc$$EnhancerBySpringCGLIB$$1a2b3c.get", "acme.Svc.get"),
    ("java", "acme.Svc$$SpringCGLIB$$0.get", "acme.Svc.get"),
    ("java", "acme.Svc_$$_javassist_12.get", "acme.Svc.get"),
    ("java", "acme.User$HibernateProxy$abc123.name", "acme.User.name"),
    ("java", "com.sun.proxy.$Proxy15.get", "com.sun.proxy.$Proxy.get"),
    ("java", "acme.core$fn__12345.invoke", "acme.core$fn.invoke"),
    ("java", "acme.Render$go$2.invokeSuspend", "acme.Render$go$.invokeSuspend"),
    ("java", "app//acme.Main.main", "acme.Main.main"),
    ("java", "java.base/java.lang.Thread.run", "java.lang.Thread.run"),
    ("python", "make.<locals>.inner", "inner"),
    ("python", "<listcomp>", "<anonymous>"),
    ("javascript", "Object.aha", "aha"),
    ("javascript", "async aha", "aha"),
    ("javascript", "outer/aha<", "aha"),
    ("javascript", "outer/<", "<anonymous>"),
    ("javascript", "async*aha", "aha"),
    ("javascript", "TCP.aha [as oncomplete]", "aha"),
    ("javascript", "Module../src/index.js", "<anonymous>"),
    ("javascript", "eval", "<anonymous>"),
    ("go", "acme.test/rpc.(*Proxy).pipe.func1.2", "acme.test/rpc.(*Proxy).pipe.<anonymous>"),
    ("go", "main.(*T).run-fm", "main.(*T).run"),
    ("go", "main.Map[...]", "main.Map"),
    ("ruby", "block (2 levels) in Foo#bar", "bar"),
    ("ruby", "rescue in bar", "bar"),
    ("ruby", "block in _app_views_x_erb__3234_271", "_app_views_x_erb"),
    ("ruby", "Foo::Bar.baz", "baz"),
    ("php", "class@anonymous\0/srv/a.php:10$0->run", "class@anonymous->run"),
    ("php", "App\\Http\\{closure}", "{closure}"),
    ("php", "{closure:App\\Foo::bar():12}", "{closure}"),
    ("rust", "acme::load::h1b5ed8541c7bebd6", "acme::load"),
    ("rust", "acme::run::{{closure}}::h1b5ed8541c7bebd6", "acme::run"),
    ("rust", "core[846a27e6fb0ea9c5]::fmt", "core::fmt"),
    ("apple", "closure #1 in View.load()", "View.load()"),
    ("apple", "__38-[Foo bar]_block_invoke_2", "-[Foo bar]"),
    ("elixir", "anonymous fn/3 in Doc.clean/2", "Doc.clean/2"),
    ("elixir", ':gen_icmp."-list0/3-lc$^2/1-0-"/2', ":gen_icmp.list0/3"),
    ("dart", "_State.build.<anonymous closure>", "_State.build"),
    ("other", "0x00007ff6", ""),
    ("other", "run.constprop.0", "run"),
]
FILES = [
    ("https://x.test/assets/bay-D3kf9aB_.js", "bay.js"),
    ("https://x.test/assets/bay-C9-p0aQe.js", "bay.js"),
    ("/static/js/main.9f8e7d6c.chunk.js", "main.js"),
    ("/static/js/552.aa11bb22.js", "<n>.js"),
    ("chunk-K3XQ2MVA.js", "chunk.js"),
    ("jquery-3.6.0.min.js?v=12#x", "jquery.js"),
    ("/app/user-settings.js", "user-settings.js"),
    ("C:\\work\\Depot\\Bay.cs", "bay.cs"),
    ("/srv/releases/20240101/bays/views.py", "bays/views.py"),
    ("/srv/app/views.py", "views.py"),
    ("/var/cache/0a1b2c3d4e5f60718293a4b5c6d7e8f901234567.php", "<n>.php"),
    ("<ipython-input-12-abc>", "ipython"),
    ("", ""),
]


@pytest.mark.parametrize(("family", "printed", "stable"), NAMES)
def test_a_name_is_the_same_in_every_build(family: str, printed: str, stable: str) -> None:
    assert stable_name(family, printed) == stable


@pytest.mark.parametrize(("printed", "stable"), FILES)
def test_a_file_has_one_name_in_every_release(printed: str, stable: str) -> None:
    assert stable_file(printed) == stable


@pytest.mark.parametrize(
    ("printed", "stable"),
    [("A.B`1[System.Int32]", "A.B"), ("A+B", "A.B"), ("Foo<T>", "Foo"), ("a.B$1", "a.B$")],
)
def test_a_type_has_no_arguments(printed: str, stable: str) -> None:
    assert stable_type(printed) == stable


def test_a_function_is_named_by_a_person_or_it_is_not() -> None:
    assert is_named("acme.View.open")
    assert not any(map(is_named, ("", "<anonymous>", "a.<anonymous>", "{closure}", "lambda$open")))


@given(st.sampled_from(sorted({family for family, _, _ in NAMES})), st.text(max_size=60))
def test_any_name_becomes_a_bounded_one(family: str, name: str) -> None:
    assert len(stable_name(family, name)) <= MAX_NAME + 20


@given(st.text(max_size=60))
def test_any_file_has_a_name_that_stays(file: str) -> None:
    assert len(stable_file(file)) <= len(file) + 20
