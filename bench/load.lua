-- Drives one route with wrk. Arguments: method, comma-separated paths, key, mark of this run.
-- With POST every body has a prompt of its own. The last line printed is one JSON object.

local paths, number, method, key, mark = {}, 0, "GET", "", ""

function init(args)
  method, key, mark = args[1], args[3], args[4]
  for path in string.gmatch(args[2], "[^,]+") do paths[#paths + 1] = path end
  wrk.headers["Authorization"] = "Bearer " .. key
  if method == "POST" then wrk.headers["Content-Type"] = "application/json" end
end

function request()
  number = number + 1
  local path = paths[number % #paths + 1]
  if method ~= "POST" then return wrk.format(method, path) end
  local body = string.format(
    '{"model":"bench-video","prompt":"A boat on a lake at dawn, run %s, take %d","seconds":"4","size":"720x1280"}',
    mark, number)
  return wrk.format(method, path, nil, body)
end

function done(summary, latency, requests)
  local e = summary.errors
  io.write(string.format(
    '\n{"requests":%d,"seconds":%.6f,"bytes":%.0f,"failed":%d,"p50_ms":%.3f,"p99_ms":%.3f,"max_ms":%.3f}\n',
    summary.requests, summary.duration / 1e6, summary.bytes,
    e.connect + e.read + e.write + e.status + e.timeout,
    latency:percentile(50) / 1e3, latency:percentile(99) / 1e3, latency.max / 1e3))
end
