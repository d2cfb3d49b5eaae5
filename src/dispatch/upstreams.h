#pragma once

#include <algorithm>
#include <cassert>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <utility>
#include <vector>

#include "dispatch/upstream.h"
#include "payment/processor_number.h"

namespace payswitch::dispatch {

// The configured processors, cheapest first; of equal fees the lower number comes first. It never
// changes after construction.
class Upstreams {
 public:
  // They may come in any order.
  explicit Upstreams(std::vector<std::unique_ptr<Upstream>> upstreams)
      : by_fee_(std::move(upstreams)) {
    std::ranges::sort(by_fee_, {}, [](const std::unique_ptr<Upstream>& upstream) {
      return std::pair(upstream->options().fee_ppm, upstream->number());
    });
    for (const auto& upstream : by_fee_) mask_ |= 1u << upstream->number();
  }

  // nullptr when no processor of that number is configured.
  Upstream* find(payment::ProcessorNumber number) const {
    const auto upstream =
        std::ranges::find(by_fee_, number, [](const auto& each) { return each->number(); });
    return upstream == by_fee_.end() ? nullptr : upstream->get();
  }
  // One that is configured.
  Upstream& of(payment::ProcessorNumber number) const {
    Upstream* const upstream = find(number);
    assert(upstream);
    return *upstream;
  }

  // Bit n: processor n is configured.
  std::uint32_t mask() const { return mask_; }

  bool empty() const { return by_fee_.empty(); }
  std::size_t size() const { return by_fee_.size(); }
  auto begin() const { return by_fee_.begin(); }
  auto end() const { return by_fee_.end(); }
  Upstream& operator[](std::size_t index) const { return *by_fee_[index]; }
  // There is one at least.
  const Upstream& dearest() const { return *by_fee_.back(); }

 private:
  std::vector<std::unique_ptr<Upstream>> by_fee_;
  std::uint32_t mask_ = 0;
};

}  // namespace payswitch::dispatch
