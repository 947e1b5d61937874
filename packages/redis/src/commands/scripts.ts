import { createHash } from 'node:crypto'

/** Operations that must be atomic are scripts in Redis. Nothing is written before everything is checked. */
export interface Script {
  readonly source: string
  readonly sha: string
}

function script(source: string): Script {
  return { source, sha: createHash('sha1').update(source).digest('hex') }
}

const TYPES = `
local function foreign(key, expected)
  local kind = redis.call('TYPE', key).ok
  return kind ~= 'none' and kind ~= expected
end
local time = redis.call('TIME')
local now = time[1] * 1000 + math.floor(time[2] / 1000)
`

/**
 * One push. KEYS: runs, numbers, names, names of the previous epoch, totals. ARGV: run, kind, seq of the base, seq,
 * TTL, retention time in ms, epoch, bytes of previous names, names, entry, facts.
 *
 * A push of changes requires the previous push. A full one requires nothing. The first command that needs memory comes
 * first: if there is none, Redis refuses it and nothing has changed.
 */
export const PUSH: Script = script(`${TYPES}
if foreign(KEYS[1], 'hash') then return {'type', KEYS[1]} end
if foreign(KEYS[2], 'stream') then return {'type', KEYS[2]} end
if foreign(KEYS[3], 'string') then return {'type', KEYS[3]} end
if foreign(KEYS[5], 'hash') then return {'type', KEYS[5]} end
local run, kind, base, seq = ARGV[1], ARGV[2], ARGV[3], ARGV[4]
local folded = redis.call('HGET', KEYS[5], 'run:' .. run)
if folded then return {'folded', string.match(folded, '^%d+')} end
local known = redis.call('HGET', KEYS[1], run)
local at = known and string.match(known, '^1|(%d+)|') or ''
if kind == 'probe' then return {'at', at} end
if kind == 'end' then
  if known and at == base then
    redis.call('HSET', KEYS[1], run, '1|' .. at .. '|' .. string.format('%.0f', now - 1) .. '|' .. ARGV[7] .. '|' .. ARGV[11])
  end
  return {'ok', at}
end
if kind == 'delta' then
  if at ~= base or redis.call('STRLEN', KEYS[3]) ~= tonumber(ARGV[8]) or redis.call('XLEN', KEYS[2]) == 0 then
    return {'base', at}
  end
  redis.call('XADD', KEYS[2], seq .. '-0', 'e', ARGV[10])
  if #ARGV[9] > 0 then redis.call('APPEND', KEYS[3], ARGV[9]) end
else
  if ARGV[8] == '0' then redis.call('SET', KEYS[3], ARGV[9])
  else
    if redis.call('STRLEN', KEYS[3]) ~= tonumber(ARGV[8]) then return {'base', at} end
    redis.call('APPEND', KEYS[3], ARGV[9])
  end
  redis.call('DEL', KEYS[2])
  redis.call('XADD', KEYS[2], seq .. '-0', 'e', ARGV[10])
  if KEYS[4] ~= KEYS[3] then redis.call('DEL', KEYS[4]) end
end
redis.call('HSET', KEYS[1], run, '1|' .. seq .. '|' .. string.format('%.0f', now + ARGV[5]) .. '|' .. ARGV[7] .. '|' .. ARGV[11])
for i = 1, 3 do redis.call('PEXPIRE', KEYS[i], ARGV[6]) end
return {'ok', seq}
`)

/**
 * Replaces totals by new ones that were computed from them, with the runs that they include. KEYS: runs, totals, then
 * numbers and names of each run. ARGV: kind, lineage, previous version, version, names, values, number of runs, then
 * the name and seq of each; then names of runs that need not be remembered any more.
 *
 * Nothing changes if another exporter was faster, or if a host has pushed in the meantime. With the kind `restore`,
 * totals are written if Redis has lost them or has older ones.
 */
export const FOLD: Script = script(`${TYPES}
if foreign(KEYS[1], 'hash') then return {'type', KEYS[1]} end
if foreign(KEYS[2], 'hash') then return {'type', KEYS[2]} end
local lineage, version = unpack(redis.call('HMGET', KEYS[2], 'lineage', 'version'))
if lineage and lineage ~= ARGV[2] then return {'raced', 'lineage'} end
if ARGV[1] == 'restore' then
  if lineage and tonumber(version) >= tonumber(ARGV[4]) then return {'raced', 'version'} end
elseif (version or '0') ~= ARGV[3] then return {'raced', 'version'} end
local count = tonumber(ARGV[7])
if ARGV[1] == 'fold' then
  for i = 1, count do
    local run, seq = ARGV[6 + 2 * i], ARGV[7 + 2 * i]
    if redis.call('HEXISTS', KEYS[2], 'run:' .. run) == 1 then return {'raced', run} end
    local known = redis.call('HGET', KEYS[1], run)
    if known then
      local at, deadline = string.match(known, '^1|(%d+)|(%d+)|')
      if at ~= seq or tonumber(deadline) >= now then return {'raced', run} end
    end
  end
end
redis.call('HSET', KEYS[2], 'format', '1', 'lineage', ARGV[2], 'version', ARGV[4], 'names', ARGV[5], 'values', ARGV[6])
for i = 1, count do
  redis.call('HSET', KEYS[2], 'run:' .. ARGV[6 + 2 * i], ARGV[7 + 2 * i] .. '|' .. string.format('%.0f', now))
  redis.call('HDEL', KEYS[1], ARGV[6 + 2 * i])
end
for i = 8 + 2 * count, #ARGV do redis.call('HDEL', KEYS[2], 'run:' .. ARGV[i]) end
for i = 3, #KEYS do redis.call('DEL', KEYS[i]) end
return {'ok', ARGV[4]}
`)
