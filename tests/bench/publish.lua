-- For wrk: every request publishes a contract of a known pair for another version; every answer must be 200 or 201.
-- Arguments: the bearer token, a word that no other run uses, PUT or POST, and `same` or `new` for the content.
local threads = {}
local digits = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/"

local function base64(text)
  local found = {}
  for place = 1, #text, 3 do
    local a, b, c = text:byte(place, place + 2)
    local all = a * 65536 + (b or 0) * 256 + (c or 0)
    for part = 0, 3 do
      local digit = math.floor(all / 64 ^ (3 - part)) % 64
      found[#found + 1] = (part > 1 and not b or part > 2 and not c) and "=" or digits:sub(digit + 1, digit + 1)
    end
  end
  return table.concat(found)
end

-- A content in two halves between which a text stands: each half is whole in base64, so that only the text is encoded.
local before = '{"consumer": {"name": "Foo"}, "provider": {"name": "Bar"}, "interactions": [{"description": "a request for '
local after = '", "providerState": "there is one", "request": {"method": "GET", "path": "/things/1", "headers": '
  .. '{"Accept": "application/json"}}, "response": {"status": 200, "headers": {"Content-Type": "application/json"}, '
  .. '"body": {"id": 1, "name": "a thing", "tags": ["one", "two"]}}}], "metadata": {"pactSpecification": '
  .. '{"version": "2.0.0"}}}'
before = before .. string.rep("x", -#before % 3)
after = after .. string.rep(" ", -#after % 3)

function setup(thread)
  thread:set("number", #threads)
  table.insert(threads, thread)
end

function init(arguments)
  token, word, method, which = arguments[1], arguments[2], arguments[3], arguments[4]
  sent, made, refused, first = 0, 0, 0, ""
  if method == "POST" then before, after, encoded = base64(before), base64(after), base64 end
  wrk.method = method
  wrk.headers["Authorization"] = "Bearer " .. token
  wrk.headers["Content-Type"] = "application/json"
end

function request()
  sent = sent + 1
  local version = string.format("%s-%d-%d", word, number, sent)
  local text = which == "new" and version .. string.rep(" ", -#version % 3) or "things"
  if encoded then text = encoded(text) end
  local body = before .. text .. after
  if method == "PUT" then
    return wrk.format(nil, "/pacts/provider/Bar/consumer/Foo/version/" .. version, nil, body)
  end
  return wrk.format(nil, nil, nil, string.format(
    '{"pacticipantName": "Foo", "pacticipantVersionNumber": "%s", "branch": "main", "contracts": [{"consumerName": '
    .. '"Foo", "providerName": "Bar", "specification": "pact", "contentType": "application/json", "content": "%s", '
    .. '"onConflict": "overwrite"}]}', version, body))
end

function response(status, headers, body)
  if status == 200 or status == 201 then
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
