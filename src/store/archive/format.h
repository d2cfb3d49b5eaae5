#pragma once

#include <array>
#include <cstdint>
#include <type_traits>

#include "payment/processor_number.h"
#include "store/journal/format.h"

// The bytes of an archive file; docs/formats.md draws them. Shared by the builder and the readers.
// Everything is little-endian.
//
// How this works: a file is made once and never changed, so everything in it is sorted, and what is
// needed to find a page is small enough for memory:
//
//     pages of payments │ pages of sums │ filter │ first ids │ first times │ footer
//     by id               by processor    └──── in memory while it is open ──────┘
//                         and time
//
// To find an id: the filter says "certainly not" for nearly every other id; else the first ids name
// the one page in which it must be. To sum a window: each sum is a running total, so two sums are
// enough, the last one up to the end of the window and the last one before its beginning. The first
// times name their pages. Both cost one page read each.
//
// Every page has a checksum that covers the place where it belongs. The footer has one of all pages
// and one of the tables. Its seal covers the seal of the file before, and the checksum of the last
// batch of its segments ties it to the journal that goes on: a file of another directory, or of
// another time, does not fit.
namespace payswitch::store::archive {

inline constexpr std::uint32_t format_version = 3;
// It is still read: a file without a seed of its own.
inline constexpr std::uint32_t oldest_format_version = 2;
inline constexpr std::array<char, 8> file_magic = {'P', 'S', 'W', 'S', 'E', 'A', 'L', '\n'};

// What is read at once, and what a checksum covers.
inline constexpr std::uint64_t page_bytes = 4096;

// Where a page belongs. A disk may put an intact page where another one was: whoever looks there
// for a payment would not find it, and accept it anew.
struct PagePlace {
  std::uint64_t first_segment;  // of its file
  std::uint64_t last_segment;
  std::uint64_t number;  // from the beginning of its file
};
static_assert(sizeof(PagePlace) == 24);

struct PageHeader {
  std::uint64_t checksum;  // XXH3-64 of the rest of the page, seeded with its PagePlace
  std::uint32_t count;     // of slots, or of sums
  std::uint32_t reserved;  // zero
};
static_assert(sizeof(PageHeader) == 16);

// One settled payment. After it, in the same page, come the slots of its attempts; most have none.
struct Slot {
  std::array<std::uint8_t, 16> id;
  std::int64_t cents;         // as it was accepted
  std::int64_t accepted_at;   // ms, as all times
  std::int64_t requested_at;  // as the processor booked it
  std::int64_t settled_at;
  std::int64_t booked_cents;  // as the processor booked it
  std::uint32_t settled_by;   // the attempt's number
  std::uint8_t processor;
  std::uint8_t flags;          // flag_finding
  std::uint8_t attempt_count;  // that follow; 0: the first one settled it, as it was sent
  std::uint8_t reserved;       // zero
};
inline constexpr std::uint64_t slot_bytes = 64;
static_assert(sizeof(Slot) == slot_bytes);

struct StoredAttempt {
  std::int64_t requested_at;
  std::uint32_t number;
  std::uint8_t processor;
  std::uint8_t outcome;  // payment::Outcome, or no_outcome
  std::array<std::uint8_t, 2> reserved;
};
inline constexpr std::uint8_t no_outcome = 255;
inline constexpr std::uint64_t attempts_per_slot = slot_bytes / sizeof(StoredAttempt);
static_assert(attempts_per_slot == 4);

inline constexpr std::uint64_t slots_per_page = (page_bytes - sizeof(PageHeader)) / slot_bytes;

// What this processor has booked, of the payments in this file, up to and including this moment.
struct Sum {
  std::int64_t time;
  std::uint64_t count;
  std::uint64_t cents_low;  // 128 bits
  std::uint64_t cents_high;
};
static_assert(sizeof(Sum) == 32);

inline constexpr std::uint64_t sums_per_page = (page_bytes - sizeof(PageHeader)) / sizeof(Sum);

struct FooterProcessor {
  std::array<char, journal::max_name_bytes> name;  // zero-padded
  std::uint64_t first_page;                        // of its sums
  std::uint64_t pages;
  std::uint64_t count;
  std::uint64_t cents_low;
  std::uint64_t cents_high;
  std::int64_t last_time;  // of its sums
};

// The last page of the file.
struct Footer {
  std::array<char, 8> magic;
  std::uint32_t version;
  std::uint32_t processors;  // how many have a name
  std::uint64_t first_segment;
  std::uint64_t last_segment;  // the journal goes on after it, with the batch after this one:
  std::uint64_t batch_number;
  std::uint64_t batch_checksum;
  std::uint64_t records;  // of the journal, up to there
  std::uint64_t payments;
  std::uint64_t findings;
  std::int64_t highest_requested_at;  // ever issued, up to there or later
  std::uint64_t previous;             // the seal before
  std::uint64_t seal;                 // covers the one before and all payments up to here
  std::uint64_t content;              // XXH3-64 of all pages before the footer
  std::uint64_t id_pages;             // from the beginning of the file
  std::uint64_t sum_pages;            // after them
  std::uint64_t filter_blocks;        // after them, from a page's boundary on
  std::uint64_t tables;  // XXH3-64 of filter and first ids and times, which lie after each other
  std::array<FooterProcessor, payment::max_processors> processor;
  std::uint64_t filter_seed;  // drawn for this file; in version 2 the checksum lies here
  std::uint64_t checksum;     // XXH3-64 of all before
};
static_assert(sizeof(Footer) <= page_bytes && std::is_trivially_copyable_v<Footer>);

}  // namespace payswitch::store::archive
