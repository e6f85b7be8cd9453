-- Attempts of one subject. KEYS share its hash tag: [1] block, [2] this minute's count, [3] this hour's count.
-- ARGV: verb admit | forgive | clear; for admit then the most per minute, the most per hour, the block in milliseconds.
-- admit answers 0, or for how many milliseconds the subject is blocked.
local block, minute, hour = KEYS[1], KEYS[2], KEYS[3]
local verb = ARGV[1]

if verb == 'clear' then
  return redis.call('DEL', block, minute, hour)
end

local function add(key, window_ms)
  local count = redis.call('INCR', key)
  if count == 1 then redis.call('PEXPIRE', key, window_ms) end
  return count
end

if verb == 'forgive' then
  for _, key in ipairs({minute, hour}) do
    if tonumber(redis.call('GET', key) or '0') > 0 then redis.call('DECR', key) end
  end
  return 0
end

local blocked_ms = redis.call('PTTL', block)
if blocked_ms > 0 then return blocked_ms end

local per_minute, per_hour, block_ms = tonumber(ARGV[2]), tonumber(ARGV[3]), tonumber(ARGV[4])
local this_minute, this_hour = add(minute, 60000), add(hour, 3600000)
if this_minute <= per_minute and this_hour <= per_hour then return 0 end
redis.call('SET', block, '1', 'PX', block_ms)
redis.call('DEL', minute, hour)
return block_ms
