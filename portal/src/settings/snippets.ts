/**
 * Programs and shippers that send to Logster as it is: the native API and `logster send`.
 *
 * In: the server's address and a key. Out: text to paste, in the order people look for it.
 * Promise: a key stands inside quotes of every kind, so one that could end them is not filled in.
 * Those that the tests can run (tests/served/test_portal_setup.py), they do.
 */

export const PLACEHOLDER = "YOUR_API_KEY";

/** More than made keys need, and nothing that any of the languages reads inside quotes. */
const SAFE_KEY = /^[\w.:~+/=-]+$/;

export interface Snippet {
  readonly id: string;
  readonly name: string;
  readonly group: "Shell" | "Languages" | "Shippers";
  /** What is worth knowing before pasting, or nothing. */
  readonly note: string;
  readonly write: (place: Place) => string;
}

interface Place {
  readonly url: string;
  readonly key: string;
}

export function textOf(snippet: Snippet, url: string, key: string): string {
  return snippet.write({ url, key: SAFE_KEY.test(key) ? key : PLACEHOLDER });
}

export const SNIPPETS: readonly Snippet[] = [
  {
    id: "curl",
    name: "curl",
    group: "Shell",
    note: "",
    write: ({ url, key }) => `curl ${url}/api/Log \\
  -H 'ApiKey: ${key}' \\
  -H 'Content-Type: application/json' \\
  -d '{"Severity": "Info", "Application": "shell", "Message": "Hello from curl"}'`,
  },
  {
    id: "bash",
    name: "A log file",
    group: "Shell",
    note: "Needs the logster command. It goes on as the file grows and waits for the server.",
    write: ({ url, key }) => `export LOGSTER_URL='${url}' LOGSTER_API_KEY='${key}'
logster send --application shop --follow /var/log/shop.log`,
  },
  {
    id: "pipe",
    name: "Any command",
    group: "Shell",
    note: "Needs the logster command. Each line is an event; its time and severity are found.",
    write: ({ url, key }) => `export LOGSTER_URL='${url}' LOGSTER_API_KEY='${key}'
echo 'WARN the disk is 91 % full' | logster send --application backup -`,
  },
  {
    id: "journal",
    name: "systemd journal",
    group: "Shell",
    note: "Needs the logster command.",
    write: ({ url, key }) => `export LOGSTER_URL='${url}' LOGSTER_API_KEY='${key}'
journalctl --follow --lines=0 --output=short-iso | logster send --application journal -`,
  },
  {
    id: "powershell",
    name: "PowerShell",
    group: "Shell",
    note: "",
    write: ({ url, key }) => `$message = @{
  Severity = 'Info'; Application = 'script'; Message = 'Hello from PowerShell'
} | ConvertTo-Json
Invoke-RestMethod -Method Post -Uri '${url}/api/Log' \`
  -Headers @{ ApiKey = '${key}' } -ContentType 'application/json; charset=utf-8' \`
  -Body ([Text.Encoding]::UTF8.GetBytes($message))`,
  },
  {
    id: "python",
    name: "Python",
    group: "Languages",
    note: "Standard library only.",
    write: ({ url, key }) => `import json
import urllib.request

message = {"Severity": "Info", "Application": "job", "Message": "Hello from Python"}
request = urllib.request.Request(
    "${url}/api/Log",
    data=json.dumps(message).encode(),
    headers={"ApiKey": "${key}", "Content-Type": "application/json"},
)
with urllib.request.urlopen(request, timeout=10) as answer:
    print(json.load(answer)["MessageId"])`,
  },
  {
    id: "python-logging",
    name: "Python logging",
    group: "Languages",
    note: "Standard library only. A thread sends, so the program never waits; at exit the rest is sent.",
    write: ({ url, key }) => `import atexit, json, logging, logging.handlers, queue, traceback, urllib.request

class LogsterHandler(logging.Handler):
    def emit(self, record):
        try:
            message = {
                "Severity": min(record.levelno // 10, 5),
                "Application": "shop",
                "Category": record.name,
                "Message": record.getMessage(),
                "Timestamp": int(record.created * 1000),
            }
            if record.exc_info and record.exc_info[0]:
                message["Exception"] = repr(record.exc_info[1])
                message["StackTrace"] = "".join(traceback.format_exception(*record.exc_info))
            request = urllib.request.Request(
                "${url}/api/Log",
                data=json.dumps(message).encode(),
                headers={"ApiKey": "${key}", "Content-Type": "application/json"},
            )
            urllib.request.urlopen(request, timeout=10).close()
        except Exception:
            self.handleError(record)

class KeepRecord(logging.handlers.QueueHandler):
    def prepare(self, record):
        return record

waiting = queue.Queue(10_000)
listener = logging.handlers.QueueListener(waiting, LogsterHandler())
listener.start()
atexit.register(listener.stop)
logging.basicConfig(level=logging.INFO, handlers=[KeepRecord(waiting)])

logging.info("Hello from logging")`,
  },
  {
    id: "node",
    name: "Node.js",
    group: "Languages",
    note: "Node 18 or newer, as a module (.mjs).",
    write: ({ url, key }) => `const answer = await fetch("${url}/api/Log", {
  method: "POST",
  headers: { ApiKey: "${key}", "Content-Type": "application/json" },
  body: JSON.stringify({ Severity: "Info", Application: "api", Message: "Hello from Node.js" }),
});
if (!answer.ok) throw new Error(await answer.text());`,
  },
  {
    id: "browser",
    name: "Browser",
    group: "Languages",
    note: "Everybody can read a key in a page: use one that may only send.",
    write: ({ url, key }) => `addEventListener("error", (event) => {
  fetch("${url}/api/Log", {
    method: "POST",
    keepalive: true,
    headers: { ApiKey: "${key}", "Content-Type": "application/json" },
    body: JSON.stringify({
      Severity: "Error",
      Application: "web",
      Message: event.message,
      StackTrace: event.error?.stack,
      Properties: { Page: location.href },
    }),
  });
});`,
  },
  {
    id: "csharp",
    name: "C#",
    group: "Languages",
    note: ".NET 6 or newer.",
    write: ({ url, key }) => `using System.Net.Http.Json;

using var client = new HttpClient();
client.DefaultRequestHeaders.Add("ApiKey", "${key}");
var answer = await client.PostAsJsonAsync("${url}/api/Log", new
{
    Severity = "Info",
    Application = "shop",
    Message = "Hello from C#",
});
answer.EnsureSuccessStatusCode();`,
  },
  {
    id: "java",
    name: "Java",
    group: "Languages",
    note: "Java 15 or newer.",
    write: ({ url, key }) => `import java.net.URI;
import java.net.http.HttpClient;
import java.net.http.HttpRequest;
import java.net.http.HttpResponse.BodyHandlers;

public class Hello {
    public static void main(String[] arguments) throws Exception {
        var message = """
            {"Severity": "Info", "Application": "shop", "Message": "Hello from Java"}
            """;
        var request = HttpRequest.newBuilder(URI.create("${url}/api/Log"))
            .header("ApiKey", "${key}")
            .header("Content-Type", "application/json")
            .POST(HttpRequest.BodyPublishers.ofString(message))
            .build();
        var answer = HttpClient.newHttpClient().send(request, BodyHandlers.ofString());
        System.out.println(answer.statusCode() + " " + answer.body());
    }
}`,
  },
  {
    id: "go",
    name: "Go",
    group: "Languages",
    note: "",
    write: ({ url, key }) => `package main

import (
	"fmt"
	"net/http"
	"strings"
)

func main() {
	body := strings.NewReader(\`{"Severity": "Info", "Application": "shop", "Message": "Hello from Go"}\`)
	request, err := http.NewRequest("POST", "${url}/api/Log", body)
	if err != nil {
		panic(err)
	}
	request.Header.Set("ApiKey", "${key}")
	request.Header.Set("Content-Type", "application/json")
	answer, err := http.DefaultClient.Do(request)
	if err != nil {
		panic(err)
	}
	defer answer.Body.Close()
	fmt.Println(answer.Status)
}`,
  },
  {
    id: "ruby",
    name: "Ruby",
    group: "Languages",
    note: "Standard library only.",
    write: ({ url, key }) => `require "json"
require "net/http"

message = { Severity: "Info", Application: "shop", Message: "Hello from Ruby" }
answer = Net::HTTP.post(
  URI("${url}/api/Log"),
  message.to_json,
  "ApiKey" => "${key}", "Content-Type" => "application/json"
)
puts answer.code`,
  },
  {
    id: "php",
    name: "PHP",
    group: "Languages",
    note: "Needs the curl extension.",
    write: ({ url, key }) => `<?php
$curl = curl_init('${url}/api/Log');
curl_setopt_array($curl, [
    CURLOPT_POST => true,
    CURLOPT_RETURNTRANSFER => true,
    CURLOPT_TIMEOUT => 10,
    CURLOPT_HTTPHEADER => ['ApiKey: ${key}', 'Content-Type: application/json'],
    CURLOPT_POSTFIELDS => json_encode([
        'Severity' => 'Info',
        'Application' => 'shop',
        'Message' => 'Hello from PHP',
    ]),
]);
$answer = curl_exec($curl);
echo $answer === false ? curl_error($curl) : $answer;`,
  },
  {
    id: "rust",
    name: "Rust",
    group: "Languages",
    note: 'ureq = { version = "3", features = ["json"] } and serde_json = "1" in Cargo.toml.',
    write: ({ url, key }) => `fn main() -> Result<(), ureq::Error> {
    let message = serde_json::json!({
        "Severity": "Info", "Application": "shop", "Message": "Hello from Rust"
    });
    ureq::post("${url}/api/Log")
        .header("ApiKey", "${key}")
        .send_json(&message)?;
    Ok(())
}`,
  },
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
