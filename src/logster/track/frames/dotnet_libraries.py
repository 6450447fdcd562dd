"""Whose code a function of .NET is: that of the runtime and of libraries many use.

In: the name of a function with its type. Out: whether it is a library's. Promise: pure; what nobody
here knows is the program's own.
"""

from __future__ import annotations

import re

_LIBRARY = re.compile(
    r"""(?:System|Microsoft|Npgsql|Newtonsoft|Dapper|MediatR|Serilog|NLog|Grpc|Polly|Autofac
    |StackExchange|Castle|FluentValidation|MassTransit|Hangfire|AutoMapper|Quartz|MongoDB|Amazon
    |Azure|Google|RabbitMQ|Confluent|NHibernate|Xunit|NUnit|Moq|Swashbuckle|IdentityModel|Oracle
    |MySql|MySqlConnector|FSharp|Mono|Interop|Internal|UnityEngine|UnityEditor|Xamarin|Android|Java
    |Foundation|UIKit|ObjCRuntime|Avalonia|DevExpress|Telerik|log4net|Elasticsearch|OpenTelemetry
    |HotChocolate|GraphQL|Orleans|Akka|NServiceBus|Refit|RestSharp|Flurl|LinqToDB|ServiceStack
    |Duende|IdentityServer4|OpenIddict|Sentry|Ocelot|Yarp|SixLabors|SkiaSharp|EntityFramework
    |lambda_method\d*|DynamicClass|SMDiagnostics|MS)(?:[.+(\s]|$)
    |\(wrapper\ """,
    re.VERBOSE,
)


def is_of_library(name: str) -> bool:
    """Whether a function is of .NET, or of a library that many use."""
    return _LIBRARY.match(name) is not None
