#include "store/journal/record.h"

#include <gtest/gtest.h>

#include <cstring>

#include "store/options.h"
#include "store/samples_fixture.h"

namespace payswitch::store::journal {
namespace {

std::string hex(const Record& record) {
  std::string text;
  const auto* bytes = reinterpret_cast<const unsigned char*>(&record);
  for (std::size_t i = 0; i < sizeof(record); ++i) {
    constexpr char digits[] = "0123456789abcdef";
    text += digits[bytes[i] >> 4];
    text += digits[bytes[i] & 15];
    if (i == 7 || i == 23 || i == 31 || i == 39) text += ' ';
  }
  return text;
}

// The bytes on disk may never change under a format version.
TEST(Record, TheBytesAreThoseOfTheFormat) {
  const Acceptance carried{.id = test_id(1),
                           .amount = cents(1990),
                           .accepted_at = {0x0102030405},
                           .intent = Intent{.processor = 1, .number = 1, .requested_at = {0x0506}},
                           .admit_new = true};
  EXPECT_EQ(hex(accepted_record(carried)),
            "0201010001000000 550e0000000000000000000001000000 c607000000000000 "
            "0504030201000000 0605000000000000");
  EXPECT_EQ(hex(intent_record(test_id(2), {.processor = 0, .number = 3, .requested_at = {-1}})),
            "0300000003000000 550e0000000000000000000002000000 0000000000000000 "
            "0000000000000000 ffffffffffffffff");
  EXPECT_EQ(hex(refused_record(
                test_id(2), {.processor = 0, .number = 3, .reason = payment::Outcome::throttled})),
            "0400000303000000 550e0000000000000000000002000000 0000000000000000 "
            "0000000000000000 0000000000000000");
  EXPECT_EQ(hex(settled_record(test_id(2), {.processor = 1,
                                            .number = 2,
                                            .requested_at = {7},
                                            .amount = cents(256),
                                            .settled_at = {9},
                                            .finding = true})),
            "0502010002000000 550e0000000000000000000002000000 0001000000000000 "
            "0900000000000000 0700000000000000");
  EXPECT_EQ(hex(parked_record(test_id(2), {5})),
            "0600ff0000000000 550e0000000000000000000002000000 0000000000000000 "
            "0500000000000000 0000000000000000");
  EXPECT_EQ(hex(origin_records(1, std::string(40, 'a') + "b")[1]),
            "2080010001000000 62000000000000000000000000000000 0000000000000000 "
            "0000000000000000 0000000000000000");
  EXPECT_EQ(hex(restored_record(true, {5})),
            "2100ff0001000000 00000000000000000000000000000000 0000000000000000 "
            "0500000000000000 0000000000000000");
  EXPECT_EQ(hex(told_record({5})),
            "2200ff0000000000 00000000000000000000000000000000 0000000000000000 "
            "0500000000000000 0000000000000000");
  EXPECT_EQ(hex(named_record(1, "fallback")),
            "0100010000000000 66616c6c6261636b0000000000000000 0000000000000000 "
            "0000000000000000 0000000000000000");
}

TEST(Record, NamesOfUpToFortyBytesAreReadBack) {
  for (const std::size_t size : {1u, 7u, 39u, 40u}) {
    const std::string name(size, 'x');
    EXPECT_EQ(name_of(named_record(0, name)), name);
  }
}

TEST(Record, IntentsAreReadBack) {
  const auto read = intent_of(intent_record(test_id(1), intent(4, at(2), dear)));
  EXPECT_EQ(read.processor, dear);
  EXPECT_EQ(read.number, 4u);
  EXPECT_EQ(read.requested_at, at(2));
  EXPECT_EQ(id_of(intent_record(test_id(9), intent(4, at(2)))), test_id(9));
}

TEST(Record, WhatIsWrittenHasNoFault) {
  EXPECT_EQ(fault_of(named_record(31, "x")), nullptr);
  EXPECT_EQ(fault_of(accepted_record(acceptance(1, 1))), nullptr);
  EXPECT_EQ(fault_of(accepted_record(acceptance(1, payment::Money::max_cents, intent(1, at(1))))),
            nullptr);
  EXPECT_EQ(fault_of(intent_record(test_id(1), intent(1, at(1)))), nullptr);
  EXPECT_EQ(fault_of(refused_record(test_id(1), {.processor = 0, .number = 1})), nullptr);
  EXPECT_EQ(fault_of(refused_record(
                test_id(1), {.processor = 0, .number = 1, .reason = payment::Outcome::released})),
            nullptr);
  EXPECT_EQ(fault_of(settled_record(test_id(1), settlement(intent(1, at(1)), 0))), nullptr);
  EXPECT_EQ(fault_of(parked_record(test_id(1), at(1))), nullptr);
}

TEST(Record, ImpossibleFactsAreFaults) {
  const auto origin = origin_records(1, std::string(50, 'a'))[0];
  EXPECT_EQ(fault_of(origin), nullptr);
  const auto spoilt = [](Record record, auto spoil) {
    spoil(record);
    return fault_of(record) != nullptr;
  };
  EXPECT_TRUE(spoilt(origin, [](Record& r) { r.attempt = 0; }));
  EXPECT_TRUE(spoilt(origin, [](Record& r) { r.attempt = 39; }));
  EXPECT_TRUE(spoilt(origin, [](Record& r) { r.attempt = 401; }));
  EXPECT_TRUE(spoilt(origin, [](Record& r) { r.processor = 32; }));
  EXPECT_TRUE(spoilt(origin, [](Record& r) { r.flags = 1; }));
  EXPECT_TRUE(spoilt(origin, [](Record& r) { r.id[3] = ' '; }));
  EXPECT_TRUE(spoilt(origin, [](Record& r) { r.id[3] = 0; }));
  EXPECT_TRUE(spoilt(restored_record(true, at(1)), [](Record& r) { r.attempt = 2; }));
  EXPECT_TRUE(spoilt(told_record(at(1)), [](Record& r) { r.attempt = 1; }));
  EXPECT_TRUE(spoilt(told_record(at(1)), [](Record& r) { r.processor = 0; }));
}

// Each starts from a record that is right, and spoils one field.
template <class Spoil>
bool is_faulty(Record record, Spoil spoil) {
  spoil(record);
  return fault_of(record) != nullptr;
}

TEST(Record, Protocol41ARecordOfZerosIsInvalid) {
  EXPECT_NE(fault_of(Record{}), nullptr);
}

TEST(Record, UnknownTypesAndFlagsAreFaults) {
  const auto accepted = accepted_record(acceptance(1, 10, intent(1, at(1))));
  for (int type = 7; type <= 255; ++type) {
    EXPECT_TRUE(is_faulty(accepted, [&](Record& r) { r.type = static_cast<RecordType>(type); }));
  }
  EXPECT_TRUE(is_faulty(accepted, [](Record& r) { r.flags |= flag_finding; }));
  const auto settled = settled_record(test_id(1), settlement(intent(1, at(1))));
  EXPECT_TRUE(is_faulty(settled, [](Record& r) { r.flags |= 4; }));
}

TEST(Record, ImpossibleAmountsProcessorsAndReasonsAreFaults) {
  const auto accepted = accepted_record(acceptance(1, 10, intent(1, at(1))));
  EXPECT_TRUE(is_faulty(accepted, [](Record& r) { r.cents = 0; }));
  EXPECT_TRUE(is_faulty(accepted, [](Record& r) { r.cents = -1; }));
  EXPECT_TRUE(is_faulty(accepted, [](Record& r) { r.cents = payment::Money::max_cents + 1; }));
  EXPECT_TRUE(is_faulty(accepted, [](Record& r) { r.processor = payment::max_processors; }));
  EXPECT_TRUE(is_faulty(accepted, [](Record& r) { r.attempt = 2; }));
  const auto settled = settled_record(test_id(1), settlement(intent(1, at(1))));
  EXPECT_TRUE(is_faulty(settled, [](Record& r) { r.cents = -1; }));
  EXPECT_TRUE(is_faulty(settled, [](Record& r) { r.cents = payment::Money::max_cents + 1; }));
  EXPECT_TRUE(is_faulty(settled, [](Record& r) { r.processor = 32; }));
  const auto refused = refused_record(test_id(1), {.processor = 0, .number = 1});
  for (const int outcome : {0, 1, 7, 9, 255}) {
    EXPECT_TRUE(
        is_faulty(refused, [&](Record& r) { r.outcome = static_cast<std::uint8_t>(outcome); }));
  }
  EXPECT_TRUE(is_faulty(refused, [](Record& r) { r.processor = 32; }));
  EXPECT_TRUE(is_faulty(named_record(0, "x"), [](Record& r) { r.processor = 32; }));
  EXPECT_TRUE(is_faulty(intent_record(test_id(1), intent(1, at(1))),
                        [](Record& r) { r.processor = payment::no_processor; }));
}

}  // namespace
}  // namespace payswitch::store::journal
