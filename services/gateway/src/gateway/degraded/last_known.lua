-- Keeps what accounts were last shown, within a number of bytes, the longest unseen forgotten first.
--
-- KEYS, all of one hash tag: 1 order (sorted set of "<account>:<field>", score = when it was shown, in ms), 2 bytes kept,
--   3 the beginning of the name of each account's hash
-- ARGV: 1 now in ms, 2 ms until it is forgotten, 3 bytes at most, 4 jobs of one account at most,
--   then account, field, text for each; an empty text forgets the field
local function forget(member)
  local account, field = string.match(member, '^(%x+):(.+)$')
  local length = redis.call('HSTRLEN', KEYS[3] .. account, field)
  redis.call('HDEL', KEYS[3] .. account, field)
  redis.call('ZREM', KEYS[1], member)
  redis.call('DECRBY', KEYS[2], length)
end

for _, member in ipairs(redis.call('ZRANGEBYSCORE', KEYS[1], '-inf', ARGV[1] - ARGV[2], 'LIMIT', 0, 500)) do
  forget(member)
end

for i = 5, #ARGV, 3 do
  local hash, member = KEYS[3] .. ARGV[i], ARGV[i] .. ':' .. ARGV[i + 1]
  if ARGV[i + 2] == '' then
    forget(member)
  else
    local text = ARGV[1] .. '\n' .. ARGV[i + 2]
    redis.call('INCRBY', KEYS[2], #text - redis.call('HSTRLEN', hash, ARGV[i + 1]))
    redis.call('HSET', hash, ARGV[i + 1], text)
    redis.call('ZADD', KEYS[1], ARGV[1], member)
    if redis.call('HLEN', hash) > tonumber(ARGV[4]) then
      local fields = redis.call('HKEYS', hash)
      table.sort(fields)
      for _, field in ipairs(fields) do
        if string.sub(field, 1, 4) == 'job_' then
          forget(ARGV[i] .. ':' .. field)
          break
        end
      end
    end
  end
end

while tonumber(redis.call('GET', KEYS[2]) or '0') > tonumber(ARGV[3]) do
  local oldest = redis.call('ZRANGE', KEYS[1], 0, 0)[1]
  if not oldest then
    redis.call('SET', KEYS[2], 0)
    break
  end
  forget(oldest)
end
return redis.call('ZCARD', KEYS[1])
