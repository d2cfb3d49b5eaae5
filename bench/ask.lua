-- wrk: questions about what bench/sealed_bench.cc has prepared, each about another payment or
-- window. Arguments: sum or known; how many payments are there. The ids and times are those of
-- bench/candidate.h.
local bit = require("bit")

local first_time = 1750000000000
local per_millisecond = 32

local function scatter(value)
  value = value + 0x9e3779b97f4a7c15ULL
  value = bit.bxor(value, bit.rshift(value, 30)) * 0xbf58476d1ce4e5b9ULL
  value = bit.bxor(value, bit.rshift(value, 27)) * 0x94d049bb133111ebULL
  return bit.bxor(value, bit.rshift(value, 31))
end

-- The bytes of the word in memory, in hexadecimal.
local function bytes(word)
  local text = ""
  for _ = 1, 8 do
    text = text .. string.format("%02x", tonumber(bit.band(word, 0xffULL)))
    word = bit.rshift(word, 8)
  end
  return text
end

local function id(number)
  local text = bytes(scatter(2ULL * number)) .. bytes(scatter(2ULL * number + 1))
  return string.format("%s-%s-%s-%s-%s", text:sub(1, 8), text:sub(9, 12), text:sub(13, 16),
                       text:sub(17, 20), text:sub(21))
end

local function iso(time)
  return os.date("!%Y-%m-%dT%H:%M:%S", math.floor(time / 1000)) ..
         string.format(".%03dZ", time % 1000)
end

local function moment()
  return first_time + math.floor(math.random(0, payments - 1) / per_millisecond)
end

local questions = {
  sum = function()
    local from, to = moment(), moment()
    if to < from then from, to = to, from end
    return "/payments-summary?from=" .. iso(from) .. "&to=" .. iso(to)
  end,
  known = function() return "/payments/" .. id(math.random(0, payments - 1)) end,
}

-- Made beforehand, so that wrk costs the same whatever is asked.
function init(arguments)
  math.randomseed(1)
  payments = tonumber(arguments[2])
  asked = {}
  for i = 1, 20000 do asked[i] = wrk.format("GET", questions[arguments[1]]()) end
  next_one = 0
end

function request()
  next_one = next_one % #asked + 1
  return asked[next_one]
end
