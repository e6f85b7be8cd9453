-- A token bucket as one number: the time at which it is full again (GCRA). KEYS[1] that time in ms.
-- ARGV: requests a minute. Answer: {1, requests left, ms until full} or {0, ms to wait, ms until full}.
local now = redis.call('TIME')
now = now[1] * 1000 + math.floor(now[2] / 1000)
local interval = 60000 / tonumber(ARGV[1])
local full_at = math.max(tonumber(redis.call('GET', KEYS[1]) or '0'), now)
local early = full_at - now - (60000 - interval)
if early > 0.5 then return {0, math.ceil(early), math.ceil(full_at - now)} end
full_at = full_at + interval
redis.call('SET', KEYS[1], string.format('%.3f', full_at), 'PX', math.ceil(full_at - now) + 1000)
return {1, math.floor((now + 60000 - full_at) / interval + 0.001), math.ceil(full_at - now)}
