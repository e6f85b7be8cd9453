-- Admission of one submission: duplicate click, rate, daily quota, jobs in flight and the credit hint, in one step.
--
-- KEYS, all of one account and one hash tag: 1 seeded marker, 2 rate (a theoretical arrival time in ms),
--   3 jobs today, 4 jobs in flight (sorted set, score = when the entry is forgotten), 5 credit hint,
--   6 idempotency key or duplicate click, 7… rates of the user or of the key, where they have less than the account
-- ARGV: 1 job id, 2 submissions a minute, 3 jobs a day, 4 jobs in flight, 5 price, 6 "key" or "click",
--   7 ms for which (6) is remembered, 8 ms until an entry in flight is forgotten, 9 seconds until the end of the day,
--   10 what is remembered at (6): the job id, of a key with the hash of the request after a colon,
--   11… submissions a minute at KEYS 7…
-- Answer: {verdict, a, b}
--   "cold"                               the account's counters must be seeded first
--   "replay"    the first job, its hash  this idempotency key was seen; nothing was counted
--   "click"     id of the first job      the same body was submitted a moment ago
--   "rate"      ms to wait, which        too many submissions; 0: of the account, 1…: at KEYS 7…
--   "quota"     jobs today, limit
--   "in_flight" jobs in flight, limit
--   "credits"   available                the hint says that it cannot be paid
--   "ok"        submissions left, ms until all are
local now = redis.call('TIME')
now = now[1] * 1000 + math.floor(now[2] / 1000)

if redis.call('EXISTS', KEYS[1]) == 0 then return {'cold', '', ''} end

local first = redis.call('GET', KEYS[6])
if first then
  if ARGV[6] == 'key' then return {'replay', string.sub(first, 1, 36), string.sub(first, 38)} end
  return {'click', first, ''}
end

local per_minute = tonumber(ARGV[2])
local interval = 60000 / per_minute
local arrival = math.max(tonumber(redis.call('GET', KEYS[2]) or '0'), now)
local early = arrival - now - (60000 - interval)
if early > 0.5 then return {'rate', tostring(math.ceil(early)), '0'} end
local arrivals = {}
for i = 7, #KEYS do
  local step = 60000 / tonumber(ARGV[i + 4])
  arrivals[i] = math.max(tonumber(redis.call('GET', KEYS[i]) or '0'), now) + step
  if arrivals[i] - now - 60000 > 0.5 then
    return {'rate', tostring(math.ceil(arrivals[i] - now - 60000)), tostring(i - 6)}
  end
end

local today = tonumber(redis.call('GET', KEYS[3]) or '0')
if today >= tonumber(ARGV[3]) then return {'quota', tostring(today), ARGV[3]} end

redis.call('ZREMRANGEBYSCORE', KEYS[4], '-inf', now)
local in_flight = redis.call('ZCARD', KEYS[4])
if in_flight >= tonumber(ARGV[4]) then return {'in_flight', tostring(in_flight), ARGV[4]} end

local hint = redis.call('HGET', KEYS[5], 'available')
if hint and tonumber(hint) < tonumber(ARGV[5]) then return {'credits', hint, ''} end

arrival = arrival + interval
redis.call('SET', KEYS[2], string.format('%.3f', arrival), 'PX', 120000)
for i = 7, #KEYS do redis.call('SET', KEYS[i], string.format('%.3f', arrivals[i]), 'PX', 120000) end
redis.call('INCR', KEYS[3])
redis.call('EXPIRE', KEYS[3], tonumber(ARGV[9]) + 3600)
redis.call('ZADD', KEYS[4], now + tonumber(ARGV[8]), ARGV[1])
redis.call('PEXPIRE', KEYS[4], tonumber(ARGV[8]))
redis.call('SET', KEYS[6], ARGV[10], 'PX', ARGV[7])
local left = math.floor((now + 60000 - arrival) / interval + 0.001)
return {'ok', tostring(math.max(left, 0)), tostring(math.ceil(arrival - now))}
