-- One provider's circuit. KEYS share a hash tag: [1] window of counts, [2] circuit, [3] probe lease.
-- ARGV[1] verb: acquire | report | peek. All times by the server's clock, in milliseconds.
local window, circuit, probe = KEYS[1], KEYS[2], KEYS[3]
local t = redis.call('TIME')
local now = t[1] * 1000 + math.floor(t[2] / 1000)
local opened_until = tonumber(redis.call('GET', circuit) or '0')
local verb = ARGV[1]

if verb == 'acquire' then
  local token, lease_ms = ARGV[2], tonumber(ARGV[3])
  if opened_until == 0 then return {'closed', 0} end
  if now < opened_until then return {'open', opened_until - now} end
  if redis.call('SET', probe, token, 'NX', 'PX', lease_ms) then return {'half_open', 0} end
  return {'open', math.max(1, redis.call('PTTL', probe))}
end

if verb == 'peek' then
  if opened_until == 0 then return {'closed', 0} end
  if now < opened_until then return {'open', opened_until - now} end
  return {'half_open', 0}
end

-- report
local token, verdict = ARGV[2], ARGV[3]
local window_ms, calls_min, rate = tonumber(ARGV[4]), tonumber(ARGV[5]), tonumber(ARGV[6])
local open_ms, keep_ms = tonumber(ARGV[7]), tonumber(ARGV[8])

local function open()
  redis.call('SET', circuit, string.format('%.0f', now + open_ms), 'PX', open_ms + keep_ms)
  redis.call('DEL', window, probe)
  return {'open', open_ms}
end

if verdict == 'trip' then return open() end

if token ~= '' then
  -- Only the probe whose lease still stands decides; one that overslept has been replaced.
  if redis.call('GET', probe) ~= token then return {'half_open', 0} end
  if verdict == 'failure' then return open() end
  redis.call('DEL', probe)
  if verdict == 'success' then
    redis.call('DEL', circuit, window)
    return {'closed', 0}
  end
  return {'half_open', 0}
end

-- Calls begun before the circuit opened tell nothing new.
if opened_until ~= 0 then return {'open', math.max(0, opened_until - now)} end
if verdict == 'neutral' then return {'closed', 0} end

local bucket_ms = math.max(1, math.floor(window_ms / 10))
local bucket = math.floor(now / bucket_ms)
redis.call('HINCRBY', window, string.format('%.0f:%s', bucket, verdict), 1)
redis.call('PEXPIRE', window, window_ms + bucket_ms)
local calls, failures = 0, 0
local fields = redis.call('HGETALL', window)
for i = 1, #fields, 2 do
  local at, kind = string.match(fields[i], '^(%d+):(%a+)$')
  if tonumber(at) <= bucket - 10 then
    redis.call('HDEL', window, fields[i])
  else
    calls = calls + tonumber(fields[i + 1])
    if kind == 'failure' then failures = failures + tonumber(fields[i + 1]) end
  end
end
if verdict == 'failure' and calls >= calls_min and failures / calls >= rate then return open() end
return {'closed', 0}
