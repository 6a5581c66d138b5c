-- SPDX-License-Identifier: MIT
-- Penwire for Wireshark and tshark: frames, messages, records and cycles, as ../README.md has them; README.md says how to use it.
--
-- The tables below are those of the specification; tests/e2e/test_dissector.py holds them against it.

local penwire = Proto("penwire", "Penwire")

-- ---------------------------------------------------------------------------------------------- tables

local DEPTH_SOURCE = {[0] = "none", "sensor", "setting"}
local BOOT_REASON = {[0] = "power on", "reset", "watchdog", "supply voltage too low", "after an update", [0xff] = "unknown"}
local END_REASON = {[0] = "switched off", "stalled", "battery empty", "another fault", [0xff] = "unknown"}
local FAULT_CODE = {"motor stalled", "too hot", "battery low", "sensor failed", "log failed"}
local FAULT_STATE = {[0] = "cleared", "raised"}
local ACTION = {"pressed", "held long", "pressed twice"}
local QUANTITY = {"voltage, mV", "current, mA", "stroke, um", "vibration, mg", "temperature, 0.01 degrees Celsius"}
local REFUSAL = {"another log", "overwritten", "beyond the log's end", "a field out of range", "unknown message", "cannot be read"}
local STATUS_FLAGS = {"motor runs", "charging", "cartridge in", "blinking", "log cannot be written"}
local CAPABILITIES = {"blinks", "button", "cartridge ids", "battery", "clock"}

-- {offset, type, name, unit, names of values or {bits = names}}; the type with a ? has an unknown value: all ones, or 0x7fff.
local MESSAGES = {
	[0x01] = {name = "HELLO", size = 12, {0, "u8", "version_min"}, {1, "u8", "version_max"}, {4, "x64", "host_id"}},
	[0x02] = {name = "READ", size = 32, {0, "u32", "read_id"}, {4, "u16", "flush_ms", "ms"}, {8, "x64", "log_id"},
		{16, "u64", "from_seq"}, {24, "u64", "limit_seq"}},
	[0x03] = {name = "ACK", size = 24, {0, "x64", "log_id"}, {8, "u64", "next_seq"}, {16, "x64", "host_id"}},
	[0x04] = {name = "PING", size = 12, {0, "u32", "ping_id"}, {4, "u64", "host_us", "us"}},
	[0x05] = {name = "IDENTIFY", size = 4, {0, "u16", "duration_ms", "ms"}},
	[0x41] = {name = "IDENTITY", size = 180, {0, "u8", "version"}, {1, "u8", "version_min"}, {2, "u8", "version_max"},
		{3, "u8", "depth_source", nil, DEPTH_SOURCE}, {4, "u16?", "depth_uncertainty_um", "um"},
		{6, "u16?", "depth_resolution_um", "um"}, {8, "u16?", "stroke_um", "um"},
		{12, "x32", "capabilities", nil, {bits = CAPABILITIES}}, {16, "u32", "boot"}, {20, "u64", "tick_us", "us"},
		{28, "x64", "log_id"}, {36, "u64", "first_seq"}, {44, "u64", "next_seq"}, {52, "text", "manufacturer"},
		{84, "text", "model"}, {116, "text", "serial"}, {148, "text", "firmware"}},
	[0x42] = {name = "STATUS", size = 52, {0, "u64", "tick_us", "us"}, {8, "u32", "boot"},
		{12, "x16", "flags", nil, {bits = STATUS_FLAGS}}, {14, "u8?", "battery_percent", "%"},
		{16, "u16?", "motor_mv", "mV"}, {18, "u16?", "motor_ma", "mA"}, {20, "i16?", "temperature_cc", "0.01 degrees Celsius"},
		{24, "u32", "read_id"}, {28, "u64", "first_seq"}, {36, "u64", "next_seq"}, {44, "u64", "sent_seq"}},
	[0x43] = {name = "RECORDS", size = 24, {0, "u32", "read_id"}, {4, "u16", "count"}, {8, "u64", "first_seq"},
		{16, "u64", "avail_seq"}},
	[0x44] = {name = "PONG", size = 32, {0, "u32", "ping_id"}, {4, "u32", "boot"}, {8, "u64", "host_us", "us"},
		{16, "u64", "tick_us", "us"}, {24, "u64", "sent_us", "us"}},
	[0x45] = {name = "REFUSED", size = 16, {0, "u8", "reason", nil, REFUSAL}, {1, "x8", "about"}, {4, "u32", "read_id"},
		{8, "u64", "detail"}},
}

local RECORDS = {
	[1] = {name = "BOOT", size = 36, {0, "u8", "reason", nil, BOOT_REASON}, {4, "text", "firmware"}},
	[2] = {name = "RUN_START", size = 8, {0, "u32", "run"}, {4, "u16?", "voltage_mv", "mV"}, {6, "u16?", "depth_um", "um"}},
	[3] = {name = "CYCLES", size = 8, {0, "u32", "run"}, {4, "u32", "index"}},
	[4] = {name = "RUN_END", size = 40, {0, "u32", "run"}, {4, "u8", "reason", nil, END_REASON}, {8, "u32", "cycles"},
		{12, "u32", "depth_count"}, {16, "u64", "period_sum_us", "us"}, {24, "u64", "depth_sum_um", "um"},
		{32, "u64", "on_time_us", "us"}},
	[5] = {name = "CARTRIDGE_IN", size = 40, {0, "text", "id"}, {32, "text8", "config"}},
	[6] = {name = "CARTRIDGE_OUT", size = 40, {0, "text", "id"}, {32, "text8", "config"}},
	[7] = {name = "COUNTERS", size = 20, {0, "u64", "cycles"}, {8, "u64", "motor_on_us", "us"}, {16, "u8", "cycles_bits"}},
	[8] = {name = "FAULT", size = 8, {0, "u8", "code", nil, FAULT_CODE}, {1, "u8", "state", nil, FAULT_STATE}, {4, "i32", "value"}},
	[9] = {name = "BUTTON", size = 4, {0, "u8", "button"}, {1, "u8", "action", nil, ACTION}},
	[10] = {name = "CLOCK", size = 12, {0, "i64", "utc_us", "us"}, {8, "u32?", "accuracy_us", "us"}},
	[11] = {name = "MEASURE", size = 36, {0, "u32", "run"}, {4, "u8", "quantity", nil, QUANTITY}, {8, "u32", "count"},
		{12, "i32", "min"}, {16, "i32", "max"}, {20, "i64", "sum"}, {28, "u64", "square_sum"}},
}

local SIZES = {u8 = 1, x8 = 1, u16 = 2, x16 = 2, i16 = 2, u32 = 4, x32 = 4, i32 = 4, u64 = 8, x64 = 8, i64 = 8, text = 32, text8 = 8}
local UNKNOWN = {["u8?"] = 0xff, ["u16?"] = 0xffff, ["u32?"] = 0xffffffff, ["i16?"] = 0x7fff}

-- ---------------------------------------------------------------------------------------------- fields

local f = {
	direction = ProtoField.string("penwire.direction", "Direction"),
	type = ProtoField.uint8("penwire.type", "Type", base.HEX),
	name = ProtoField.string("penwire.message", "Message"),
	flags = ProtoField.uint8("penwire.flags", "Flags, reserved", base.HEX),
	number = ProtoField.uint16("penwire.number", "Frame number"),
	payload = ProtoField.bytes("penwire.payload", "Payload"),
	extra = ProtoField.bytes("penwire.extra", "Fields of a later version"),
	crc = ProtoField.uint32("penwire.crc", "CRC-32C", base.HEX),
	wire = ProtoField.bytes("penwire.wire", "On the wire"),
	packets = ProtoField.string("penwire.packets", "From packets"),
	pending = ProtoField.bytes("penwire.pending", "Of a frame that goes on"),
	rec = ProtoField.string("penwire.rec", "Record"),
	seq = ProtoField.uint64("penwire.rec.seq", "Number"),
	rec_type = ProtoField.uint8("penwire.rec.type", "Type"),
	rec_name = ProtoField.string("penwire.rec.name", "Name"),
	rec_flags = ProtoField.uint8("penwire.rec.flags", "Flags, reserved", base.HEX),
	rec_length = ProtoField.uint16("penwire.rec.length", "Length of the payload"),
	rec_boot = ProtoField.uint32("penwire.rec.boot", "Boot"),
	rec_tick = ProtoField.uint64("penwire.rec.tick_us", "Tick, us"),
	rec_payload = ProtoField.bytes("penwire.rec.payload", "Payload"),
	rec_extra = ProtoField.bytes("penwire.rec.extra", "Fields of a later version"),
	block = ProtoField.bytes("penwire.block", "Block"),
	block_version = ProtoField.uint8("penwire.block.version", "Version"),
	block_count = ProtoField.uint16("penwire.block.count", "Cycles"),
	block_crc = ProtoField.uint32("penwire.block.crc", "CRC-32C", base.HEX),
	period = ProtoField.string("penwire.block.period_us", "Periods, us"),
	depth = ProtoField.string("penwire.block.depth_um", "Depths, um"),
}

local MAKERS = {
	u8 = ProtoField.uint8, u16 = ProtoField.uint16, u32 = ProtoField.uint32, u64 = ProtoField.uint64,
	i16 = ProtoField.int16, i32 = ProtoField.int32, i64 = ProtoField.int64,
}
local HEX_MAKERS = {x8 = ProtoField.uint8, x16 = ProtoField.uint16, x32 = ProtoField.uint32, x64 = ProtoField.uint64}

-- Makes the fields of a table's rows: penwire.hello.version_min, penwire.rec.run_start.run, ...
local function make_fields(tables, prefix)
	for _, t in pairs(tables) do
		for _, row in ipairs(t) do
			local kind = row[2]:gsub("%?", "")
			local abbr = prefix .. t.name:lower() .. "." .. row[3]
			local label = row[3] .. (row[4] and (", " .. row[4]) or "")
			local values = row[5] and not row[5].bits and row[5] or nil
			if HEX_MAKERS[kind] then
				row.field = HEX_MAKERS[kind](abbr, label, base.HEX)
			elseif MAKERS[kind] then
				row.field = MAKERS[kind](abbr, label, base.DEC, values)
			else
				row.field = ProtoField.string(abbr, label)
			end
			f[#f + 1] = row.field
		end
	end
end
make_fields(MESSAGES, "penwire.")
make_fields(RECORDS, "penwire.rec.")
penwire.fields = f

local expert = {
	bad = ProtoExpert.new("penwire.bad", "Bad frame", expert.group.CHECKSUM, expert.severity.ERROR),
	lost = ProtoExpert.new("penwire.lost", "Frames missing by their number", expert.group.SEQUENCE, expert.severity.WARN),
	unknown = ProtoExpert.new("penwire.unknown", "Unknown type", expert.group.UNDECODED, expert.severity.NOTE),
	short = ProtoExpert.new("penwire.short", "Payload too short", expert.group.MALFORMED, expert.severity.ERROR),
	record = ProtoExpert.new("penwire.rec.bad", "Bad record", expert.group.MALFORMED, expert.severity.ERROR),
	block = ProtoExpert.new("penwire.block.bad", "Bad cycle block", expert.group.MALFORMED, expert.severity.ERROR),
	refused = ProtoExpert.new("penwire.refused.seen", "The pen refuses", expert.group.RESPONSE_CODE, expert.severity.WARN),
}
penwire.experts = expert

-- ---------------------------------------------------------------------------------------------- bytes

local FRAME_MAX, FRAME_MIN, RECORD_PAYLOAD_MAX = 1024, 8, 944
local PENDING_MAX = 2048 -- stuffed bytes without a delimiter: what is beyond is no frame any more

local crc_table
local function crc32c(bytes, first, last)
	if not crc_table then
		crc_table = {}
		for i = 0, 255 do
			local c = i
			for _ = 1, 8 do
				c = bit.band(c, 1) == 1 and bit.bxor(bit.rshift(c, 1), 0x82f63b78) or bit.rshift(c, 1)
			end
			crc_table[i] = c
		end
	end
	local crc = 0xffffffff
	for i = first, last do
		crc = bit.bxor(bit.rshift(crc, 8), crc_table[bit.band(bit.bxor(crc, bytes:byte(i)), 0xff)])
	end
	return bit.bnot(crc) % 4294967296 -- the library's numbers are signed
end

local function little(bytes, at, size)
	local n = 0
	for i = at + size - 1, at, -1 do
		n = n * 256 + bytes:byte(i)
	end
	return n
end

-- Undoes the stuffing of what stood before a delimiter; nil and the reason.
local function unstuff(wire)
	local parts, at = {}, 1
	if #wire > FRAME_MAX + 8 then
		return nil, "long"
	end
	while at <= #wire do
		local code = wire:byte(at)
		if at + code > #wire + 1 then
			return nil, "cobs"
		end
		parts[#parts + 1] = wire:sub(at + 1, at + code - 1)
		at = at + code
		if code < 255 and at <= #wire then
			parts[#parts + 1] = "\0"
		end
	end
	local frame = table.concat(parts)
	if #frame > FRAME_MAX then
		return nil, "long"
	elseif #frame < FRAME_MIN then
		return nil, "short"
	elseif crc32c(frame, 1, #frame - 4) ~= little(frame, #frame - 3, 4) then
		return frame, "crc"
	end
	return frame
end

-- ---------------------------------------------------------------------------------------------- cycle blocks

local Reader = {}
Reader.__index = Reader

function Reader:take()
	if self.at > self.last then
		error("value", 0)
	end
	self.at = self.at + 1
	return self.bytes:byte(self.at - 1)
end

function Reader:varint()
	local value, factor, byte = 0, 1, 0
	repeat
		byte = self:take()
		value = value + byte % 128 * factor
		factor = factor * 128
		if factor > 2 ^ 35 then
			error("value", 0)
		end
	until byte < 128
	if value >= 2 ^ 32 or (byte == 0 and factor > 128) then
		error("value", 0)
	end
	return value
end

function Reader:bit()
	if self.left == 0 then
		self.byte, self.left = self:take(), 8
	end
	local b = self.byte % 2
	self.byte, self.left = (self.byte - b) / 2, self.left - 1
	return b
end

function Reader:number(bits)
	local n, factor = 0, 1
	for _ = 1, bits do
		n = n + self:bit() * factor
		factor = factor * 2
	end
	return n
end

local WEIGHTS = {[0] = 0, 4, 8, 12, 14, 15, 16, 8, 12, 16}

-- The values of a channel of @size bytes a value, "?" where unknown. Errors are thrown.
local function channel(r, count, size)
	local unknown = 256 ^ size - 1
	local full, values = unknown - 1, {}
	local state_max, step, h = math.min(full, 2 ^ 27 - 1), 1, r:take()
	local function put(v)
		values[#values + 1] = v == "?" and v or string.format("%.0f", v)
	end

	if h == 240 or h == 241 then
		local value = h == 240 and "?" or r:varint()
		if value ~= "?" and value > full then
			error("value", 0)
		end
		for _ = 1, count do
			put(value)
		end
		return values
	elseif h == 242 then
		for _ = 1, count do
			local v, factor = 0, 1
			for _ = 1, size do
				v, factor = v + r:take() * factor, factor * 256
			end
			put(v == unknown and "?" or v)
		end
		return values
	elseif h == 243 then
		step = r:varint()
		if step < 2 or step > full then
			error("value", 0)
		end
		h = r:take()
	end
	if h >= 240 then
		error("value", 0)
	end
	local kind = math.floor(h / 24)
	local k, double = math.floor(h % 24 / 2), h % 2
	full, state_max = math.floor(full / step), math.floor(state_max / step)
	local level = r:varint()
	if level > state_max then
		error("value", 0)
	end
	local state = level
	r.byte, r.left = 0, 0
	for _ = 1, count do
		local zeros, limit, w = 0, state_max, nil
		while r:bit() == 0 do
			zeros = zeros + 1
			if zeros > 18 then
				error("value", 0)
			end
		end
		if zeros <= 15 then
			local u
			if zeros == 0 and double == 1 then
				u = r:number(k + 1)
			else
				u = (zeros + double) * 2 ^ k + r:number(k)
			end
			w = level + math.floor((state - level) * WEIGHTS[kind] / 16) + (u % 2 == 0 and u / 2 or -(u + 1) / 2)
		elseif zeros == 17 then
			w, limit = r:number(8 * size), full
		elseif zeros == 18 then
			w = r:number(8 * size)
		end
		if w and (w < 0 or w > limit) then
			error("value", 0)
		end
		if w and zeros <= 15 and kind >= 7 then
			state = state + math.floor((w - state + 2) / 4)
		elseif w and zeros ~= 17 then
			state = w
		end
		put(w and w * step or "?")
	end
	if r.byte ~= 0 then
		error("value", 0)
	end
	return values
end

-- periods, depths of the block in @bytes; or nil and the reason.
local function cycles(bytes)
	if #bytes < 8 then
		return nil, "short"
	elseif math.floor(little(bytes, 1, 2) / 4096) ~= 1 then
		return nil, "value"
	elseif crc32c(bytes, 1, #bytes - 4) ~= little(bytes, #bytes - 3, 4) then
		return nil, "crc"
	end
	local r = setmetatable({bytes = bytes, at = 3, last = #bytes - 4, byte = 0, left = 0}, Reader)
	local count = little(bytes, 1, 2) % 4096 + 1
	local ok, periods, depths = pcall(function()
		local p = channel(r, count, 4)
		local d = channel(r, count, 2)
		if r.at <= r.last then
			error("value", 0)
		end
		return p, d
	end)
	if not ok then
		return nil, periods
	end
	return periods, depths
end

-- ---------------------------------------------------------------------------------------------- trees

local function bits_text(value, names)
	local set = {}
	for i, name in ipairs(names) do
		if math.floor(value / 2 ^ (i - 1)) % 2 == 1 then
			set[#set + 1] = name
		end
	end
	return #set > 0 and table.concat(set, ", ") or "none"
end

-- A text field without the zeros that fill it; what a host would show as ? is shown so.
local function text_of(range)
	local text = range:bytes():raw():gsub("\0+$", "")
	return (text:gsub("[\0-\31\127]", "?"))
end

local function add_row(tree, range, row)
	local kind, item = row[2], nil
	local size = SIZES[(kind:gsub("%?", ""))]
	local part = range(row[1], size)

	if kind == "text" or kind == "text8" then
		return tree:add(row.field, part, text_of(part))
	end
	item = tree:add_le(row.field, part)
	if UNKNOWN[kind] and part:le_uint() == UNKNOWN[kind] then
		item:append_text(" (unknown)")
	elseif row[5] and row[5].bits then
		item:append_text(" (" .. bits_text(part:le_uint(), row[5].bits) .. ")")
	end
	return item
end

local function add_rows(tree, range, t)
	for _, row in ipairs(t) do
		add_row(tree, range, row)
	end
end

local function list_text(values)
	return table.concat(values, " ")
end

local function add_block(tree, range)
	local bytes = range:bytes():raw()
	local item = tree:add(f.block, range)

	if #bytes >= 2 then
		local head = range(0, 2):le_uint()
		item:add(f.block_version, range(0, 2), math.floor(head / 4096))
		item:add(f.block_count, range(0, 2), head % 4096 + 1)
	end
	local periods, depths = cycles(bytes)
	if not periods then
		item:add_proto_expert_info(expert.block, "Bad cycle block: " .. tostring(depths))
		return "?"
	end
	item:add(f.period, range(2, #bytes - 6), list_text(periods))
	item:add(f.depth, range(2, #bytes - 6), list_text(depths))
	item:add_le(f.block_crc, range(#bytes - 4, 4))
	return tostring(#periods)
end

-- One record at the start of @range. Returns its size, or nil when it is none.
local function add_record(tree, range, seq)
	if range:len() < 16 or range(2, 2):le_uint() > RECORD_PAYLOAD_MAX or 16 + range(2, 2):le_uint() > range:len() then
		tree:add(f.rec, range, "no record"):add_proto_expert_info(expert.record,
			"Bad record: " .. (range:len() >= 4 and range(2, 2):le_uint() > RECORD_PAYLOAD_MAX and "long" or "short"))
		return nil
	end
	local size, kind = 16 + range(2, 2):le_uint(), range(0, 1):uint()
	local t = RECORDS[kind]
	local name = t and t.name or string.format("type %d", kind)
	local item = tree:add(f.rec, range(0, size), string.format("%s %s", tostring(seq), name))
	item:add(f.seq, seq):set_generated()
	item:add(f.rec_type, range(0, 1))
	item:add(f.rec_name, range(0, 1), name):set_generated()
	item:add(f.rec_flags, range(1, 1))
	item:add_le(f.rec_length, range(2, 2))
	item:add_le(f.rec_boot, range(4, 4))
	item:add_le(f.rec_tick, range(8, 8))
	local payload = size > 16 and range(16, size - 16) or nil
	if not t then
		item:add_proto_expert_info(expert.unknown, "Unknown record type: a host keeps its bytes")
		if payload then
			item:add(f.rec_payload, payload)
		end
	elseif size - 16 < t.size then
		item:add_proto_expert_info(expert.record, "Bad record: short")
	else
		add_rows(item, payload, t)
		if t.name == "CYCLES" then
			if payload:len() > t.size then
				item:append_text(", " .. add_block(item, payload(t.size)) .. " cycles")
			else
				item:add_proto_expert_info(expert.block, "Bad cycle block: short")
			end
		elseif size - 16 > t.size then
			item:add(f.rec_extra, payload(t.size))
		end
	end
	return size
end

local function add_records(tree, range, first_seq, count)
	local at, seq = 0, first_seq
	for _ = 1, count do
		if at >= range:len() then
			tree:add_proto_expert_info(expert.record, "Bad record: fewer than the message says")
			return
		end
		local size = add_record(tree, range(at), seq)
		if not size then
			return
		end
		at, seq = at + size, seq + 1
	end
end

-- What the packet list says of a message.
local function summary(t, payload)
	if t.name == "RECORDS" then
		local count, first = payload(4, 2):le_uint(), payload(8, 8):le_uint64()
		return string.format("RECORDS %s to %s", tostring(first), tostring(first + count - 1))
	elseif t.name == "READ" then
		return string.format("READ %d from %s below %s", payload(0, 4):le_uint(), tostring(payload(16, 8):le_uint64()),
			tostring(payload(24, 8):le_uint64()))
	elseif t.name == "ACK" then
		return "ACK below " .. tostring(payload(8, 8):le_uint64())
	elseif t.name == "IDENTITY" then
		return "IDENTITY " .. text_of(payload(116, 32))
	elseif t.name == "REFUSED" then
		return "REFUSED: " .. (REFUSAL[payload(0, 1):uint()] or "for another reason")
	end
	return t.name
end

-- A good frame. Returns what to say of it.
local function add_message(tree, tvb)
	local kind = tvb(0, 1):uint()
	local payload = tvb:len() > 8 and tvb(4, tvb:len() - 8) or nil
	local t = MESSAGES[kind]
	local name = t and t.name or string.format("type 0x%02x", kind)

	tree:add(f.type, tvb(0, 1)):append_text(" (" .. name .. ")")
	tree:add(f.name, tvb(0, 1), name):set_generated()
	tree:add(f.flags, tvb(1, 1))
	tree:add_le(f.number, tvb(2, 2))
	if payload and not t then
		tree:add(f.payload, payload)
	end
	if not t then
		tree:add_proto_expert_info(expert.unknown, "Unknown message type")
	elseif (payload and payload:len() or 0) < t.size then
		tree:add_proto_expert_info(expert.short, name .. ": payload too short")
		if payload then
			tree:add(f.payload, payload)
		end
	else
		add_rows(tree, payload, t)
		name = summary(t, payload)
		if t.name == "RECORDS" and payload:len() > t.size then
			add_records(tree, payload(t.size), payload(8, 8):le_uint64(), payload(4, 2):le_uint())
		elseif payload:len() > t.size then
			tree:add(f.extra, payload(t.size))
		end
		if t.name == "REFUSED" then
			tree:add_proto_expert_info(expert.refused, name)
		end
	end
	tree:add_le(f.crc, tvb(tvb:len() - 4, 4))
	return name
end

-- ---------------------------------------------------------------------------------------------- streams

-- Packets are seen in order once, and then in any order. The first time, the bytes of each stream are cut into frames; what ended in
-- a packet is kept for all later looks at it.
local streams, seen

function penwire.init()
	streams, seen = {}, {}
end

-- Cuts @bytes of packet @number, which go on in stream @key. Returns {frames = {...}, pending = bytes after the last delimiter}.
local function cut(key, number, bytes)
	local s = streams[key]
	local result, at = {frames = {}}, 1

	if not s then
		s = {wire = "", packets = {}}
		streams[key] = s
	end
	while true do
		local delimiter = bytes:find("\0", at, true)
		local piece = bytes:sub(at, (delimiter or #bytes + 1) - 1)

		if #piece > 0 and s.packets[#s.packets] ~= number then
			s.packets[#s.packets + 1] = number
		end
		s.wire = s.wire .. piece
		if not delimiter then
			break
		end
		if #s.wire > 0 then
			local frame = {wire = s.wire, packets = s.packets}

			frame.decoded, frame.bad = unstuff(s.wire)
			if not frame.bad then
				local n = little(frame.decoded, 3, 2)
				local step = s.number and (n - s.number) % 65536 or 1

				frame.lost = step >= 2 and step <= 32767 and step - 1 or 0
				s.number = n
			end
			result.frames[#result.frames + 1] = frame
		end
		s.wire, s.packets = "", {}
		at = delimiter + 1
	end
	if #s.wire > PENDING_MAX then
		s.wire = s.wire:sub(1, PENDING_MAX)
	end
	result.pending = #s.wire
	return result
end

local function add_frame(tree, frame, to_pen)
	local what
	local tvb = ByteArray.new(frame.decoded or frame.wire, true):tvb(frame.decoded and "Penwire frame" or "Penwire, stuffed")
	local item = tree:add(penwire, tvb(), "Penwire")

	item:add(f.direction, to_pen and "to pen" or "to host"):set_generated()
	if #frame.packets > 1 then
		item:add(f.packets, table.concat(frame.packets, " ")):set_generated()
	end
	if frame.bad then
		what = "bad frame (" .. frame.bad .. ")"
		item:add(f.wire, tvb())
		item:add_proto_expert_info(expert.bad, "Bad frame: " .. frame.bad)
	else
		what = add_message(item, tvb)
		if frame.lost > 0 then
			item:add_proto_expert_info(expert.lost, string.format("%d frame%s missing before this one", frame.lost,
				frame.lost == 1 and "" or "s"))
		end
	end
	item:append_text(", " .. (to_pen and "to pen" or "to host") .. ": " .. what)
	return what
end

-- Bytes of one direction in one packet.
local function dissect(tvb, pinfo, tree, key, to_pen)
	local id = pinfo.number .. "/" .. key
	local result = seen[id]

	if not result then
		result = cut(key, pinfo.number, tvb:raw())
		seen[id] = result
	end
	local said = {}
	for _, frame in ipairs(result.frames) do
		said[#said + 1] = add_frame(tree, frame, to_pen)
	end
	if result.pending > 0 then
		local n = math.min(result.pending, tvb:len())
		tree:add(penwire, tvb(), "Penwire, " .. (to_pen and "to pen" or "to host") .. ": part of a frame")
			:add(f.pending, tvb(tvb:len() - n, n))
	end
	pinfo.cols.protocol = "Penwire"
	pinfo.cols.info = (to_pen and "> " or "< ") .. (#said > 0 and table.concat(said, "; ") or "part of a frame")
end

-- ---------------------------------------------------------------------------------------------- where it comes from

-- A cable as DLT_USER: each packet is '>' (to the pen) or '<' (to the host), and the bytes that passed. rec2pcap makes such captures
-- of the daemon's recordings.
function penwire.dissector(tvb, pinfo, tree)
	local mark = tvb:len() > 0 and tvb(0, 1):uint() or 0

	if mark ~= 0x3e and mark ~= 0x3c then
		return 0
	end
	if tvb:len() > 1 then
		dissect(tvb(1):tvb(), pinfo, tree, mark == 0x3e and "cable >" or "cable <", mark == 0x3e)
	end
	return tvb:len()
end

for user = 0, 15 do
	DissectorTable.get("wtap_encap"):add(wtap["USER" .. user], penwire)
end

-- A bulk endpoint of USB: each transfer is bytes of the stream of its endpoint.
local penwire_usb = Proto("penwire_usb", "Penwire over USB")
local usb = {
	bus = Field.new("usb.bus_id"),
	device = Field.new("usb.device_address"),
	endpoint = Field.new("usb.endpoint_address"),
	class = Field.new("usb.bInterfaceClass"),
	subclass = Field.new("usb.bInterfaceSubClass"),
	protocol = Field.new("usb.bInterfaceProtocol"),
}
local pens -- devices whose descriptors say that they are pens

function penwire_usb.init()
	pens = {}
end

local function device_name()
	local bus, device = usb.bus(), usb.device()

	return string.format("%s.%s", tostring(bus and bus.value or "?"), tostring(device and device.value or "?"))
end

function penwire_usb.dissector(tvb, pinfo, tree)
	local address = usb.endpoint()
	local value = address and tonumber(tostring(address.value)) or 0

	if tvb:len() > 0 then
		dissect(tvb, pinfo, tree, string.format("usb %s.%d", device_name(), value), value < 0x80)
	end
	return tvb:len()
end

-- Whether it is a pen, the descriptors say: class 0xff, subclass and protocol "PW", as in the specification.
penwire_usb:register_heuristic("usb.bulk", function(tvb, pinfo, tree)
	if not pens[device_name()] then
		return false
	end
	penwire_usb.dissector(tvb, pinfo, tree)
	return true
end)

local look = Proto("penwire_look", "Penwire's look at USB descriptors")

function look.dissector()
	local classes, subclasses, protocols = {usb.class()}, {usb.subclass()}, {usb.protocol()}

	for i = 1, math.min(#classes, #subclasses, #protocols) do
		if classes[i].value == 0xff and subclasses[i].value == 0x50 and protocols[i].value == 0x57 then
			pens[device_name()] = true
		end
	end
end
register_postdissector(look)

-- For CDC-ACM pens, and where the descriptors were not captured: Decode As, "USB device" or "USB product".
DissectorTable.get("usb.device"):add_for_decode_as(penwire_usb)
DissectorTable.get("usb.product"):add_for_decode_as(penwire_usb)
