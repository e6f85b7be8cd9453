-- What one provider may cost on one day. KEYS[1] hash of: epoch (which filling of the key this is), spent (micro-dollars).
-- ARGV[1] verb: reserve | seed | settle.
local key, verb = KEYS[1], ARGV[1]
local epoch = redis.call('HGET', key, 'epoch')

if verb == 'seed' then
  -- The first to come back from Postgres fills the key; whoever was slower reads what that one wrote.
  if not epoch then
    redis.call('HSET', key, 'epoch', ARGV[2], 'spent', ARGV[3])
    redis.call('PEXPIRE', key, ARGV[4])
  end
  return {'seeded', 0}
end

if verb == 'reserve' then
  if not epoch then return {'empty', 0} end
  local amount, limit = tonumber(ARGV[2]), tonumber(ARGV[3])
  local spent = tonumber(redis.call('HGET', key, 'spent'))
  if spent + amount > limit then return {'', spent} end
  return {epoch, redis.call('HINCRBY', key, 'spent', ARGV[2])}
end

-- settle: what was set aside becomes what it cost. A key filled since then knows nothing of what was set aside.
if not epoch then return {'empty', 0} end
local change = tonumber(ARGV[4])
if epoch == ARGV[2] then change = change - tonumber(ARGV[3]) end
return {epoch, redis.call('HINCRBY', key, 'spent', string.format('%.0f', change))}
