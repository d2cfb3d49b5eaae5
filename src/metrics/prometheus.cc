#include "metrics/prometheus.h"

#include <array>
#include <cassert>
#include <charconv>
#include <chrono>
#include <cmath>

namespace payswitch::metrics {
namespace {

using std::chrono::nanoseconds;
using namespace std::chrono_literals;

// The text is what names a time series, so it is fixed here and not left to a number format.
struct Bound {
  nanoseconds value;
  std::string_view seconds;
};

constexpr std::array bounds = {
    Bound{100us, "0.0001"},  Bound{250us, "0.00025"}, Bound{500us, "0.0005"}, Bound{1ms, "0.001"},
    Bound{2500us, "0.0025"}, Bound{5ms, "0.005"},     Bound{10ms, "0.01"},    Bound{25ms, "0.025"},
    Bound{50ms, "0.05"},     Bound{100ms, "0.1"},     Bound{250ms, "0.25"},   Bound{500ms, "0.5"},
    Bound{1s, "1"},          Bound{2500ms, "2.5"},    Bound{5s, "5"},         Bound{10s, "10"},
    Bound{30s, "30"},        Bound{60s, "60"},
};

// Long enough for any double and any 64-bit integer.
using NumberBuffer = std::array<char, 32>;

template <typename Number>
std::string_view write_number(NumberBuffer& buffer, Number value) {
  const auto [end, error] = std::to_chars(buffer.data(), buffer.data() + buffer.size(), value);
  assert(error == std::errc());
  return {buffer.data(), end};
}

std::string_view number_text(NumberBuffer& buffer, double value) {
  if (std::isnan(value)) return "NaN";
  if (std::isinf(value)) return value > 0 ? "+Inf" : "-Inf";
  return write_number(buffer, value);
}

void append_escaped(std::string& out, std::string_view text, bool quoted) {
  for (const char c : text) {
    if (c == '\n') {
      out += "\\n";
      continue;
    }
    if (c == '\\' || (quoted && c == '"')) out += '\\';
    out += c;
  }
}

void append_label(std::string& out, std::string_view name, std::string_view value) {
  out += name;
  out += "=\"";
  append_escaped(out, value, true);
  out += '"';
}

}  // namespace

void PrometheusText::counter(std::string_view name, std::string_view help) {
  open(name, help, "counter");
}

void PrometheusText::gauge(std::string_view name, std::string_view help) {
  open(name, help, "gauge");
}

void PrometheusText::histogram(std::string_view name, std::string_view help) {
  open(name, help, "histogram");
  is_histogram_ = true;
}

void PrometheusText::sample(double value, Labels labels) {
  NumberBuffer buffer;
  sample_text(number_text(buffer, value), labels);
}

void PrometheusText::sample(std::uint64_t value, Labels labels) {
  NumberBuffer buffer;
  sample_text(write_number(buffer, value), labels);
}

void PrometheusText::sample_text(std::string_view value, Labels labels) {
  assert(!is_histogram_);
  line("", labels, "", "", value);
}

void PrometheusText::sample(const Histogram& histogram, Labels labels) {
  assert(is_histogram_);
  NumberBuffer buffer;
  for (const Bound& bound : bounds) {
    const std::uint64_t count = histogram.count_up_to(bound.value);
    line("_bucket", labels, "le", bound.seconds, write_number(buffer, count));
  }
  line("_bucket", labels, "le", "+Inf", write_number(buffer, histogram.count()));
  line("_sum", labels, "", "", number_text(buffer, histogram.sum().count()));
  line("_count", labels, "", "", write_number(buffer, histogram.count()));
}

void PrometheusText::open(std::string_view name, std::string_view help, std::string_view type) {
  name_ = name;
  is_histogram_ = false;
  text_.append("# HELP ").append(name).append(" ");
  append_escaped(text_, help, false);
  text_.append("\n# TYPE ").append(name).append(" ").append(type).append("\n");
}

void PrometheusText::line(std::string_view suffix, Labels labels, std::string_view extra_label,
                          std::string_view extra_value, std::string_view value) {
  assert(!name_.empty());
  text_.append(name_).append(suffix);
  char before = '{';
  for (const auto& [label, label_value] : labels) {
    text_ += before;
    append_label(text_, label, label_value);
    before = ',';
  }
  if (!extra_label.empty()) {
    text_ += before;
    append_label(text_, extra_label, extra_value);
    before = ',';
  }
  if (before == ',') text_ += '}';
  text_.append(" ").append(value).append("\n");
}

}  // namespace payswitch::metrics
