#pragma once

#include <array>
#include <cstdint>
#include <optional>
#include <string>
#include <unordered_set>
#include <vector>

#include "payment/processor_number.h"
#include "store/counters.h"
#include "store/embedded/check/discrepancy.h"
#include "store/embedded/index.h"
#include "store/embedded/restorer.h"

namespace payswitch::store::embedded::check {

// What was settled at one processor, and what is open there.
struct SettledAt {
  std::string name;
  std::vector<std::string> origins;  // where it was, and last where it is; empty: it is not known
  payment::Total total;
  // Settlements after the damage of payments that cannot be read: not in `total`.
  payment::Total unreadable;
  // Not settled: sent there, and without an answer.
  payment::Total unanswered;
};

// What journal and archive files amount to.
struct Sums {
  std::array<std::uint64_t, payment::state_count> by_state{};  // index: payment::State
  std::vector<SettledAt> settled;                              // index: ProcessorNumber
  std::uint64_t unjudged = 0;  // records after damage that do not fit what is left before it
};

// Our books against themselves: each record against all before it, each total against a second
// count. A record may be read from a segment or from wherever else the store keeps them. Pure.
class RecordAudit {
 public:
  // What the journal goes on after; outlives the audit.
  explicit RecordAudit(const archive::FileSet& archive);

  // In the order of the journal; `record` holds what its type allows. What is wrong with it, for a
  // person. After damage a record that does not fit is the consequence and no discrepancy of its
  // own.
  std::optional<std::string> add(const journal::Record& record, bool after_damage);

  // After the last record: totals that do not add up, and payments that are spoken of and are not
  // there. After damage they may have been there.
  std::vector<std::string> compare_totals(bool after_damage) const;

  Sums sums() const;

 private:
  using Totals = std::array<payment::Total, payment::max_processors>;

  std::optional<std::string> wrong_settlement(const journal::Record& record) const;
  std::optional<std::string> refuse(const journal::Record& record, std::string_view why,
                                    bool after_damage);
  void count(const journal::Record& record);
  void stand_in_for_lost_names(const journal::Record& record);
  void put_down_as_unreadable(const journal::Record& record);
  void note_origin(const journal::Record& record);

  store::Counters counters_;
  const archive::FileSet& archive_;
  Index index_{counters_};
  Restorer restorer_{index_, archive_};
  // Payments whose acceptance went with an archived segment, and which must be carried forward
  // later.
  std::unordered_set<payment::CorrelationId> awaited_;
  std::uint64_t sequence_ = 0;
  std::uint64_t accepted_ = 0;  // records that said something new
  std::uint64_t settled_ = 0;
  Totals totals_;
  Totals unreadable_;
  std::uint64_t unjudged_ = 0;
  // Index: ProcessorNumber. Of those that the journal still tells.
  std::array<std::vector<std::string>, payment::max_processors> origins_;
};

}  // namespace payswitch::store::embedded::check
