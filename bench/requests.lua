-- For wrk: sends the prebuilt requests of a file (bench/client.py) and prints the outcome as JSON.
local bytes, sizes, at, number

function init(arguments)
   local file = assert(io.open(arguments[1] .. ".bytes", "rb"))
   bytes = file:read("*a")
   file:close()
   sizes, at, number = {}, 1, 1
   for line in io.lines(arguments[1] .. ".sizes") do
      sizes[#sizes + 1] = tonumber(line)
   end
end

function request()
   local size = sizes[number]
   local whole = bytes:sub(at, at + size - 1)
   at, number = at + size, number + 1
   if number > #sizes then
      at, number = 1, 1
   end
   return whole
end

function done(summary, latency)
   local faults = summary.errors
   local refused = faults.status + faults.connect + faults.read + faults.write + faults.timeout
   io.write(string.format(
      '\n{"seconds":%.6f,"answered":%d,"refused":%d,"p50_ms":%.3f,"p99_ms":%.3f,"p99.9_ms":%.3f}\n',
      summary.duration / 1e6, summary.requests - faults.status, refused,
      latency:percentile(50) / 1e3, latency:percentile(99) / 1e3, latency:percentile(99.9) / 1e3))
end
