#include "store/embedded/archive_content.h"

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

DiskResult<void> write_sums(archive::Builder& writer, std::vector<Booking>& bookings) {
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

DiskResult<void> write_memtable(platform::FileWriter& out, const Memtable& memtable,
                                const archive::FileInfo& info) {
  archive::Builder writer(out, info);
  std::vector<Booking> bookings;
  bookings.reserve(memtable.settled.size());
  for (const auto& id : memtable.settled.sorted_ids()) {
    const auto payment = *memtable.settled.find(id);
    const auto& settlement = payment.settlement;
    bookings.push_back({settlement.processor, settlement.requested_at, settlement.amount});
    if (auto added = writer.add(archive::make_entry(payment)); !added) return added;
  }
  if (auto written = write_sums(writer, bookings); !written) return written;
  return writer.finish();
}

}  // namespace

platform::Disk::Content archive_content(std::shared_ptr<const Memtable> memtable,
                                        const archive::FileInfo& info) {
  return [memtable = std::move(memtable), info](platform::FileWriter& out) {
    return write_memtable(out, *memtable, info);
  };
}

}  // namespace payswitch::store::embedded
