-- For wrk: every request registers an application of another name; every answer must be 201.
-- Arguments: the bearer token, and a word that no other run uses.
local threads = {}

function setup(thread)
  thread:set("number", #threads)
  table.insert(threads, thread)
end

function init(arguments)
  token, word = arguments[1], arguments[2]
  sent, made, refused, first = 0, 0, 0, ""
  wrk.method = "POST"
  wrk.headers["Authorization"] = "Bearer " .. token
  wrk.headers["Content-Type"] = "application/json"
end

function request()
  sent = sent + 1
  return wrk.format(nil, nil, nil, string.format('{"name": "%s-%d-%d"}', word, number, sent))
end

function response(status, headers, body)
  if status == 201 then
    made = made + 1
  else
    refused = refused + 1
    if first == "" then first = status .. " " .. body end
  end
end

function done(summary, latency, requests)
  local made, refused, first = 0, 0, ""
  for _, thread in ipairs(threads) do
    made = made + thread:get("made")
    refused = refused + thread:get("refused")
    if first == "" then first = thread:get("first") end
  end
  local errors = summary.errors.connect + summary.errors.read + summary.errors.write + summary.errors.timeout
  io.write(string.format("BENCH %d %d %d %d %d %s\n", made, refused, errors, summary.duration,
    latency:percentile(99), first))
end
