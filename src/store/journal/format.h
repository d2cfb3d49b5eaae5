#pragma once

#include <array>
#include <cstdint>
#include <type_traits>

#include "payment/outcome.h"

// The bytes of the journal; docs/formats.md draws them. Shared by the writer and the reader.
// Everything is little-endian.
namespace payswitch::store::journal {

inline constexpr std::uint32_t format_version = 3;         // of what is written
inline constexpr std::uint32_t oldest_format_version = 2;  // that is read: it has no facts
constexpr bool is_read(std::uint32_t version) {
  return version >= oldest_format_version && version <= format_version;
}
inline constexpr std::uint64_t slot_bytes = 48;
inline constexpr std::uint64_t segment_header_bytes = 4096;  // batches begin here

// Batches begin at multiples of this, the unit that a disk writes whole or not: no write touches a
// block that holds what is durable, and a write may go past the page cache.
inline constexpr std::uint64_t block_bytes = 512;
constexpr std::uint64_t whole_blocks(std::uint64_t bytes) {
  return (bytes + block_bytes - 1) / block_bytes * block_bytes;
}
static_assert(segment_header_bytes % block_bytes == 0);

inline constexpr std::array<char, 8> segment_magic = {'P', 'S', 'W', 'J', 'R', 'N', 'L', '\n'};
inline constexpr std::uint32_t batch_magic = 0x50524750;  // "PGRP"

// At the start of a segment; synced, with its zeros, before the segment is used.
struct SegmentHeader {
  std::array<char, 8> magic;
  std::uint32_t version;
  std::uint32_t slot_size;
  std::uint64_t number;  // of the segment, from 1, never reused
  std::uint64_t segment_size;
  std::uint32_t flags;          // version 2: zero, and the next one as well
  std::uint32_t synced_blocks;  // with flag_of_os: so many from the beginning were synced
  std::uint64_t checksum;       // XXH3-64 of the 40 bytes before
};
static_assert(sizeof(SegmentHeader) == 48);

// What lies after `synced_blocks` was written with durability `os`: after a power cut, blocks that
// were written later may be there, and earlier ones not.
inline constexpr std::uint32_t flag_of_os = 1;

// One batch: this header and `record_count` records, then zeros up to the next block; written with
// one write and one sync.
struct BatchHeader {
  std::uint32_t magic;
  std::uint32_t record_count;  // 1 or more
  std::uint64_t number;        // from 1; grows by one a batch; never restarted, also across lives
  std::uint64_t previous;      // checksum of the batch before; 0 for the first of all
  std::int64_t written_at;     // wall clock, ms
  std::uint64_t reserved;      // zero
  std::uint64_t checksum;      // XXH3-64 of the 40 bytes before and of all that follows
};
static_assert(sizeof(BatchHeader) == slot_bytes);

// Do not renumber: these are on disk. Zero is invalid. 7 to 15 are kept for operators' acts, 17 to
// 31 for compaction. From 32 on they tell facts about the whole store: the last one of a kind
// holds.
enum class RecordType : std::uint8_t {
  processor_named = 1,
  accepted = 2,
  intent = 3,
  refused = 4,
  settled = 5,
  parked = 6,
  carried_forward = 16,
  processor_origin = 32,
  restored = 33,
  told = 34,
  clean_stop = 35,  // the process ended by itself: all that it wrote lies before
};

inline constexpr std::uint8_t flag_carries_intent = 1;  // accepted: the first intent rides along
inline constexpr std::uint8_t flag_finding = 2;         // settled: the processor's books differ

// Intents, refusals and parkings that carry forward what became of the payment that the
// carried_forward record before them names. They and it are in one batch. So are the pieces of an
// origin: it is on all but the first.
inline constexpr std::uint8_t flag_continues = 128;

struct Record {
  RecordType type;
  std::uint8_t flags;
  std::uint8_t processor;  // no_processor: none
  std::uint8_t outcome;    // refused: payment::Outcome
  // intent, refused, settled: its number; carried_forward: our_fault_mask; restored: 1 or 0
  std::uint32_t attempt;
  std::array<std::uint8_t, 16> id;
  std::int64_t cents;  // accepted, carried_forward: ours; settled: as the processor booked it
  // accepted, carried_forward: acceptedAt; settled: settledAt; parked: parkedAt; restored: when
  // that was said; told: the time up to which sums are final; clean_stop: when that was
  std::int64_t at;
  // intents and settlements (ms); carried_forward: the place of its acceptance
  std::int64_t requested_at;
};
static_assert(sizeof(Record) == slot_bytes && std::is_trivially_copyable_v<Record>);

// processor_named: `processor` is the number; the name lies over the fields from `id` on,
// zero-padded.
inline constexpr std::size_t max_name_bytes = 40;

// processor_origin: `processor` is the number; a piece of the origin lies over the fields from `id`
// on, zero-padded; `attempt` says how many bytes are left to tell, this piece's included.
inline constexpr std::size_t origin_piece_bytes = 40;

}  // namespace payswitch::store::journal
