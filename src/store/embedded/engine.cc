#include "store/embedded/engine.h"

#include <algorithm>
#include <cassert>
#include <utility>

#include "store/embedded/configured.h"
#include "store/embedded/listing.h"
#include "store/embedded/recovery.h"
#include "store/journal/record.h"

// How this works: every call that changes something makes a record. The record changes the index at
// once and is added to the journal; the caller's completion runs when it is durable. So the index
// is ahead of the disk by at most what the journal has not written yet, and what a restart makes of
// the journal is what the index was. Example, a new payment 7 and its settlement:
//
//     accept(7)  ─ index: 7 accepted ─ journal: record 100 ─ … durable ─ verdict `accepted`
//     accept(7)  ─ index knows 7 ─ record 100 is not durable yet ─ wait ─ verdict `replayed`
//     settle(7)  ─ index: 7 settled  ─ journal: record 101, lazy ─ … durable ─ done
//
// Invariants:
//   - nothing is said of a payment before the record that it rests on is durable: answers to known
//     ids wait for that record (answer_known, find);
//   - an id is looked for in the index first, then in the archive. The archive's filters answer for
//     most ids at once; for the others a page is read, and later calls with that id wait in
//     `awaiting_page_` until it is there;
//   - an acceptance adds to the index only when the id is in neither place;
//   - while a full disk has room for compaction alone, intents wait in `held_intents_`. What comes
//     for the same payment later lets its intent go first, so the calls for one payment keep their
//     order.
//
// With durability `memory` there is no journal, and completions run in a later turn of the loop.

namespace payswitch::store::embedded {

namespace {

// Of what was open at start: so much is held twice while the jobs for it are made.
constexpr std::size_t max_adopted_at_once = 8'192;

archive::Read<Summary> add_archived(Summary summary, const archive::FileSet& archived,
                                    const books::Window& window, archive::Wait wait) {
  for (std::size_t number = 0; number < summary.by_processor.size(); ++number) {
    const auto sum = archived.sum(static_cast<payment::ProcessorNumber>(number), window, wait);
    if (!sum) return std::unexpected(sum.error());
    summary.by_processor[number] += *sum;
  }
  return summary;
}

}  // namespace

// -- opening ----------------------------------------------------------------------------

std::expected<void, RefusedStart> Engine::open(const Options& options,
                                               const journal::Dependencies& deps,
                                               journal::Fatal& fatal) {
  if (options.durability == platform::Durability::memory) {
    const auto configured = take_configuration(options, deps.clock.wall(), deps.log, index_, 1);
    if (!configured) return std::unexpected(RefusedStart{configured.error()});
    return {};
  }
  auto archived = archive::FileSet::load(deps.disk);
  if (!archived) return std::unexpected(RefusedStart{.line = archived.error(), .can_be_cut = true});
  archive_ = *std::move(archived);
  index_.begin_after(archive_);
  auto start = recover(options, deps.disk, deps.clock, deps.log, archive_, index_);
  if (!start) return std::unexpected(start.error());
  index_.note_all_unknown();
  last_at_start_ = start->records;
  highest_at_start_ = index_.highest_requested_at();
  counters_.segments = index_.memtable_count();
  counters_.sealed_files = archive_.files().size();
  counters_.sealed_payments = archive_.payments();
  counters_.dropped_batches = start->dropped_batches;
  fatal_ = std::make_shared<journal::Fatal>(std::move(fatal));
  const auto begin_segment = [this](const journal::SegmentBegin& begin) {
    index_.begin_segment(begin);
    ++counters_.segments;
    if (compactor_) compactor_->wake();
  };
  const auto fail = [fatal = fatal_](const std::string& line) { (*fatal)(line); };
  journal_ = std::make_unique<journal::Writer>(
      options, *std::move(start), deps, counters_,
      [this] { return index_.bytes_to_carry(Attempts::all); }, begin_segment,
      [this] { release_intents(); }, fail);
  page_reader_ = std::make_unique<PageReader>(deps.disk, counters_, fail);
  if (options.compaction) {
    compactor_ = std::make_unique<Compactor>(
        Compactor::Dependencies{.index = index_,
                                .journal = *journal_,
                                .archive = archive_,
                                .disk = deps.disk,
                                .loop = deps.loop,
                                .timers = deps.timers,
                                .random = deps.random,
                                .log = deps.log,
                                .counters = counters_,
                                .on_idle = [this] { release_intents(); }});
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
  accept_if_not_archived(acceptance, std::move(done));
}

// An id that may be archived is new only when the disk has said that it is not. Later calls with
// the same id wait for that answer, in their order (PROTOCOL 5.2).
void Engine::accept_if_not_archived(const Acceptance& acceptance, AcceptDone done) {
  const auto waiting = awaiting_page_.find(acceptance.id);
  if (waiting != awaiting_page_.end()) {
    return waiting->second.push_back({acceptance, std::move(done)});
  }
  const auto archived = archive_.find(acceptance.id, archive::Wait::no);
  if (archived && !*archived) return accept_new(acceptance, std::move(done));
  if (archived) return answer_known({(*archived)->amount, 0}, acceptance, std::move(done));
  awaiting_page_[acceptance.id].push_back({acceptance, std::move(done)});
  page_reader_->ask(
      [archived = archive_, id = acceptance.id] { return archived.find(id, archive::Wait::yes); },
      [this, id = acceptance.id](const auto& found) { page_was_read(id, found); });
}

void Engine::page_was_read(const payment::CorrelationId& id,
                           const std::optional<archive::SettledPayment>& archived) {
  auto waiting = awaiting_page_.extract(id);
  for (auto& [acceptance, done] : waiting.mapped()) {
    if (archived) {
      answer_known({archived->amount, 0}, acceptance, std::move(done));
    } else if (const auto known = index_.known(id)) {
      answer_known(*known, acceptance, std::move(done));
    } else {
      accept_new(acceptance, std::move(done));
    }
  }
}

void Engine::accept_new(const Acceptance& acceptance, AcceptDone done) {
  if (!acceptance.admit_new || (journal_ && !journal_->has_room())) {
    return deferred_.add(journal::VerdictDue{std::move(done), Verdict::not_admitted});
  }
  const journal::Record record = journal::accepted_record(acceptance);
  change(record);
  keep(record, journal::Flush::now, journal::VerdictDue{std::move(done), Verdict::accepted});
}

// What is said of a replay waits until the original is durable (PROTOCOL 5.2).
void Engine::answer_known(const Known& known, const Acceptance& acceptance, AcceptDone done) {
  const bool same = known.amount == acceptance.amount;
  ++(same ? counters_.replays : counters_.conflicts);
  journal::VerdictDue due{std::move(done), same ? Verdict::replayed : Verdict::conflict};
  if (is_durable(known.sequence)) {
    deferred_.add(std::move(due));
  } else {
    journal_->after(known.sequence, std::move(due));
  }
}

// -- attempts ---------------------------------------------------------------------------

void Engine::intend(const payment::CorrelationId& id, const Intent& intent, IntendDone done) {
  HeldIntents::Held asked{id, intent, std::move(done)};
  if (must_hold_intents()) return held_intents_.add(std::move(asked));
  intend_now(std::move(asked));
}

void Engine::intend_now(HeldIntents::Held asked) {
  const journal::Record record = journal::intent_record(asked.id, asked.intent);
  change(record);
  keep(record, journal::Flush::now, [done = std::move(asked.done)]() mutable { done(true); });
}

void Engine::refuse(const payment::CorrelationId& id, const Refusal& refusal) {
  release_intent_of(id);
  const journal::Record record = journal::refused_record(id, refusal);
  change(record);
  if (journal_) journal_->add(record, journal::Flush::lazy);
}

void Engine::note_unknown(const payment::CorrelationId& id) {
  release_intent_of(id);
  index_.note_unknown(id);
}

void Engine::settle(const payment::CorrelationId& id, const Settlement& settlement, Done done) {
  release_intent_of(id);
  // A request that could not be sent yet has no answer (PROTOCOL 2.1).
  assert(index_.unsettled(id) != nullptr && is_durable(index_.unsettled(id)->sequence));
  const journal::Record record = journal::settled_record(id, settlement);
  change(record);
  keep(record, journal::Flush::lazy, std::move(done));
}

void Engine::park(const payment::CorrelationId& id, payment::UtcMs at, Done done) {
  release_intent_of(id);
  assert(index_.unsettled(id) != nullptr);
  assert(payment::is_legal(index_.unsettled(id)->state, payment::State::parked));
  const journal::Record record = journal::parked_record(id, at);
  change(record);
  keep(record, journal::Flush::lazy, std::move(done));
}

void Engine::keep_told(payment::UtcMs told, Done done) {
  const auto home = index_.facts().told_home();
  if (told <= facts().told) {
    if (is_durable(home)) return deferred_.add(std::move(done));
    return journal_->after(home, std::move(done));
  }
  const journal::Record record = journal::told_record(told);
  change(record);
  keep(record, journal::Flush::now, std::move(done));
}

// The index changes by the same record as it will after a restart. A caller that contradicts what
// is known has a bug.
void Engine::change(const journal::Record& record) {
  assert(journal::fault_of(record) == nullptr);
  const Applied applied = index_.apply(record, journal_ ? journal_->next_sequence() : 0);
  assert(applied.contradiction == nullptr);
  assert(applied.changed);
}

void Engine::keep(const journal::Record& record, journal::Flush flush,
                  journal::Completion completion) {
  if (journal_) {
    journal_->add(record, flush, std::move(completion));
  } else {
    deferred_.add(std::move(completion));
  }
}

// What a full disk has left is for what compaction carries forward to make room, and for what
// becomes of the attempts under way: new attempts wait until that is done.
bool Engine::must_hold_intents() const {
  return compactor_ && compactor_->needs_the_remaining_room();
}

void Engine::release_intents() {
  while (!held_intents_.empty() && !must_hold_intents()) intend_now(held_intents_.take_first());
}

// The calls for one payment keep their order.
void Engine::release_intent_of(const payment::CorrelationId& id) {
  if (auto held = held_intents_.take(id)) intend_now(*std::move(held));
}

void Engine::end(Done done) {
  held_intents_.clear();
  compactor_.reset();
  if (!journal_) return deferred_.add(std::move(done));
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
  const auto archived = archive_.find(id, archive::Wait::no);
  if (archived) return answer(*archived ? std::optional((*archived)->view()) : std::nullopt, done);
  page_reader_->ask([archived = archive_, id] { return archived.find(id, archive::Wait::yes); },
                    [this, id, done = std::move(done)](const auto& found) mutable {
                      if (found) return done(found->view());
                      // It may have been accepted while the page was read.
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
  const auto archived = add_archived(summary, archive_, window, archive::Wait::no);
  if (archived) {
    return loop_.post([summary = *archived, done = std::move(done)]() mutable { done(summary); });
  }
  // What is in memory and what is archived are of this very moment, also when the answer comes
  // later.
  page_reader_->ask(
      [summary = std::move(summary), archived = archive_, window] {
        return add_archived(summary, archived, window, archive::Wait::yes);
      },
      [done = std::move(done)](const Summary& whole) mutable { done(whole); });
}

void Engine::list(const books::Window& window, const std::string& cursor, ListDone done) {
  const auto from = parse_cursor(cursor);
  if (from && from->part == ListCursor::Part::archived && page_reader_) {
    return page_reader_->ask(
        [archived = archive_, window, from = *from] {
          return list_archived(archived, window, from, archive::Wait::yes);
        },
        [done = std::move(done)](Page& page) mutable { done(std::move(page)); });
  }
  std::optional<Page> page;
  if (from) {
    page = index_.list(window, *from);
    std::erase_if(page->payments, [this](const PaymentView& view) {
      return !is_durable(index_.known(view.id)->sequence);
    });
    if (page->next.empty() && !archive_.empty()) {
      ListCursor after_memory;
      after_memory.part = ListCursor::Part::archived;
      page->next = to_string(after_memory);
    }
  }
  loop_.post([page = std::move(page), done = std::move(done)]() mutable { done(page); });
}

}  // namespace payswitch::store::embedded
