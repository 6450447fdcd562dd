/** What clients of other servers are told, so that they send here instead. */
import type { Snippet } from "./snippet";

const group = "Clients of";

/** `http://host` with the key before the host, as clients that know no headers want it. */
function withKey(url: string, key: string): string {
  return url.replace("://", `://${key}@`);
}

export const SENDERS: readonly Snippet[] = [
  {
    id: "seq",
    name: "Seq (Serilog)",
    group,
    page: "seq",
    note: "The same address and key for NLog, Microsoft.Extensions.Logging, seqlog, seq-logging, pino-seq and winston-seq.",
    write: ({ url, key }) => `// dotnet add package Serilog.Sinks.Seq
Log.Logger = new LoggerConfiguration()
    .WriteTo.Seq("${url}", apiKey: "${key}")
    .CreateLogger();

Log.Information("Hello from {Client}", "Serilog");
Log.CloseAndFlush();`,
  },
  {
    id: "seqlog",
    name: "Seq (Python)",
    group,
    page: "seq",
    note: "pip install seqlog",
    write: ({ url, key }) => `import logging
import seqlog

handler = seqlog.log_to_seq(
    server_url="${url}", api_key="${key}", level=logging.INFO, override_root_logger=True
)
logging.info("Hello from {client}", client="seqlog")

handler.log_queue.join()  # at the end: what waits is sent
handler.flush()`,
  },
  {
    id: "otlp",
    name: "OpenTelemetry",
    group,
    page: "otlp",
    note: "For every SDK and auto-instrumentation; logs only, by HTTP (not gRPC).",
    write: ({ url, key }) => `export OTEL_EXPORTER_OTLP_PROTOCOL='http/protobuf'
export OTEL_EXPORTER_OTLP_LOGS_ENDPOINT='${url}/v1/logs'
export OTEL_EXPORTER_OTLP_LOGS_HEADERS='ApiKey=${key}'
export OTEL_SERVICE_NAME='shop'
export OTEL_LOGS_EXPORTER='otlp' OTEL_TRACES_EXPORTER='none' OTEL_METRICS_EXPORTER='none'`,
  },
  {
    id: "otel-collector",
    name: "OpenTelemetry Collector",
    group,
    page: "otlp",
    note: "Put it into the pipeline of your logs, beside the exporters that are there.",
    write: ({ url, key }) => `exporters:
  otlphttp/logster:
    logs_endpoint: ${url}/v1/logs
    compression: gzip
    headers:
      ApiKey: "${key}"

service:
  pipelines:
    logs:
      exporters: [otlphttp/logster]`,
  },
  {
    id: "sentry",
    name: "Sentry (Python)",
    group,
    page: "sentry",
    note: "pip install sentry-sdk. Every Sentry SDK takes the same DSN; the number at its end is the key's.",
    write: ({ url, key, project }) => `import logging
import sentry_sdk

sentry_sdk.init(dsn="${withKey(url, key)}/${project}", release="shop@1.0", environment="production")
try:
    1 / 0
except ZeroDivisionError:
    logging.exception("Hello from Sentry")
sentry_sdk.flush()`,
  },
  {
    id: "sentry-js",
    name: "Sentry (JavaScript)",
    group,
    page: "sentry",
    note: "npm install @sentry/node; in pages @sentry/browser, with the same lines.",
    write: ({ url, key, project }) => `import * as Sentry from "@sentry/node";

Sentry.init({ dsn: "${withKey(url, key)}/${project}", release: "shop@1.0", environment: "production" });
Sentry.captureException(new Error("Hello from Sentry"));
await Sentry.flush(2000);`,
  },
  {
    id: "loki",
    name: "Loki (Alloy)",
    group,
    page: "loki",
    note: "Promtail and Docker's loki driver take the same address: …/loki/api/v1/push, with the key as password.",
    write: ({ url, key }) => `loki.write "logster" {
  endpoint {
    url = "${url}/loki/api/v1/push"

    basic_auth {
      username = "logster"
      password = "${key}"
    }
  }
}`,
  },
  {
    id: "filebeat",
    name: "Elasticsearch (Filebeat)",
    group,
    page: "elasticsearch",
    note: "Logstash's elasticsearch output and other shippers of Elasticsearch take the same address.",
    write: ({ url, key }) => `output.elasticsearch:
  hosts: ["${url}/elasticsearch"]
  username: "logster"
  password: "${key}"

setup.ilm.enabled: false
setup.template.enabled: false`,
  },
  {
    id: "elasticsearch",
    name: "Elasticsearch (Python)",
    group,
    page: "elasticsearch",
    note: "pip install elasticsearch",
    write: ({ url, key }) => `from elasticsearch import Elasticsearch, helpers

client = Elasticsearch("${url}/elasticsearch", basic_auth=("logster", "${key}"))
event = {"message": "Hello from Elasticsearch", "log.level": "info", "service.name": "shop"}
helpers.bulk(client, [{"_op_type": "create", "_index": "logs", **event}])`,
  },
  {
    id: "gelf",
    name: "Graylog (GELF)",
    group,
    page: "gelf",
    note: "By HTTP.",
    write: ({ url, key }) => `curl '${url}/gelf' -H 'ApiKey: ${key}' \\
  -d '{"version": "1.1", "host": "web-1", "short_message": "Hello from GELF", "level": 6, "_application": "shop"}'`,
  },
  {
    id: "gelf-port",
    name: "GELF (Docker)",
    group,
    sender: "GELF",
    page: "gelf",
    note: "Start the server with LOGSTER_GELF=0.0.0.0:12201 first, for UDP and TCP. GELF knows no keys there: what comes to this port is sent by the key named GELF.",
    write: ({ host }) => `docker run --log-driver gelf --log-opt gelf-address=udp://${host}:12201 \\
  alpine echo 'Hello from GELF'`,
  },
  {
    id: "syslog",
    name: "syslog (rsyslog)",
    group,
    page: "syslog",
    sender: "syslog",
    note: "Start the server with LOGSTER_SYSLOG=0.0.0.0:5514 first. Syslog knows no keys: what comes to this port is sent by the key named syslog.",
    write: ({ host }) => `# /etc/rsyslog.d/90-logster.conf
*.* action(type="omfwd" target="${host}" port="5514" protocol="tcp"
           template="RSYSLOG_SyslogProtocol23Format" tcp_framing="octet-counted"
           queue.type="linkedList" action.resumeRetryCount="-1")`,
  },
  {
    id: "logger",
    name: "syslog (logger)",
    group,
    page: "syslog",
    sender: "syslog",
    note: "Start the server with LOGSTER_SYSLOG=0.0.0.0:5514 first.",
    write: ({ host }) => `logger --server ${host} --port 5514 --tcp --rfc5424 --tag shop 'Hello from syslog'`,
  },
  {
    id: "journal-upload",
    name: "journald",
    group,
    page: "journald",
    note: "Debian: apt-get install systemd-journal-remote; then systemctl enable --now systemd-journal-upload.",
    write: ({ url, key }) => `# /etc/systemd/journal-upload.conf
[Upload]
URL=${withKey(url, key)}`,
  },
  {
    id: "datadog",
    name: "Datadog agent",
    group,
    page: "datadog",
    note: "",
    write: ({ url, key }) => `# datadog.yaml
api_key: "${key}"
logs_enabled: true
logs_config:
  force_use_http: true
  logs_dd_url: "${url.replace(/^https?:\/\//, "")}"
  logs_no_ssl: ${url.startsWith("http:")}`,
  },
  {
    id: "reports",
    name: "Browser reports",
    group,
    page: "reports",
    note: "What browsers say of your pages: content policies, deprecations, crashes. The key is seen by visitors; give it the right to send alone.",
    write: ({ url, key }) => `# nginx
add_header Reporting-Endpoints 'logster="${url}/ingest/reports?apiKey=${key}"';
add_header Content-Security-Policy
    "default-src 'self'; report-uri ${url}/ingest/reports?apiKey=${key}; report-to logster";`,
  },
];
