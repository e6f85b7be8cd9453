-- Token buckets, each as one number: the time at which it is full again (GCRA). A request is in all of them or in none.
-- KEYS, all of one hash tag: those times in ms. ARGV: requests a minute of each.
-- Answer: {1, bucket with the fewest left, requests left, ms until full} or {0, bucket that refuses, ms to wait, ms until full}.
local now = redis.call('TIME')
now = now[1] * 1000 + math.floor(now[2] / 1000)
local full, interval = {}, {}
local refuses, wait = 0, 0
for i, key in ipairs(KEYS) do
  interval[i] = 60000 / tonumber(ARGV[i])
  full[i] = math.max(tonumber(redis.call('GET', key) or '0'), now)
  local early = full[i] - now - (60000 - interval[i])
  if early > 0.5 and early > wait then refuses, wait = i, early end
end
if refuses > 0 then return {0, refuses, math.ceil(wait), math.ceil(full[refuses] - now)} end
local fewest, left = 1, nil
for i, key in ipairs(KEYS) do
  full[i] = full[i] + interval[i]
  redis.call('SET', key, string.format('%.3f', full[i]), 'PX', math.ceil(full[i] - now) + 1000)
  local remaining = math.floor((now + 60000 - full[i]) / interval[i] + 0.001)
  if left == nil or remaining < left then fewest, left = i, remaining end
end
return {1, fewest, left, math.ceil(full[fewest] - now)}
