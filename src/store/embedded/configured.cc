#include "store/embedded/configured.h"

#include <fmt/format.h>

#include <algorithm>
#include <cassert>

#include "store/journal/record.h"
#include "store/origins.h"

namespace payswitch::store::embedded {

namespace {

using Records = std::vector<journal::Record>;

std::expected<Records, std::string> name_processors(const Options& options, Index& index) {
  Records records;
  for (const auto& [name, origin] : options.processors) {
    if (std::ranges::find(index.names(), name) != index.names().end()) continue;
    if (name.empty() || name.size() > journal::max_name_bytes) {
      return std::unexpected(fmt::format("processor name '{}' must have 1 to {} bytes", name,
                                         journal::max_name_bytes));
    }
    if (index.names().size() == payment::max_processors) {
      return std::unexpected(fmt::format(
          "processor '{}' cannot be added: this store knows {} names already, its maximum", name,
          payment::max_processors));
    }
    const auto number = static_cast<payment::ProcessorNumber>(index.names().size());
    records.push_back(journal::named_record(number, name));
    const auto applied = index.apply(records.back(), 0);
    assert(applied.changed);
  }
  return records;
}

std::expected<Records, std::string> keep_origins(const Options& options, std::size_t named_before,
                                                 platform::Log& log, const Index& index) {
  const auto unanswered = index.unanswered();
  const auto plan = plan_origins(options, {.names = index.names(),
                                           .origins = index.facts().values().origins,
                                           .unanswered = unanswered,
                                           .named_before = named_before});
  if (!plan) return std::unexpected(plan.error());
  for (const auto& line : plan->infos) log.info("{}", line);
  for (const auto& line : plan->warnings) log.warn("{}", line);
  Records records;
  for (const auto& [processor, origin] : plan->to_keep) {
    const auto pieces = journal::origin_records(processor, origin);
    records.insert(records.end(), pieces.begin(), pieces.end());
  }
  return records;
}

}  // namespace

std::expected<Records, std::string> take_configuration(const Options& options, payment::UtcMs now,
                                                       platform::Log& log, Index& index,
                                                       std::uint64_t next_sequence) {
  const auto named_before = index.names().size();
  auto records = name_processors(options, index);
  if (!records) return records;
  const auto origins = keep_origins(options, named_before, log, index);
  if (!origins) return std::unexpected(origins.error());
  auto facts = *origins;
  const bool restored = index.facts().values().restored;
  const bool shall_be =
      options.restored == Restored::unset ? restored : options.restored == Restored::on;
  if (restored != shall_be) facts.push_back(journal::restored_record(shall_be, now));
  for (const journal::Record& fact : facts) {
    const auto applied = index.apply(fact, next_sequence + records->size());
    assert(applied.changed);
    records->push_back(fact);
  }
  return records;
}

}  // namespace payswitch::store::embedded
