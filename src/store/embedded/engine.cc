#include "store/embedded/engine.h"

#include <algorithm>
#include <cassert>
#include <deque>
#include <unordered_map>
#include <utility>
#include <vector>

#include "books/books.h"
#include "store/archive/archive.h"
#include "store/embedded/compactor.h"
#include "store/embedded/configured.h"
#include "store/embedded/index.h"
#include "store/embedded/listing.h"
#include "store/embedded/page_reader.h"
#include "store/embedded/recovery.h"
#include "store/journal/record.h"
#include "store/journal/segment.h"
#include "store/journal/writer.h"

namespace payswitch::store::embedded {

namespace {

// Of what was open at start: so much is held twice while the jobs for it are made.
constexpr std::size_t max_adopted_at_once = 8'192;

// Completions that need no sync, in one batch a turn.
class Prompt {
 public:
  explicit Prompt(platform::Loop& loop) : loop_(loop) {}

  void add(Completion completion) {
    if (due_.empty()) {
      loop_.post([this, alive = std::weak_ptr(alive_)] {
        if (!alive.expired()) run_all();
      });
    }
    due_.push_back(std::move(completion));
  }

  bool empty() const { return due_.empty(); }

 private:
  void run_all() {
    running_.swap(due_);
    for (auto& completion : running_) run(completion);
    running_.clear();
  }

  platform::Loop& loop_;
  std::vector<Completion> due_;
  std::vector<Completion> running_;
  std::shared_ptr<char> alive_ = std::make_shared<char>();
};

// A cut may uncover damage before it.
constexpr std::size_t max_cuts = 16;

class Engine final : public Store {
 public:
  explicit Engine(platform::Loop& loop) : loop_(loop), prompt_(loop), index_(counters_) {}

  std::expected<void, RefusedStart> open(const Options& options, const JournalSeams& seams,
                                         Fatal& fatal);

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
    return prompt_.empty() && looking_up_.empty() && (!journal_ || journal_->idle());
  }
  const Counters& counters() const override { return counters_; }
  void end(Done done) override;

 private:
  struct Asked {
    Acceptance acceptance;
    AcceptDone done;
  };

  void accept_once_looked_up(const Acceptance& acceptance, AcceptDone done);
  void looked_up(const payment::CorrelationId& id, const std::optional<SettledPayment>& sealed);
  void accept_unsealed(const Acceptance& acceptance, AcceptDone done);
  void answer_known(const Known& known, const Acceptance& acceptance, AcceptDone done);
  bool must_hold_intents() const;
  void release_intents();
  void release_intent_of(const payment::CorrelationId& id);
  void intend_now(const payment::CorrelationId& id, const Intent& intent, IntendDone done);
  void change(const Record& record);
  void keep(const Record& record, Flush haste, Completion completion);
  bool is_durable(std::uint64_t sequence) const {
    return !journal_ || journal_->is_durable(sequence);
  }

  platform::Loop& loop_;
  Counters counters_;
  Prompt prompt_;
  Archive sealed_;
  Index index_;
  std::unique_ptr<Journal> journal_;      // null: durability memory
  std::unique_ptr<PageReader> look_ups_;  // null likewise
  std::unique_ptr<Compactor> sealer_;     // null likewise, or nothing is to be sealed
  // Acceptances of ids that may be sealed, and wait for the disk to say so.
  std::unordered_map<payment::CorrelationId, std::vector<Asked>> looking_up_;
  struct HeldIntent {
    payment::CorrelationId id;
    Intent intent;
    IntendDone done;
  };
  std::deque<HeldIntent> held_intents_;
  std::shared_ptr<Fatal> fatal_;
  std::uint64_t last_at_start_ = 0;  // the place of the last record that was read
  payment::UtcMs highest_at_start_;
};

// Whoever forgets known payments charges them again.
std::expected<void, std::string> expect_no_journal(platform::Disk& disk) {
  const auto names = disk.list();
  if (!names) return std::unexpected(names.error().message());
  const auto journal = std::ranges::find_if(*names, [](const std::string& name) {
    return segment_number(name) || sealed_segments(name);
  });
  if (journal == names->end()) return {};
  return std::unexpected("durability memory would forget the payments that " + *journal +
                         " keeps: use another directory");
}

Read<Summary> add_sealed(Summary summary, const Archive& sealed, const books::Window& window,
                         Wait wait) {
  for (std::size_t number = 0; number < summary.by_processor.size(); ++number) {
    const auto sum = sealed.sum(static_cast<payment::ProcessorNumber>(number), window, wait);
    if (!sum) return std::unexpected(sum.error());
    summary.by_processor[number] += *sum;
  }
  return summary;
}

std::expected<void, RefusedStart> Engine::open(const Options& options, const JournalSeams& seams,
                                               Fatal& fatal) {
  if (options.durability == platform::Durability::memory) {
    if (auto fresh = expect_no_journal(seams.disk); !fresh) {
      return std::unexpected(RefusedStart{fresh.error()});
    }
    const auto configured = take_configuration(options, seams.clock.wall(), seams.log, index_, 1);
    if (!configured) return std::unexpected(RefusedStart{configured.error()});
    return {};
  }
  auto sealed = Archive::load(seams.disk);
  if (!sealed) return std::unexpected(RefusedStart{.line = sealed.error(), .can_be_cut = true});
  sealed_ = *std::move(sealed);
  index_.begin_behind(sealed_);
  auto start = recover(options, seams.disk, seams.clock, seams.log, sealed_, index_);
  if (!start) return std::unexpected(start.error());
  index_.end_of_journal();
  index_.note_all_unknown();
  last_at_start_ = start->records;
  highest_at_start_ = index_.highest_requested_at();
  counters_.segments = index_.generations();
  counters_.sealed_files = sealed_.files().size();
  counters_.sealed_payments = sealed_.payments();
  counters_.dropped_groups = start->dropped_groups;
  fatal_ = std::make_shared<Fatal>(std::move(fatal));
  const auto begin_segment = [this](const SegmentBegin& begin) {
    index_.begin_segment(begin);
    ++counters_.segments;
    if (sealer_) sealer_->wake();
  };
  const auto fail = [fatal = fatal_](const std::string& line) { (*fatal)(line); };
  journal_ = std::make_unique<Journal>(
      options, *std::move(start), seams, counters_,
      [this] { return index_.bytes_to_carry(Attempts::all); }, begin_segment,
      [this] { release_intents(); }, fail);
  look_ups_ = std::make_unique<PageReader>(seams.disk, counters_, fail);
  if (options.sealing) {
    sealer_ =
        std::make_unique<Compactor>(Compactor::Seams{.index = index_,
                                                     .journal = *journal_,
                                                     .books = sealed_,
                                                     .disk = seams.disk,
                                                     .loop = seams.loop,
                                                     .timers = seams.timers,
                                                     .random = seams.random,
                                                     .log = seams.log,
                                                     .counters = counters_,
                                                     .on_rest = [this] { release_intents(); }});
  }
  return {};
}

void Engine::start(Adopt adopt) {
  if (!journal_) return;
  index_.for_open_up_to(last_at_start_, max_adopted_at_once, adopt);
}

// -- accepting --------------------------------------------------------------------------

// The id is looked up before any limit is (PROTOCOL 5.1).
void Engine::accept(const Acceptance& acceptance, AcceptDone done) {
  if (const auto known = index_.known(acceptance.id)) {
    return answer_known(*known, acceptance, std::move(done));
  }
  accept_once_looked_up(acceptance, std::move(done));
}

// An id that may be sealed is new only when the disk has said that it is not. Those who come with
// it meanwhile wait behind it (PROTOCOL 5.2).
void Engine::accept_once_looked_up(const Acceptance& acceptance, AcceptDone done) {
  const auto waiting = looking_up_.find(acceptance.id);
  if (waiting != looking_up_.end()) {
    return waiting->second.push_back({acceptance, std::move(done)});
  }
  const auto sealed = sealed_.find(acceptance.id, Wait::no);
  if (sealed && !*sealed) return accept_unsealed(acceptance, std::move(done));
  if (sealed) return answer_known({(*sealed)->amount, 0}, acceptance, std::move(done));
  looking_up_[acceptance.id].push_back({acceptance, std::move(done)});
  look_ups_->ask([sealed = sealed_, id = acceptance.id] { return sealed.find(id, Wait::yes); },
                 [this, id = acceptance.id](const auto& found) { looked_up(id, found); });
}

void Engine::looked_up(const payment::CorrelationId& id,
                       const std::optional<SettledPayment>& sealed) {
  auto waiting = looking_up_.extract(id);
  for (auto& [acceptance, done] : waiting.mapped()) {
    if (sealed) {
      answer_known({sealed->amount, 0}, acceptance, std::move(done));
    } else if (const auto known = index_.known(id)) {
      answer_known(*known, acceptance, std::move(done));
    } else {
      accept_unsealed(acceptance, std::move(done));
    }
  }
}

void Engine::accept_unsealed(const Acceptance& acceptance, AcceptDone done) {
  if (!acceptance.admit_new || (journal_ && !journal_->has_room())) {
    return prompt_.add(VerdictDue{std::move(done), Verdict::not_admitted});
  }
  const Record record = accepted_record(acceptance);
  change(record);
  keep(record, Flush::now, VerdictDue{std::move(done), Verdict::accepted});
}

// What is said of a replay waits until the original is durable (PROTOCOL 5.2).
void Engine::answer_known(const Known& known, const Acceptance& acceptance, AcceptDone done) {
  const bool same = known.amount == acceptance.amount;
  ++(same ? counters_.replays : counters_.conflicts);
  VerdictDue due{std::move(done), same ? Verdict::replayed : Verdict::conflict};
  if (is_durable(known.sequence)) {
    prompt_.add(std::move(due));
  } else {
    journal_->after(known.sequence, std::move(due));
  }
}

// -- attempts ---------------------------------------------------------------------------

void Engine::intend(const payment::CorrelationId& id, const Intent& intent, IntendDone done) {
  if (must_hold_intents()) return held_intents_.push_back({id, intent, std::move(done)});
  intend_now(id, intent, std::move(done));
}

void Engine::intend_now(const payment::CorrelationId& id, const Intent& intent, IntendDone done) {
  const Record record = intent_record(id, intent);
  change(record);
  keep(record, Flush::now, [done = std::move(done)]() mutable { done(true); });
}

void Engine::refuse(const payment::CorrelationId& id, const Refusal& refusal) {
  release_intent_of(id);
  const Record record = refused_record(id, refusal);
  change(record);
  if (journal_) journal_->add(record, Flush::lazy);
}

void Engine::note_unknown(const payment::CorrelationId& id) {
  release_intent_of(id);
  index_.note_unknown(id);
}

void Engine::settle(const payment::CorrelationId& id, const Settlement& settlement, Done done) {
  release_intent_of(id);
  // Nobody can have an answer to a request that could not be sent yet (PROTOCOL 2.1).
  assert(index_.unsettled(id) != nullptr && is_durable(index_.unsettled(id)->sequence));
  const Record record = settled_record(id, settlement);
  change(record);
  keep(record, Flush::lazy, std::move(done));
}

void Engine::park(const payment::CorrelationId& id, payment::UtcMs at, Done done) {
  release_intent_of(id);
  assert(index_.unsettled(id) != nullptr);
  assert(payment::is_legal(index_.unsettled(id)->state, payment::State::parked));
  const Record record = parked_record(id, at);
  change(record);
  keep(record, Flush::lazy, std::move(done));
}

void Engine::keep_told(payment::UtcMs told, Done done) {
  const auto home = index_.facts().told_home();
  if (told <= facts().told) {
    if (is_durable(home)) return prompt_.add(std::move(done));
    return journal_->after(home, std::move(done));
  }
  const Record record = told_record(told);
  change(record);
  keep(record, Flush::now, std::move(done));
}

// The index changes by the same record as it will after a restart. A caller that contradicts what
// is known has a bug.
void Engine::change(const Record& record) {
  assert(fault_of(record) == nullptr);
  const Applied applied = index_.apply(record, journal_ ? journal_->next_sequence() : 0);
  assert(applied.contradiction == nullptr);
  assert(applied.changed);
}

void Engine::keep(const Record& record, Flush haste, Completion completion) {
  if (journal_) {
    journal_->add(record, haste, std::move(completion));
  } else {
    prompt_.add(std::move(completion));
  }
}

// What a full disk has left is for the copies by which the sealer makes room, and for what becomes
// of attempts under way: new attempts wait until that is done.
bool Engine::must_hold_intents() const {
  return sealer_ && sealer_->needs_the_room_that_is_left();
}

void Engine::release_intents() {
  while (!held_intents_.empty() && !must_hold_intents()) {
    HeldIntent held = std::move(held_intents_.front());
    held_intents_.pop_front();
    intend_now(held.id, held.intent, std::move(held.done));
  }
}

// The calls for one payment keep their order.
void Engine::release_intent_of(const payment::CorrelationId& id) {
  const auto found = std::ranges::find(held_intents_, id, &HeldIntent::id);
  if (found == held_intents_.end()) return;
  HeldIntent held = std::move(*found);
  held_intents_.erase(found);
  intend_now(held.id, held.intent, std::move(held.done));
}

// What is sealed beside the work waits for the next start, and so does an intent that is held.
void Engine::end(Done done) {
  held_intents_.clear();
  sealer_.reset();
  if (!journal_) return prompt_.add(std::move(done));
  if (journal_->idle()) return journal_->add_end_mark(std::move(done));
  journal_->after(journal_->next_sequence() - 1,
                  [this, done = std::move(done)]() mutable { end(std::move(done)); });
}

// -- reading ----------------------------------------------------------------------------

// Who is shown a payment counts on it: one that a power cut may still take back is not shown.
void Engine::find(const payment::CorrelationId& id, FindDone done) {
  const auto known = index_.known(id);
  if (known && !is_durable(known->sequence)) {
    return journal_->after(known->sequence,
                           [this, id, done = std::move(done)]() mutable { done(index_.view(id)); });
  }
  const auto answer = [this](std::optional<PaymentView> view, FindDone& finder) {
    loop_.post([view = std::move(view), done = std::move(finder)]() mutable { done(view); });
  };
  if (known) return answer(index_.view(id), done);
  const auto sealed = sealed_.find(id, Wait::no);
  if (sealed) return answer(*sealed ? std::optional((*sealed)->view()) : std::nullopt, done);
  look_ups_->ask([sealed = sealed_, id] { return sealed.find(id, Wait::yes); },
                 [this, id, done = std::move(done)](const auto& found) mutable {
                   if (found) return done(found->view());
                   // It may have come meanwhile.
                   if (index_.known(id)) return find(id, std::move(done));
                   done(std::nullopt);
                 });
}

// Which record ended a payment is not remembered: when all that was added is durable, it is.
void Engine::find_durable(const payment::CorrelationId& id, FindDone done) {
  const Payment* unsettled = index_.unsettled(id);
  const bool is_open = unsettled != nullptr && unsettled->state != payment::State::parked;
  if (is_open || !journal_ || journal_->idle()) return find(id, std::move(done));
  journal_->after(journal_->next_sequence() - 1,
                  [this, id, done = std::move(done)]() mutable { find(id, std::move(done)); });
}

void Engine::summary(const books::Window& window, SummaryDone done) {
  Summary summary;
  for (std::size_t number = 0; number < index_.names().size(); ++number) {
    summary.by_processor.push_back(
        index_.sum(static_cast<payment::ProcessorNumber>(number), window));
  }
  const auto sealed = add_sealed(summary, sealed_, window, Wait::no);
  if (sealed) {
    return loop_.post([summary = *sealed, done = std::move(done)]() mutable { done(summary); });
  }
  // What is in memory and what is sealed are of this very moment, also when the answer comes later.
  look_ups_->ask([summary = std::move(summary), sealed = sealed_,
                  window] { return add_sealed(summary, sealed, window, Wait::yes); },
                 [done = std::move(done)](const Summary& whole) mutable { done(whole); });
}

void Engine::list(const books::Window& window, const std::string& cursor, ListDone done) {
  const auto from = parse_cursor(cursor);
  if (from && from->part == ListCursor::Part::sealed && look_ups_) {
    return look_ups_->ask([sealed = sealed_, window,
                           from = *from] { return list_sealed(sealed, window, from, Wait::yes); },
                          [done = std::move(done)](Page& page) mutable { done(std::move(page)); });
  }
  std::optional<Page> page;
  if (from) {
    page = index_.list(window, *from);
    std::erase_if(page->payments, [this](const PaymentView& view) {
      return !is_durable(index_.known(view.id)->sequence);
    });
    if (page->next.empty() && !sealed_.empty()) {
      ListCursor behind_memory;
      behind_memory.part = ListCursor::Part::sealed;
      page->next = to_string(behind_memory);
    }
  }
  loop_.post([page = std::move(page), done = std::move(done)]() mutable { done(page); });
}

}  // namespace

std::expected<std::unique_ptr<Store>, std::string> open(
    const Options& options, platform::Disk& disk, platform::Loop& loop, platform::Timers& timers,
    const platform::Clock& clock, platform::Random& random, platform::Log& log, Fatal fatal) {
  const JournalSeams seams{
      .disk = disk, .loop = loop, .timers = timers, .clock = clock, .random = random, .log = log};
  for (std::size_t cuts = 0;; ++cuts) {
    auto engine = std::make_unique<Engine>(loop);
    const auto opened = engine->open(options, seams, fatal);
    if (opened) return engine;
    const RefusedStart& refusal = opened.error();
    if (!options.cut_at_damage || !refusal.can_be_cut || cuts == max_cuts) {
      return std::unexpected(with_way_out(refusal));
    }
    log.error("{}", refusal.line);
    std::expected<Cut, std::string> cut =
        refusal.cut ? *refusal.cut : cut_behind_whole_sealed_files(disk);
    if (!cut) return std::unexpected(cut.error());
    if (auto done = cut_log(*cut, disk, clock, log); !done) return std::unexpected(done.error());
  }
}

// The directory, with its lock and while it is listed; segments; a segment that is being prepared;
// sealed files, the newest one of which is being written and read.
std::size_t max_descriptors() {
  constexpr std::size_t directory = 3;
  constexpr std::size_t segments =
      platform::descriptors_per_appended_file * (1 + max_open_ahead) + 1;
  constexpr std::size_t sealed = max_sealed_files + 2;
  return directory + segments + sealed;
}

}  // namespace payswitch::store::embedded
