// The script that guards the live views: it checks everything first, and then either applies a batch whole or
// changes nothing. Fences and log position make redelivery, gaps and failovers harmless.

/**
 * KEYS  1 fences, 2 positions, 3 origins, 4 total, 5 … one per view
 * ARGV  the Redis type of each key;
 *       log name or '', first offset, next offset;
 *       number of runs, and for each: name, first seq, last seq, kind, last offset or '';
 *         kind: dense; foreign or step (gaps mean nothing); a number (nothing is between it and the first seq); rest (what is before it is done, and perhaps all of it:
 *         then first is last + 1)
 *       what to add to the total;
 *       for each view: kind, parameter, number of pairs, the pairs
 * Returns {'stored', others, gaps, the position before} or {'type', text} or {'behind', position} or {'gap', position, the fence of each run}
 *       or {'fence', the fence of each run}
 */
export const viewScript = `
local at = 0
local function arg() at = at + 1 return ARGV[at] end
local function number() return tonumber(arg()) end
local function text(n) return string.format('%.0f', n) end

for i = 1, #KEYS do
  local want, is = arg(), redis.call('TYPE', KEYS[i]).ok
  if is ~= 'none' and is ~= want then return {'type', KEYS[i] .. ' is a ' .. is .. ', not a ' .. want} end
end

local log, first_offset, next_offset = arg(), number(), number()
local position = 0
if log ~= '' then
  position = tonumber(redis.call('HGET', KEYS[2], log) or '0')
  if first_offset > position then return {'behind', text(position)} end
end

local known, fences, stale, gap, stepped = {}, {}, false, false, 0
local runs = {}
for i = 1, number() do
  local run = {name = arg(), first = number(), last = number(), kind = arg(), offset = arg()}
  local stored = redis.call('HGET', KEYS[1], run.name)
  -- Foreign numbers begin at 0. A rest of which nothing is stored says nothing of where its numbers begin.
  stored = tonumber(stored or (run.kind == 'foreign' or run.kind == 'rest') and -1 or 0)
  local fence = known[run.name] or stored
  local missing = run.first > fence + 1
  -- What the writer found done may be undone: a failover can come between its question and this call.
  if run.kind == 'rest' and missing then stale = true
  elseif run.first <= fence and run.first <= run.last then stale = true
  elseif missing and run.kind == 'dense' then gap = true end
  local believed = tonumber(run.kind)
  if missing and believed and believed ~= fence then gap = true end
  if missing and (run.kind == 'step' or believed) then stepped = stepped + 1 end
  known[run.name] = math.max(fence, run.last)
  fences[i] = text(stored)
  runs[i] = run
end
if stale then return {'fence', unpack(fences)} end
if gap then return {'gap', text(position), unpack(fences)} end

local ahead = log ~= '' and next_offset > position
for i = 1, #runs do
  local run = runs[i]
  if run.first <= run.last then
    redis.call('HSET', KEYS[1], run.name, text(run.last))
    -- The fast path is ahead of the log's reader: where the log last has the origin is not known yet.
    if log == '' then redis.call('HDEL', KEYS[3], run.name) end
  end
  if ahead then redis.call('HSET', KEYS[3], run.name, log .. ':' .. run.offset) end
end
if ahead then redis.call('HSET', KEYS[2], log, text(next_offset)) end
local total = arg()
if total ~= '0' then redis.call('INCRBY', KEYS[4], total) end

local others = 0
local add = {
  count = function(key, field, n) redis.call('HINCRBY', key, field, n) end,
  top = function(key, field, n) redis.call('ZINCRBY', key, n, field) end,
  distinct = function(key, field) redis.call('SADD', key, field) end,
}
local size = {count = 'HLEN', top = 'ZCARD', distinct = 'SCARD'}
local has = {
  count = function(key, field) return redis.call('HEXISTS', key, field) == 1 end,
  top = function(key, field) return redis.call('ZSCORE', key, field) ~= false end,
  distinct = function(key, field) return redis.call('SISMEMBER', key, field) == 1 end,
}
for i = 5, #KEYS do
  local key, kind, parameter, pairs = KEYS[i], arg(), number(), number()
  if pairs == 0 then
  elseif add[kind] then
    local room = parameter - redis.call(size[kind], key)
    -- (other) is not one of the keys that count.
    if room < pairs and has[kind](key, '(other)') then room = room + 1 end
    local sure = room >= pairs
    for _ = 1, pairs do
      local field, n = arg(), arg()
      if not sure and field ~= '(other)' and not has[kind](key, field) then
        if room > 0 then room = room - 1
        else
          field = '(other)'
          others = others + tonumber(n)
        end
      end
      add[kind](key, field, n)
    end
  elseif kind == 'histogram' then
    for _ = 1, pairs do redis.call('HINCRBY', key, arg(), arg()) end
  elseif kind == 'latest' then
    local members = {}
    for n = 1, pairs * 2 do members[n] = arg() end
    -- Lua returns at most some 8,000 values.
    for from = 1, #members, 4000 do
      redis.call('ZADD', key, unpack(members, from, math.min(from + 3999, #members)))
    end
    redis.call('ZREMRANGEBYRANK', key, 0, -parameter - 1)
  elseif kind == 'rate' then
    local grown = false
    for _ = 1, pairs do
      local second, n = arg(), arg()
      if redis.call('HINCRBY', key, second, n) == tonumber(n) then grown = true end
    end
    -- Only a new second can move the window, or lie outside it.
    if grown then
      local seconds, newest = redis.call('HKEYS', key), 0
      for _, second in ipairs(seconds) do newest = math.max(newest, tonumber(second)) end
      for _, second in ipairs(seconds) do
        if tonumber(second) <= newest - parameter then redis.call('HDEL', key, second) end
      end
    end
  end
end
return {'stored', others, stepped, text(position)}
`

/**
 * Forgets the fences of origins that have left the log.
 * KEYS 1 fences, 2 origins. ARGV 1 log name, 2 the oldest offset that the log has. Returns how many went.
 */
export const pruneScript = `
local gone, cursor = 0, '0'
repeat
  local page = redis.call('HSCAN', KEYS[2], cursor, 'COUNT', 1000)
  cursor = page[1]
  for i = 1, #page[2], 2 do
    local log, offset = string.match(page[2][i + 1], '^(.*):(%d+)$')
    if log == ARGV[1] and tonumber(offset) < tonumber(ARGV[2]) then
      redis.call('HDEL', KEYS[1], page[2][i])
      redis.call('HDEL', KEYS[2], page[2][i])
      gone = gone + 1
    end
  end
until cursor == '0'
return gone
`
