-- Holds one submission, unless its job is held already or there is no room.
--
-- KEYS, all of one hash tag: 1 stream, 2 index, 3 bytes held
-- ARGV: 1 entries at most, 2 bytes at most, 3 job's field of the index, 4 summary, 5 bytes of this one, then names and
--   values of the entry
-- Answer: {"held", entry id}, {"known", summary of the job that is held} or {"full", ""}
local first = redis.call('HGET', KEYS[2], ARGV[3])
if first then return {'known', first} end

local bytes = tonumber(redis.call('GET', KEYS[3]) or '0')
if redis.call('XLEN', KEYS[1]) >= tonumber(ARGV[1]) or bytes + tonumber(ARGV[5]) > tonumber(ARGV[2]) then
  return {'full', ''}
end
local entry = redis.call('XADD', KEYS[1], '*', unpack(ARGV, 6))
redis.call('HSET', KEYS[2], ARGV[3], ARGV[4])
redis.call('INCRBY', KEYS[3], ARGV[5])
return {'held', entry}
