#pragma once

#include <cstdint>
#include <initializer_list>
#include <string>
#include <string_view>
#include <utility>

#include "metrics/histogram.h"

namespace payswitch::metrics {

using Labels = std::initializer_list<std::pair<std::string_view, std::string_view>>;

// Writes the Prometheus text exposition format 0.0.4. A family is opened once, by name, help and
// type; its samples follow, each with labels of its own. Help and label values are escaped; names
// are the caller's business. Not thread-safe.
class PrometheusText {
 public:
  void counter(std::string_view name, std::string_view help);
  void gauge(std::string_view name, std::string_view help);
  void histogram(std::string_view name, std::string_view help);

  // A sample of the family opened last, a counter or a gauge. Numbers are written with the fewest
  // digits that read back the same.
  void sample(double value, Labels labels = {});
  void sample(std::uint64_t value, Labels labels = {});
  // A value that is already text, exact: money.
  void sample_text(std::string_view value, Labels labels = {});
  // A sample of a histogram family. Seconds, cumulative, with fixed bounds from 100 µs to 60 s, and
  // +Inf, _sum, _count. A bound counts up to 1/16 beyond itself.
  void sample(const Histogram& histogram, Labels labels = {});

  const std::string& text() const { return text_; }

 private:
  void open(std::string_view name, std::string_view help, std::string_view type);
  void line(std::string_view suffix, Labels labels, std::string_view extra_label,
            std::string_view extra_value, std::string_view value);

  std::string text_;
  std::string name_;
  bool is_histogram_ = false;
};

}  // namespace payswitch::metrics
