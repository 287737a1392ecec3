// How batches stand in Redis streams: one stream a partition, `{pipeline}:stream:<n>`, and beside each a hash
// `{pipeline}:stream:<n>:state`, which says how much was written and how far each group of readers is:
//
//   written       bytes ever written
//   trimmed       bytes below which every group has acknowledged, and the stream is trimmed
//   id:<group>    the last entry that the group has acknowledged
//   end:<group>   what `written` was after that entry
//
// A group that is no longer used holds its part of the streams until its two fields are deleted.

/** Beside the batch each entry carries `end`, what `written` is after it. */
export const streamKey = (pipeline: string, partition: number) => `{${pipeline}}:stream:${partition}`
export const stateKey = (pipeline: string, partition: number) => `${streamKey(pipeline, partition)}:state`
/** Who reads for a group; it expires when that reader is gone. */
export const leaseKey = (pipeline: string, group: string) => `{${pipeline}}:stream:reader:${group}`

/**
 * Appends one payload to each stream, all or none. KEYS: stream, state, for each. ARGV: the most bytes that a stream
 * may hold unacknowledged, then the payloads. Answers false, or what is full and by how much.
 */
export const appendScript = `
local most = tonumber(ARGV[1])
for i = 1, #KEYS / 2 do
  local state = redis.call('HMGET', KEYS[2 * i], 'written', 'trimmed')
  local held = tonumber(state[1] or 0) - tonumber(state[2] or 0)
  if held + #ARGV[i + 1] > most then return KEYS[2 * i - 1] .. ' holds ' .. string.format('%.0f', held) end
end
for i = 1, #KEYS / 2 do
  local written = redis.call('HINCRBY', KEYS[2 * i], 'written', #ARGV[i + 1])
  redis.call('XADD', KEYS[2 * i - 1], '*', 'batch', ARGV[i + 1], 'end', string.format('%.0f', written))
end
return false`

/**
 * Takes or renews the lease, and says where the group is. KEYS: lease, then the states. ARGV: who asks, lease in ms,
 * group. Answers the last acknowledged entry of each stream, or false when somebody else reads.
 */
export const claimScript = `
local holder = redis.call('GET', KEYS[1])
if holder and holder ~= ARGV[1] then return false end
redis.call('SET', KEYS[1], ARGV[1], 'PX', ARGV[2])
local ids = {}
for i = 2, #KEYS do
  if redis.call('HSETNX', KEYS[i], 'id:' .. ARGV[3], '0-0') == 1 then
    redis.call('HSET', KEYS[i], 'end:' .. ARGV[3], redis.call('HGET', KEYS[i], 'trimmed') or 0)
  end
  ids[i - 1] = redis.call('HGET', KEYS[i], 'id:' .. ARGV[3])
end
return ids`

/**
 * Stores how far a group is, and trims what every group has. KEYS: lease, then stream, state, for each. ARGV: who
 * asks, group, then id and end for each. Answers 0 when somebody else reads by now, and changes nothing.
 */
export const acknowledgeScript = `
if redis.call('GET', KEYS[1]) ~= ARGV[1] then return 0 end
for i = 1, (#KEYS - 1) / 2 do
  local stream, state = KEYS[2 * i], KEYS[2 * i + 1]
  redis.call('HSET', state, 'id:' .. ARGV[2], ARGV[2 * i + 1], 'end:' .. ARGV[2], ARGV[2 * i + 2])
  local fields = redis.call('HGETALL', state)
  local least, group
  for f = 1, #fields, 2 do
    local bytes = tonumber(fields[f + 1])
    if string.sub(fields[f], 1, 4) == 'end:' and (not least or bytes < least) then
      least, group = bytes, string.sub(fields[f], 5)
    end
  end
  redis.call('HSET', state, 'trimmed', string.format('%.0f', least))
  local ms, seq = string.match(redis.call('HGET', state, 'id:' .. group), '(%d+)-(%d+)')
  redis.call('XTRIM', stream, 'MINID', ms .. '-' .. string.format('%.0f', tonumber(seq) + 1))
end
return 1`

/** Gives the lease back. KEYS: lease. ARGV: who asks. */
export const releaseScript = `
if redis.call('GET', KEYS[1]) == ARGV[1] then redis.call('DEL', KEYS[1]) end`
