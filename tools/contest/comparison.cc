#include "tools/contest/comparison.h"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>
#include <map>
#include <tuple>

#include "http/json_fields.h"
#include "text/number.h"

namespace payswitch::lab::contest {
namespace {

// Of one id, in both books.
struct Booked {
  std::uint64_t times = 0;
  bool another_amount = false;
  std::vector<std::string> places;
};

std::map<payment::CorrelationId, Booked> gather(const Pair<std::vector<BookLine>>& books,
                                                payment::Money amount) {
  std::map<payment::CorrelationId, Booked> all;
  for (const std::size_t processor : {cheap, dear}) {
    for (const BookLine& line : books[processor]) {
      Booked& booked = all[line.id];
      booked.times += line.times;
      booked.another_amount |= line.amount != amount;
      booked.places.push_back(fmt::format("{} x {} at {}", line.times, line.amount.to_string(),
                                          processor_names[processor]));
    }
  }
  return all;
}

std::optional<BookLine> read_line(std::string_view json) {
  http::JsonField fields[] = {
      {.name = "correlationId"}, {.name = "amount"}, {.name = "requestedAt"}, {.name = "times"}};
  if (http::read_json_fields(json, fields) != http::JsonVerdict::ok) return std::nullopt;
  const auto id = payment::CorrelationId::parse(fields[0].text);
  const auto amount = payment::Money::parse(fields[1].text);
  const auto time = payment::parse_iso8601(fields[2].text);
  if (!id || !amount || !time) return std::nullopt;
  const auto times = text::parse_number<decltype(BookLine::times)>(fields[3].text, 1);
  if (!times) return std::nullopt;
  return BookLine{.id = *id, .amount = *amount, .requested_at = time->floor, .times = *times};
}

}  // namespace

std::string_view to_string(Fault fault) {
  switch (fault) {
    case Fault::lost:
      return "lost";
    case Fault::doubled:
      return "doubled";
    case Fault::another_amount:
      return "another amount";
    case Fault::refused_and_yet:
      return "refused, and charged";
    case Fault::unknown:
      return "never sent";
  }
  return "?";
}

std::expected<std::vector<BookLine>, std::string> read_books(std::string_view ndjson) {
  std::vector<BookLine> lines;
  while (!ndjson.empty()) {
    const auto text = ndjson.substr(0, ndjson.find('\n'));
    ndjson.remove_prefix(std::min(text.size() + 1, ndjson.size()));
    const auto line = read_line(text);
    if (!line) return std::unexpected(fmt::format("not a line of the books: {}", text));
    lines.push_back(*line);
  }
  return lines;
}

std::vector<Finding> compare(const Payments& payments, payment::Money amount,
                             const Pair<std::vector<BookLine>>& books) {
  const auto booked = gather(books, amount);
  std::vector<Finding> findings;
  for (const auto& [id, told] : payments) {
    if (told == Told::taken && !booked.contains(id)) {
      findings.push_back({Fault::lost, id, "in no book"});
    }
  }
  for (const auto& [id, entry] : booked) {
    const std::string where = fmt::format("{}", fmt::join(entry.places, ", "));
    const auto sent = payments.find(id);
    if (entry.times > 1) findings.push_back({Fault::doubled, id, where});
    if (entry.another_amount) findings.push_back({Fault::another_amount, id, where});
    if (sent == payments.end()) {
      findings.push_back({Fault::unknown, id, where});
    } else if (sent->second == Told::refused) {
      findings.push_back({Fault::refused_and_yet, id, where});
    }
  }
  std::ranges::sort(findings, {},
                    [](const Finding& each) { return std::tie(each.fault, each.id); });
  return findings;
}

}  // namespace payswitch::lab::contest
