-- For wrk: asks the questions of a file, one body a line, over and over; every answer must be a success, which wrk counts.
-- Arguments: the bearer token, the file, and where in it to begin.
local threads = {}

function setup(thread)
  table.insert(threads, thread)
end

function init(arguments)
  local token, file = arguments[1], arguments[2]
  local headers = { ["Authorization"] = "Bearer " .. token, ["Content-Type"] = "application/json" }
  requests, place = {}, tonumber(arguments[3] or 0)
  for body in io.lines(file) do
    requests[#requests + 1] = wrk.format("POST", wrk.path, headers, body)
  end
end

function request()
  place = place % #requests + 1
  return requests[place]
end

function done(summary, latency)
  local errors = summary.errors.connect + summary.errors.read + summary.errors.write + summary.errors.timeout
  io.write(string.format("BENCH %d %d %d %d %d \n", summary.requests, summary.errors.status, errors, summary.duration,
    latency:percentile(99)))
end
