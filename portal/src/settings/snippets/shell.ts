/** Commands that send from a shell. */
import type { Snippet } from "./snippet";

export const SHELL: readonly Snippet[] = [
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
    id: "text",
    name: "curl, a text file",
    group: "Shell",
    page: "text",
    note: "Lines of any kind: JSON, logfmt, access logs, plain text with a time and a level; stack traces stay whole.",
    write: ({ url, key }) =>
      `curl '${url}/ingest/text?application=shop' -H 'ApiKey: ${key}' --data-binary @shop.log`,
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
];
