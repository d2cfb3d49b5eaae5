#pragma once

#include <cstdint>
#include <expected>
#include <memory>
#include <string>
#include <unordered_map>
#include <vector>

#include "store/archive/file_set.h"
#include "store/embedded/compactor.h"
#include "store/embedded/cut.h"
#include "store/embedded/deferred_completions.h"
#include "store/embedded/held_intents.h"
#include "store/embedded/index.h"
#include "store/embedded/page_reader.h"
#include "store/journal/writer.h"
#include "store/options.h"
#include "store/store.h"

namespace payswitch::store::embedded {

// The store on a disk of its own. open() in open.h makes one. Loop thread only.
class Engine final : public Store {
 public:
  explicit Engine(platform::Loop& loop) : loop_(loop), deferred_(loop), index_(counters_) {}

  // Blocks; before anything else, and once. `fatal` is taken when it succeeds.
  std::expected<void, RefusedStart> open(const Options& options, const journal::Dependencies& deps,
                                         journal::Fatal& fatal);

  void accept(const Acceptance& acceptance, AcceptDone done) override;
  void start(Adopt adopt) override;
  void intend(const payment::CorrelationId& id, const Intent& intent, IntendDone done) override;
  void refuse(const payment::CorrelationId& id, const Refusal& refusal) override;
  void note_unknown(const payment::CorrelationId& id) override;
  void settle(const payment::CorrelationId& id, const Settlement& settlement, Done done) override;
  void park(const payment::CorrelationId& id, payment::UtcMs at, Done done) override;
  void find(const payment::CorrelationId& id, FindDone done) override;
  void find_durable(const payment::CorrelationId& id, FindDone done) override;
  void summary(const books::Window& window, SummaryDone done) override;
  void list(const books::Window& window, const std::string& cursor, ListDone done) override;
  const std::vector<std::string>& names() const override { return index_.names(); }
  const Facts& facts() const override { return index_.facts().values(); }
  void keep_told(payment::UtcMs told, Done done) override;
  payment::UtcMs highest_requested_at() const override { return highest_at_start_; }
  bool is_available() const override { return true; }
  bool idle() const override {
    return deferred_.empty() && awaiting_page_.empty() && (!journal_ || journal_->idle());
  }
  const Counters& counters() const override { return counters_; }
  void end(Done done) override;

 private:
  struct Asked {
    Acceptance acceptance;
    AcceptDone done;
  };

  void accept_if_not_archived(const Acceptance& acceptance, AcceptDone done);
  void page_was_read(const payment::CorrelationId& id,
                     const std::optional<archive::SettledPayment>& archived);
  void accept_new(const Acceptance& acceptance, AcceptDone done);
  void answer_known(const Known& known, const Acceptance& acceptance, AcceptDone done);
  bool must_hold_intents() const;
  void release_intents();
  void release_intent_of(const payment::CorrelationId& id);
  void intend_now(HeldIntents::Held held);
  void change(const journal::Record& record);
  void keep(const journal::Record& record, journal::Flush flush, journal::Completion completion);
  bool is_durable(std::uint64_t sequence) const {
    return !journal_ || journal_->is_durable(sequence);
  }

  platform::Loop& loop_;
  Counters counters_;
  DeferredCompletions deferred_;
  archive::FileSet archive_;
  Index index_;
  std::unique_ptr<journal::Writer> journal_;  // null: durability memory
  std::unique_ptr<PageReader> page_reader_;   // null likewise
  std::unique_ptr<Compactor> compactor_;      // null likewise, or nothing is to be archived
  // Acceptances of ids that may be archived, and wait for the disk to say so.
  std::unordered_map<payment::CorrelationId, std::vector<Asked>> awaiting_page_;
  HeldIntents held_intents_;
  std::shared_ptr<journal::Fatal> fatal_;
  std::uint64_t last_at_start_ = 0;  // the place of the last record that was read
  payment::UtcMs highest_at_start_;
};

}  // namespace payswitch::store::embedded
