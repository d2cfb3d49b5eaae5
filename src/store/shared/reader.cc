#include "store/shared/reader.h"

#include <algorithm>
#include <utility>

#include "store/shared/keys.h"
#include "store/shared/listing.h"
#include "store/shared/sums.h"
#include "store/shared/view.h"

namespace payswitch::store::shared {

using wire::Failure;
using wire::Reply;

void Reader::later(platform::Callback callback) {
  ++reads_;
  loop_.post([this, alive = std::weak_ptr(alive_), callback = std::move(callback)]() mutable {
    if (alive.expired()) return;
    --reads_;
    callback();
  });
}

template <typename ReadDone>
void Reader::decline(ReadDone done) {
  later([done = std::move(done)]() mutable { done(std::unexpected(Unavailable{})); });
}

void Reader::find(const payment::CorrelationId& id, Store::FindDone done) {
  if (!membership_.is_ready()) return decline(std::move(done));
  ++reads_;
  const std::string key = payment_key(id);
  const std::string_view words[] = {"HGETALL", key};
  // Before, what is not there may be what another instance has yet to write again (PROTOCOL 7.5).
  seams_.client.command(
      words, [this, id, knows_all = membership_.is_whole(), alive = std::weak_ptr(alive_),
              done = std::move(done)](const std::expected<Reply, Failure>& reply) mutable {
        if (alive.expired()) return;
        --reads_;
        if (!reply || reply->is_error()) return done(std::unexpected(Unavailable{}));
        auto view = view_of(id, *reply);
        if (!view) {
          seams_.log.error("redis: what it holds of payment {} cannot be", id.to_string());
          return done(std::unexpected(Unavailable{}));
        }
        if (!*view && !knows_all) return done(std::unexpected(Unavailable{}));
        const std::size_t needed = *view ? names_needed(**view) : 0;
        with_names(needed, [view = *std::move(view), done = std::move(done)](bool known) mutable {
          known ? done(std::move(view)) : done(std::unexpected(Unavailable{}));
        });
      });
}

// An instance that knows more processors may have joined a moment ago, and have sent payments to
// them: their names come with what is told of these.
void Reader::read_names(Named then) {
  ++reads_;
  const std::string key = meta_key("names");
  const std::string_view words[] = {"HGETALL", key};
  seams_.client.command(words, [this, alive = std::weak_ptr(alive_), then = std::move(then)](
                                   const std::expected<Reply, Failure>& reply) mutable {
    if (alive.expired()) return;
    --reads_;
    then(reply && !reply->is_error() && membership_.learn_names(*reply));
  });
}

void Reader::with_names(std::size_t needed, Named then) {
  if (needed <= membership_.names().size()) return then(true);
  read_names([this, needed, then = std::move(then)](bool are_read) mutable {
    then(are_read && needed <= membership_.names().size());
  });
}

struct Reader::Sums {
  Summary summary;
  unsigned left = shard_count;
  bool is_whole = true;
  Store::SummaryDone done;
};

void Reader::summary(const books::Window& window, Store::SummaryDone done) {
  if (!membership_.is_ready()) return decline(std::move(done));
  read_names([this, window, done = std::move(done)](bool are_read) mutable {
    are_read ? sum(window, std::move(done)) : done(std::unexpected(Unavailable{}));
  });
}

void Reader::sum(const books::Window& window, Store::SummaryDone done) {
  ++reads_;
  auto sums = std::make_shared<Sums>();
  sums->summary.by_processor.resize(membership_.names().size());
  sums->done = std::move(done);
  const auto texts = sum_arguments(window);
  const std::vector<std::string_view> arguments(texts.begin(), texts.end());
  for (unsigned shard = 0; shard < shard_count; ++shard) {
    const auto keys = sum_keys(shard, membership_.names().size());
    const std::vector<std::string_view> key_views(keys.begin(), keys.end());
    seams_.client.run(
        seams_.scripts.sum, key_views, arguments,
        [this, sums, alive = std::weak_ptr(alive_)](const std::expected<Reply, Failure>& reply) {
          if (alive.expired()) return;
          sums->is_whole = sums->is_whole && reply && !reply->is_error();
          sums->is_whole = sums->is_whole && add_to(sums->summary, *reply);
          if (--sums->left > 0) return;
          --reads_;
          // One that cannot reach every shard is none (PROTOCOL 7.2).
          if (!sums->is_whole) return sums->done(std::unexpected(Unavailable{}));
          sums->done(sums->summary);
        });
  }
}

void Reader::list(const books::Window& window, const std::string& cursor, Store::ListDone done) {
  if (!membership_.is_ready()) return decline(std::move(done));
  const auto from = parse_cursor(cursor);
  if (!from) return later([done = std::move(done)]() mutable { done(std::nullopt); });
  ++reads_;
  list_page(seams_.client, window, *from,
            [this, alive = std::weak_ptr(alive_),
             done = std::move(done)](const Store::Listed& page) mutable {
              if (alive.expired()) return;
              --reads_;
              if (!page || !*page) return done(page);
              std::size_t needed = 0;
              for (const auto& view : (*page)->payments)
                needed = std::max(needed, names_needed(view));
              with_names(needed, [page, done = std::move(done)](bool are_known) mutable {
                are_known ? done(page) : done(std::unexpected(Unavailable{}));
              });
            });
}

}  // namespace payswitch::store::shared
