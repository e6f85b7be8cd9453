-- Takes one entry out of the held submissions, once, with what stands beside it; sets it aside where told why.
--
-- KEYS, all of one hash tag: 1 stream, 2 index, 3 bytes held, 4 stream of what was set aside
-- ARGV: 1 entry id, 2 job's field of the index, 3 bytes of the entry, 4 error or empty, 5 entries set aside at most
local found = redis.call('XRANGE', KEYS[1], ARGV[1], ARGV[1])[1]
if not found then return 0 end
if ARGV[4] ~= '' then
  redis.call('XADD', KEYS[4], 'MAXLEN', ARGV[5], '*', 'error', ARGV[4], 'held_as', ARGV[1], unpack(found[2]))
end
redis.call('XDEL', KEYS[1], ARGV[1])
redis.call('DECRBY', KEYS[3], ARGV[3])
redis.call('HDEL', KEYS[2], ARGV[2])
return 1
