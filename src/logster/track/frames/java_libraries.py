"""Whose code a class of Java or Kotlin is: that of the runtime and of libraries many use.

In: the name of a function with its package. Out: whether it is a library's. Promise: pure; what
nobody here knows is the program's own.
"""

from __future__ import annotations

import re

#: The first word of a package.
_ROOTS = """
java javax jakarta jdk sun kotlin kotlinx scala akka groovy android androidx dalvik clojure
okhttp3 okio retrofit2 reactor junit rx feign groovyjarjarasm libcore coil picocli jnr jline
_COROUTINE
"""
#: The first two.
_PACKAGES = """
com.sun com.fasterxml com.google com.zaxxer com.mysql com.mongodb com.rabbitmq com.android
com.squareup com.netflix com.typesafe com.datastax com.oracle com.ibm com.intellij com.amazonaws
com.azure com.microsoft com.hazelcast com.alibaba com.baomidou com.esotericsoftware com.codahale
com.lmax com.nimbusds com.jcraft com.mchange com.twitter com.vaadin org.springframework org.apache
org.hibernate org.eclipse org.jboss org.junit org.postgresql org.mariadb org.slf4j org.gradle
org.codehaus org.glassfish org.h2 org.mockito org.jetbrains org.xnio org.wildfly org.flywaydb
org.redisson org.quartz org.mybatis org.jooq org.aspectj org.thymeleaf org.elasticsearch
org.opensearch org.neo4j org.bson org.xml org.w3c org.objectweb org.joda org.json org.yaml
org.aopalliance org.omg org.ietf org.infinispan org.keycloak org.openqa org.testng org.hamcrest
org.assertj org.scalatest org.reactivestreams org.liquibase org.jetty org.dom4j org.javassist
org.rocksdb org.conscrypt org.chromium org.koin io.netty io.micronaut io.quarkus io.ktor io.grpc
io.vertx io.undertow io.reactivex io.lettuce io.smallrye io.opentelemetry io.micrometer
io.projectreactor io.jsonwebtoken io.swagger io.kotest io.mockk io.arrow io.jaegertracing
io.fabric8 io.debezium io.confluent io.sentry io.dropwizard io.helidon io.javalin io.r2dbc ch.qos
redis.clients net.bytebuddy net.sf net.schmizz software.amazon oracle.jdbc oracle.net play.api
play.core cats.effect zio.internal ratpack.exec ma.glasnost bsh.Interpreter dev.langchain4j
de.codecentric net.minidev net.logstash
"""
_ROOT_SET = frozenset(_ROOTS.split())
_PACKAGE_SET = frozenset(_PACKAGES.split())
#: Made while the program runs, by nobody: `$Proxy12`, classes of CGLIB and Javassist.
_MADE = re.compile(
    r"\$Proxy\d|\$\$(?:EnhancerBy|FastClassBy|SpringCGLIB|_javassist|_jvst|HibernateProxy)"
)


def is_of_library(name: str) -> bool:
    """Whether a function is of the runtime, of a library, or made by one of them."""
    first, _, rest = name.partition(".")
    if first in _ROOT_SET or f"{first}.{rest.partition('.')[0]}" in _PACKAGE_SET:
        return True
    return "$" in name and _MADE.search(name) is not None
