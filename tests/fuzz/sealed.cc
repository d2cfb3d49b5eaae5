// A archive file, damaged at will: bytes changed, pages moved, the end cut off. It is refused, or
// says of each payment and of each window what was archived, or that a page is damaged; never
// anything else. Reading all of it notices every byte that differs.
#include <fuzzer/FuzzedDataProvider.h>

#include <algorithm>
#include <cassert>
#include <cstring>

#include "store/archive/archive_bytes_fixture.h"
#include "store/archive/merger.h"
#include "store/embedded/archive_content.h"
#include "store/samples_fixture.h"

namespace {

using namespace payswitch;
using namespace payswitch::store;
using archive::BytesFile;
using archive::BytesWriter;
using platform::Bytes;

const std::string name = archive::file_name(1, 1);

constexpr int latest = 2'000;                 // ms
constexpr std::uint32_t spread = 2654435761;  // odd: the ids differ, and 1 is none of the first

archive::SettledPayment any_payment(FuzzedDataProvider& input, std::uint32_t number) {
  const auto processor = input.ConsumeBool() ? cheap : dear;
  const auto time = at(input.ConsumeIntegralInRange(0, latest));
  const auto paid = input.ConsumeIntegralInRange(1, 200);
  const auto booked = input.ConsumeIntegralInRange(0, 9) == 9 ? paid + 1 : paid;
  archive::SettledPayment payment{.id = test_id(number),
                                  .amount = cents(paid),
                                  .accepted_at = at(number),
                                  .settlement = settlement(intent(1, time, processor), booked),
                                  .attempts = {{.number = 1,
                                                .processor = processor,
                                                .requested_at = time,
                                                .outcome = payment::Outcome::taken}}};
  const auto more = input.ConsumeIntegralInRange(0u, 99u);
  for (auto n = 2u; more < max_attempts_remembered && n < more + 2; ++n) {
    payment.attempts.push_back(
        {.number = n, .processor = dear, .requested_at = time, .outcome = {}});
  }
  return payment;
}

// Also more than there is input for: then the rest is alike.
std::vector<archive::SettledPayment> any_payments(FuzzedDataProvider& input) {
  std::vector<archive::SettledPayment> payments;
  const auto count = input.ConsumeIntegralInRange(0u, 400u);
  for (std::uint32_t number = 0; number < count; ++number) {
    payments.push_back(any_payment(input, number * spread));
  }
  return payments;
}

Bytes archived(const std::vector<archive::SettledPayment>& payments) {
  const auto memtable = std::make_shared<embedded::Memtable>();
  for (const auto& payment : payments) memtable->settled.add(payment);
  BytesWriter out;
  const auto written = embedded::archive_content(memtable, {.first_segment = 1,
                                                            .last_segment = 1,
                                                            .chain = {.number = 7, .checksum = 8},
                                                            .records = 2 * payments.size(),
                                                            .payments = payments.size(),
                                                            .highest_requested_at = at(5'000),
                                                            .names = {"default", "fallback"},
                                                            .previous = 9,
                                                            .filter_seed = 10})(out);
  assert(written);
  return std::move(out.bytes);
}

struct Damage {
  explicit Damage(FuzzedDataProvider& input)
      : kind(input.ConsumeIntegralInRange(0, 3)),
        place(input.ConsumeIntegral<std::uint32_t>()),
        page(input.ConsumeIntegral<std::uint8_t>()),
        bits(input.ConsumeIntegral<std::uint8_t>()) {}

  void apply_to(Bytes& bytes) const {
    if (bytes.size() < archive::page_bytes) return;
    const auto pages = bytes.size() / archive::page_bytes;
    std::byte* const one = bytes.data() + page % pages * archive::page_bytes;
    switch (kind) {
      case 0:
        bytes[place % bytes.size()] ^= static_cast<std::byte>(bits);
        break;
      case 1:  // it came to another place
        std::memmove(one, bytes.data() + place % pages * archive::page_bytes, archive::page_bytes);
        break;
      case 2:  // it never came
        std::fill_n(one, archive::page_bytes, std::byte{0});
        break;
      default:
        bytes.resize(place % (bytes.size() + archive::page_bytes));
    }
  }

  int kind;
  std::uint32_t place;
  std::uint8_t page;
  std::uint8_t bits;
};

struct Question {
  explicit Question(FuzzedDataProvider& input)
      : processor(input.ConsumeBool() ? cheap : dear),
        window{at(input.ConsumeIntegralInRange(-1, latest + 2)),
               at(input.ConsumeIntegralInRange(-1, latest + 2))} {}

  payment::ProcessorNumber processor;
  books::Window window;
};

template <class Thing>
std::vector<Thing> some(FuzzedDataProvider& input, int most) {
  std::vector<Thing> things;
  for (int i = input.ConsumeIntegralInRange(0, most); i > 0; --i) things.emplace_back(input);
  return things;
}

bool is_same(const archive::SettledPayment& one, const archive::SettledPayment& other) {
  const auto first = archive::make_entry(one);
  const auto second = archive::make_entry(other);
  return std::memcmp(&first, &second, sizeof(first)) == 0;
}

void expect_the_payments(const archive::File& file,
                         const std::vector<archive::SettledPayment>& payments, bool is_whole) {
  for (const auto& payment : payments) {
    assert(file.may_hold(payment.id));
    const auto found = file.find(payment.id, archive::Wait::yes);
    assert(found ? *found && is_same(**found, payment)
                 : !is_whole && !found.error().damage.empty());
  }
}

void expect_the_sum(const archive::File& file, const std::vector<archive::SettledPayment>& payments,
                    const Question& question, bool is_whole) {
  const auto& [processor, window] = question;
  payment::Total naive;
  for (const auto& payment : payments) {
    const auto& booked = payment.settlement;
    const bool is_in = window.from <= booked.requested_at && booked.requested_at <= window.to;
    if (is_in && booked.processor == processor) naive.add(booked.amount);
  }
  const auto sum = file.sum(processor, window, archive::Wait::yes);
  assert(sum ? *sum == naive : !is_whole && !sum.error().damage.empty());
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  FuzzedDataProvider input(data, size);
  const auto damages = some<Damage>(input, 3);
  const auto questions = some<Question>(input, 4);
  const auto payments = any_payments(input);
  const Bytes whole = archived(payments);
  Bytes bytes = whole;
  for (const auto& damage : damages) damage.apply_to(bytes);

  const auto file = archive::File::open(std::make_shared<BytesFile>(bytes), name);
  if (!file) {
    assert(bytes != whole && !file.error().contains('\n'));
    return 0;
  }
  // After the footer's last field nothing is read.
  const auto covered =
      static_cast<std::ptrdiff_t>(whole.size() - archive::page_bytes + sizeof(archive::Footer));
  const bool is_whole = bytes.size() == whole.size() &&
                        std::equal(whole.begin(), whole.begin() + covered, bytes.begin());
  assert((*file)->check_whole().has_value() == is_whole);
  expect_the_payments(**file, payments, is_whole);
  const auto stranger = (*file)->find(test_id(1), archive::Wait::yes);
  assert(stranger ? !*stranger : !is_whole && !stranger.error().damage.empty());
  for (const auto& question : questions) expect_the_sum(**file, payments, question, is_whole);
  return 0;
}
