#include <rocksdb/cache.h>
#include <rocksdb/db.h>
#include <rocksdb/filter_policy.h>
#include <rocksdb/table.h>
#include <rocksdb/write_batch.h>

#include <algorithm>
#include <array>
#include <chrono>
#include <thread>

#include "bench/candidate.h"
#include "books/books.h"
#include "payment/state.h"

namespace payswitch::bench {

namespace {

// What is kept of a payment under its id: what our index keeps of a settled one, and no more.
struct Row {
  std::int64_t cents;
  std::int64_t accepted_at;
  std::int64_t requested_at;
  std::int64_t settled_at;
  std::uint32_t attempt;
  payment::ProcessorNumber processor;
  payment::State state;
  std::array<std::uint8_t, 2> unused;
};
static_assert(sizeof(Row) == 40);

Row row_of(const Payment& payment, payment::State state) {
  return {.cents = payment.amount.cents(),
          .accepted_at = payment.accepted_at.value,
          .requested_at = payment.requested_at.value,
          .settled_at = state == payment::State::settled ? payment.settled_at.value : 0,
          .attempt = 1,
          .processor = processor,
          .state = state,
          .unused = {}};
}

rocksdb::Slice key_of(const payment::CorrelationId& id) {
  return {reinterpret_cast<const char*>(id.bytes().data()), id.bytes().size()};
}

rocksdb::Slice value_of(const Row& row) {
  return {reinterpret_cast<const char*>(&row), sizeof row};
}

void must(const rocksdb::Status& status) {
  if (!status.ok()) give_up("rocksdb: " + status.ToString());
}

// Its defaults, with what our keys ask for: whole-key filters, so that an id that was never seen
// costs no read, also while it is in memory; a cache for what is read; and no compression, since
// ids do not compress.
rocksdb::Options make_options() {
  rocksdb::BlockBasedTableOptions table;
  table.filter_policy.reset(rocksdb::NewBloomFilterPolicy(10));
  table.block_cache = rocksdb::NewLRUCache(512ull << 20);
  rocksdb::Options options;
  options.create_if_missing = true;
  options.table_factory.reset(rocksdb::NewBlockBasedTableFactory(table));
  options.memtable_whole_key_filtering = true;
  options.memtable_prefix_bloom_size_ratio = 0.1;
  options.compression = rocksdb::kNoCompression;
  return options;
}

// Called from one thread, without a loop: the batch is written where it is made.
class RocksDb final : public Candidate {
 public:
  explicit RocksDb(const Setup& setup) : turn_(setup.turn) {
    rocksdb::DB* db = nullptr;
    must(rocksdb::DB::Open(make_options(), setup.directory, &db));
    db_.reset(db);
    write_.sync = setup.durability == platform::Durability::fsync;
  }

  void pay(std::uint64_t end) override {
    while (settled_ < end) take_turn(end);
    await_rest();
  }

  void check(std::uint64_t end) override {
    constexpr std::uint64_t every = 997;
    for (std::uint64_t number = 0; number < end; number += every) {
      const Payment payment = payment_number(number);
      const Row row = row_of(payment, payment::State::settled);
      rocksdb::PinnableSlice found;
      must(get(payment, found));
      if (found != value_of(row)) give_up("rocksdb: a payment is not settled");
    }
  }

 private:
  rocksdb::Status get(const Payment& payment, rocksdb::PinnableSlice& found) {
    return db_->Get(read_, db_->DefaultColumnFamily(), key_of(payment.id), &found);
  }

  void take_turn(std::uint64_t end) {
    for (; settled_ < accepted_; ++settled_) settle(payment_number(settled_));
    const auto last = std::min(accepted_ + turn_, end);
    for (; accepted_ < last; ++accepted_) accept(payment_number(accepted_));
    must(db_->Write(write_, &batch_));
    batch_.Clear();
  }

  void accept(const Payment& payment) {
    rocksdb::PinnableSlice found;
    if (!get(payment, found).IsNotFound()) give_up("rocksdb: a payment was not accepted");
    const Row row = row_of(payment, payment::State::attempting);
    must(batch_.Put(key_of(payment.id), value_of(row)));
  }

  void settle(const Payment& payment) {
    const Row row = row_of(payment, payment::State::settled);
    must(batch_.Put(key_of(payment.id), value_of(row)));
    books_.add(processor, payment.requested_at, payment.amount);
  }

  // Until it has merged what it wants to merge by itself.
  void await_rest() {
    while (is_busy()) std::this_thread::sleep_for(std::chrono::milliseconds(10));
  }

  bool is_busy() {
    return std::ranges::any_of(
        std::array{"rocksdb.mem-table-flush-pending", "rocksdb.num-running-flushes",
                   "rocksdb.compaction-pending", "rocksdb.num-running-compactions"},
        [&](const char* property) {
          std::uint64_t value = 0;
          return db_->GetIntProperty(property, &value) && value != 0;
        });
  }

  std::unique_ptr<rocksdb::DB> db_;
  rocksdb::ReadOptions read_;
  rocksdb::WriteOptions write_;
  rocksdb::WriteBatch batch_;
  books::Books books_;
  const std::uint64_t turn_;
  std::uint64_t accepted_ = 0;
  std::uint64_t settled_ = 0;
};

}  // namespace

std::unique_ptr<Candidate> open_rocksdb(const Setup& setup) {
  return std::make_unique<RocksDb>(setup);
}

}  // namespace payswitch::bench
