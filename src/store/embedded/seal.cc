#include "store/embedded/seal.h"

#include <algorithm>
#include <utility>
#include <vector>

namespace payswitch::store::embedded {

using platform::DiskResult;

namespace {

struct Booking {
  payment::ProcessorNumber processor;
  payment::UtcMs time;
  payment::Money amount;
};

DiskResult<void> write_sums(ArchiveWriter& writer, std::vector<Booking>& bookings) {
  std::ranges::sort(bookings, {}, [](const Booking& booking) {
    return std::pair(booking.processor, booking.time);
  });
  for (std::size_t i = 0; i < bookings.size();) {
    const auto [processor, time, first] = bookings[i];
    payment::Total total;
    for (; i < bookings.size() && bookings[i].processor == processor && bookings[i].time == time;
         ++i) {
      total.add(bookings[i].amount);
    }
    if (auto added = writer.add(processor, time, total); !added) return added;
  }
  return {};
}

DiskResult<void> write_generation(platform::FileWriter& draft, const Memtable& generation,
                                  const SealInfo& info) {
  ArchiveWriter writer(draft, info);
  std::vector<Booking> bookings;
  bookings.reserve(generation.settled.size());
  for (const auto& id : generation.settled.sorted_ids()) {
    const auto payment = *generation.settled.find(id);
    const auto& settlement = payment.settlement;
    bookings.push_back({settlement.processor, settlement.requested_at, settlement.amount});
    if (auto added = writer.add(make_entry(payment)); !added) return added;
  }
  if (auto written = write_sums(writer, bookings); !written) return written;
  return writer.finish();
}

}  // namespace

platform::Disk::Content seal_of(std::shared_ptr<const Memtable> generation, const SealInfo& info) {
  return [generation = std::move(generation), info](platform::FileWriter& draft) {
    return write_generation(draft, *generation, info);
  };
}

}  // namespace payswitch::store::embedded
