/** A few lines for each language that programs are written in. */
import type { Snippet } from "./snippet";

export const LANGUAGES: readonly Snippet[] = [
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
];
