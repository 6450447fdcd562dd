/** What shippers of logs are told in their own files. */
import type { Snippet } from "./snippet";

export const SHIPPERS: readonly Snippet[] = [
  {
    id: "vector",
    name: "Vector",
    group: "Shippers",
    note: "Put the name of your source or transform into inputs.",
    write: ({ url, key }) => `[sinks.logster]
type = "http"
inputs = ["YOUR_SOURCE"]
uri = "${url}/api/Logs"
encoding.codec = "json"
framing.method = "newline_delimited"
compression = "gzip"

[sinks.logster.request.headers]
ApiKey = "${key}"`,
  },
  {
    id: "fluent-bit",
    name: "Fluent Bit",
    group: "Shippers",
    note: "Fluent Bit calls the text of a line log; Logster calls it Message.",
    write: ({ url, key }) => {
      const { hostname, pathname, port, protocol } = new URL(`${url}/api/Logs`);
      const isTls = protocol === "https:";
      return `[FILTER]
    Name    modify
    Match   *
    Rename  log Message

[OUTPUT]
    Name              http
    Match             *
    Host              ${hostname}
    Port              ${port || (isTls ? 443 : 80)}
    tls               ${isTls ? "On" : "Off"}
    URI               ${pathname}
    Format            json_lines
    json_date_key     Timestamp
    json_date_format  iso8601
    compress          gzip
    Header            ApiKey ${key}`;
    },
  },
];
