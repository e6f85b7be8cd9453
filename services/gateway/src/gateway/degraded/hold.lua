-- Holds one submission, unless its job or its idempotency key is held already or there is no room.
--
-- KEYS, all of one hash tag: 1 stream, 2 index, 3 bytes held
-- ARGV: 1 entries at most, 2 bytes at most, 3 job's field of the index, 4 key's field or empty, 5 job id,
--   6 beginning of the account's job fields, 7 summary, 8 bytes of this one, then names and values of the entry
-- Answer: {"held", entry id}, {"known", summary of the job that is held} or {"full", ""}
local first = redis.call('HGET', KEYS[2], ARGV[3])
if not first and ARGV[4] ~= '' then
  local job = redis.call('HGET', KEYS[2], ARGV[4])
  if job then first = redis.call('HGET', KEYS[2], ARGV[6] .. job) end
end
if first then return {'known', first} end

local bytes = tonumber(redis.call('GET', KEYS[3]) or '0')
if redis.call('XLEN', KEYS[1]) >= tonumber(ARGV[1]) or bytes + tonumber(ARGV[8]) > tonumber(ARGV[2]) then
  return {'full', ''}
end
local entry = redis.call('XADD', KEYS[1], '*', unpack(ARGV, 9))
redis.call('HSET', KEYS[2], ARGV[3], ARGV[7])
if ARGV[4] ~= '' then redis.call('HSET', KEYS[2], ARGV[4], ARGV[5]) end
redis.call('INCRBY', KEYS[3], ARGV[8])
return {'held', entry}
