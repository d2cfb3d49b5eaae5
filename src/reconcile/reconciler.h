#pragma once

#include <cstdint>
#include <expected>
#include <map>
#include <optional>
#include <set>
#include <string>
#include <utility>
#include <vector>

#include "platform/clock.h"
#include "platform/progress.h"
#include "reconcile/comparison.h"
#include "reconcile/queries.h"

namespace payswitch::reconcile {

// A window is closed when it ended this long ago, by the switch's clock.
inline constexpr std::chrono::milliseconds closed_after{1'500};

// Windows in which the sums are compared where nobody says otherwise: about so many, of at least a
// second each.
inline constexpr std::int64_t usual_windows = 1'000;
inline constexpr std::chrono::milliseconds least_grain{1'000};

// A millisecond is looked into until two looks in a row agree, at most so often.
inline constexpr int max_looks = 6;

struct ReconcilerOptions {
  std::optional<payment::UtcMs> from = {};  // the year 1970
  std::optional<payment::UtcMs> to = {};    // `closed_after` ago; a later one is that too
  std::optional<std::chrono::milliseconds> last = {};   // `from` is so long before `to`
  std::optional<std::chrono::milliseconds> grain = {};  // of the windows; at least 1 ms
  // Milliseconds that are looked into. Beyond it differences are reported as sums of windows.
  std::size_t max_examined = 10'000;
};

// The two sums of one processor.
struct Sums {
  std::string processor;
  payment::Total ours;
  payment::Total theirs;

  bool equal() const { return ours == theirs; }
};

struct Report {
  books::Window window;
  std::chrono::milliseconds grain{0};
  std::uint64_t windows = 0;    // compared, of that grain or less
  std::vector<Sums> sums;       // of the whole window
  States states{};              // of all payments, whenever
  std::uint64_t in_flight = 0;  // found in a processor's books, of those that may be there
  // Milliseconds that went on changing while they were looked into, and windows beyond max_examined
  // in which what is in flight may explain the difference.
  std::uint64_t restless = 0;
  std::vector<std::string>
      not_asked;  // processors that our books know, and that are not configured
  std::vector<store::UnaskedAt> unasked;  // those of them that may have charged what is open
  std::vector<Discrepancy> discrepancies;
};

// Our books against the processors'. Windows that are not equal are cut in half down to the
// millisecond, and that is looked into payment by payment; what is in flight may be in their books
// (PROTOCOL 6) and is no discrepancy. Asks one question at a time; changes nothing anywhere.
class Reconciler {
 public:
  Reconciler(Queries queries, const ReconcilerOptions& options, platform::Progress& progress)
      : queries_(std::move(queries)), options_(options), progress_(progress) {}

  // Once. An error is one line for a person: who could not be asked.
  std::expected<Report, std::string> run();

 private:
  using Line = std::expected<void, std::string>;
  template <class T>
  using Result = std::expected<T, std::string>;
  // What two looks must agree on, by processor.
  struct Look {
    std::map<std::size_t, Comparison> examined;
    std::vector<Discrepancy> unlisted;

    bool operator==(const Look&) const = default;
  };

  Line prepare();
  Line choose_grain();
  Result<payment::UtcMs> first_charge(payment::UtcMs from, payment::UtcMs to);
  Result<payment::UtcMs> last_charge(payment::UtcMs from, payment::UtcMs to);
  Result<std::vector<Sums>> compare(const books::Window& window);
  Line walk();
  Line visit(const books::Window& window, std::vector<books::Window>& ahead);
  Line look_into(payment::UtcMs at);
  Result<Look> look(payment::UtcMs at);
  Result<Entries> ask_for(const ProcessorAt& processor, const std::vector<ListedPayment>& listed);
  void keep(payment::UtcMs at, Look look);
  void put_off(const books::Window& window, const std::vector<Sums>& sums);
  void report_rests();
  void report_unexamined();
  void add(Discrepancy discrepancy);

  Queries queries_;
  ReconcilerOptions options_;
  platform::Progress& progress_;
  std::vector<ProcessorAt> processors_;
  Report report_;
  std::size_t examined_ = 0;
  std::vector<Discrepancy> unexamined_;
  std::map<std::pair<std::size_t, payment::UtcMs>, Rest> rests_;
  std::map<std::pair<std::size_t, payment::CorrelationId>, Extra> extras_;
  std::set<std::pair<std::string, std::string>> reported_;  // kind with processor, and id
};

}  // namespace payswitch::reconcile
